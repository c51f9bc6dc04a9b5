"""What cleaning up removes, what it leaves, and what it says about it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.clean_up.plan import CleanUp, clean_up
from tandem.errors import ConfigurationError
from tandem.model.edits import edited_value
from tandem.model.integration import Integration
from tandem.model.problems import Place, Problem, Remedy, Severity

ACCOUNTS: dict[str, Any] = {
    "external": "Accounts",
    "local": "account",
    "primary_key": ["number"],
    "version_number": "changedAt",
    "fields": [
        {"external": "number", "local": "number"},
        {"external": "name", "local": "name"},
        {"external": "fax", "local": "fax"},
    ],
}
ORDERS: dict[str, Any] = {
    "external": "Orders",
    "local": "order",
    "fields": [{"external": "No", "local": "no"}, {"external": "Type", "local": "type"}],
}
CONTACTS: dict[str, Any] = {
    "external": "Contacts",
    "local": "contact",
    "composite_lookups": ["order", "other"],
    "fields": [
        {"external": "name", "local": "name"},
        {
            "external": "account_ID",
            "local": "account_id",
            "lookup": {"entity": "Accounts", "field": "number"},
        },
        *(
            {
                "external": f"order{field}",
                "local": "order_id",
                "lookup": {"entity": "Orders", "field": field, "composite": "order"},
            }
            for field in ("No", "Type")
        ),
    ],
}


def value(*entities: dict[str, Any]) -> dict[str, Any]:
    side = {"connector": "memory", "connection": "c"}
    return {"name": "crm", "external": side, "local": side, "entities": list(entities)}


def gone(*place: str | int) -> Problem:
    """A problem at that place below `entities` that cleaning up mends."""
    where: Place = ("entities", *place)
    return Problem(Severity.ERROR, "E", where, "missing", "It is gone.", Remedy.CLEAN_UP)


def cleaned(
    *problems: Problem,
    entities: tuple[dict[str, Any], ...] = (ACCOUNTS, ORDERS, CONTACTS),
    links: int = 0,
) -> tuple[CleanUp, list[dict[str, Any]]]:
    """What it says, and the entities that it leaves."""
    before = value(*entities)
    names = {entity["external"]: links for entity in entities}
    found = clean_up(Integration.model_validate(before), problems, names)
    after = edited_value(before, found.edits)
    Integration.model_validate(after)
    return found, after["entities"]


def test_nothing_to_clean_up_is_nothing_to_edit() -> None:
    found, entities = cleaned()
    assert found == CleanUp((), (), ())
    assert entities == [ACCOUNTS, ORDERS, CONTACTS]


def test_a_missing_field_goes_with_its_line() -> None:
    found, entities = cleaned(gone(0, "fields", 2, "external"), links=1200)
    assert [line["external"] for line in entities[0]["fields"]] == ["number", "name"]
    (effect,) = found.effects
    assert (effect.entity, effect.removed, effect.reason) == (
        "Accounts",
        "fax → fax",
        "It is gone.",
    )
    assert effect.consequence == (
        "The local field fax is not synced any more, and keeps its values. "
        "1,200 links stay, and serve again if the field comes back."
    )
    assert not found.remaining


def test_a_missing_version_number_goes() -> None:
    found, entities = cleaned(gone(0, "version_number"))
    assert "version_number" not in entities[0]
    assert found.effects[0].removed == "version_number: changedAt"
    assert "by the best that the external system offers" in found.effects[0].consequence


def test_a_missing_local_version_number_goes_too() -> None:
    accounts = {**ACCOUNTS, "local_version_number": "stamp"}
    found, entities = cleaned(gone(0, "local_version_number"), entities=(accounts,))
    assert entities == [ACCOUNTS]
    assert "comparing all records" in found.effects[0].consequence


def test_what_it_may_be_called_now_is_said() -> None:
    problem = replace(gone(0, "fields", 2, "external"), choices=("faxNumber",))
    found, _ = cleaned(problem)
    assert found.effects[0].instead == ("faxNumber",)


def test_a_missing_entity_goes_with_the_lookups_of_others() -> None:
    found, entities = cleaned(gone(0, "external"), gone(0, "fields", 1, "external"), links=1)
    assert [entity["external"] for entity in entities] == ["Orders", "Contacts"]
    assert [line["external"] for line in entities[1]["fields"]] == ["name", "orderNo", "orderType"]
    entity, lookup = found.effects
    assert entity.removed == "Accounts → account"
    assert "no deletion is passed on. 1 link stays, and serves again" in entity.consequence
    assert lookup.removed == "account_ID → account_id"
    assert lookup.reason == "It looks up Accounts, which is removed."


def test_the_name_of_a_composite_lookup_goes_with_its_lines() -> None:
    found, entities = cleaned(gone(1, "external"))
    assert entities[1]["composite_lookups"] == ["other"]
    assert [effect.removed for effect in found.effects] == [
        "Orders → order",
        "composite lookup order",
        "orderNo → order_id",
        "orderType → order_id",
    ]


def test_a_composite_lookup_without_one_of_its_fields_could_find_the_wrong_record() -> None:
    contacts = {**CONTACTS, "composite_lookups": ["order"]}
    found, entities = cleaned(
        gone(2, "fields", 3, "external"), entities=(ACCOUNTS, ORDERS, contacts)
    )
    assert "composite_lookups" not in entities[2]
    assert [line["external"] for line in entities[2]["fields"]] == ["name", "account_ID"]
    assert "Its composite lookup order has lost a field." in [e.reason for e in found.effects]


def test_an_entity_without_fields_goes_and_takes_lookups_along() -> None:
    only_lookup = {**CONTACTS, "composite_lookups": [], "fields": CONTACTS["fields"][1:2]}
    lines = [gone(0, "fields", n, "external") for n in range(3)]
    found, entities = cleaned(*lines, entities=(ACCOUNTS, ORDERS, only_lookup))
    assert [entity["external"] for entity in entities] == ["Orders"]
    assert [(e.removed, e.reason) for e in found.effects] == [
        ("Accounts → account", "No field of it is left."),
        ("Contacts → contact", "No field of it is left."),
    ]


def test_an_integration_without_entities_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="leave nothing of integration 'crm'") as caught:
        cleaned(*(gone(n, "external") for n in range(3)))
    assert "permissions" in caught.value.remedy


def test_a_disabled_entity_is_left_alone_and_is_no_entity_to_live_on() -> None:
    disabled = {**ORDERS, "enabled": False}
    with pytest.raises(ConfigurationError, match="leave nothing"):
        cleaned(gone(0, "external"), entities=(ACCOUNTS, disabled))


def test_a_filter_is_never_widened() -> None:
    condition = {"field": "fax", "operator": "not_null"}
    accounts = {**ACCOUNTS, "download_filter": condition}
    found, entities = cleaned(gone(0, "fields", 2, "external"), entities=(accounts,))
    assert entities[0]["download_filter"] == condition
    (sentence,) = found.remaining
    assert sentence.startswith("Accounts: the download_filter still looks at fax.")


def test_filters_on_fields_of_a_lookup_that_goes_are_told() -> None:
    condition = {"field": "account_id.city", "operator": "eq", "value": "Brno"}
    contacts = {**CONTACTS, "direction": "bidirectional", "upload_filter": condition}
    found, _ = cleaned(gone(0, "external"), entities=(ACCOUNTS, ORDERS, contacts))
    assert found.remaining[0].startswith(
        "Contacts: the upload_filter still looks at account_id.city."
    )


def test_a_primary_key_is_never_chosen() -> None:
    found, entities = cleaned(gone(0, "fields", 0, "external"))
    assert entities[0]["primary_key"] == ["number"]
    assert found.remaining == (
        "Accounts: the primary key names number, which is not mapped any more; choose another.",
    )


def test_other_remedies_are_left_to_people() -> None:
    place: Place = ("entities", 0, "fields", 0, "local")
    problem = Problem(Severity.ERROR, "Accounts", place, "x", "x", Remedy.CHOOSE_ANOTHER)
    found, _ = cleaned(problem)
    assert not found.edits


PLACES = st.one_of(
    st.tuples(st.integers(0, 2), st.just("external")),
    st.tuples(st.integers(0, 2), st.just("fields"), st.integers(0, 1), st.just("external")),
    st.just((2, "fields", 3, "external")),
    st.just((0, "version_number")),
)


@given(st.lists(PLACES, max_size=6))
def test_what_is_left_is_a_valid_integration_without_any_of_it(places: list[Place]) -> None:
    problems = [gone(*place) for place in places]
    try:
        found, entities = cleaned(*problems)
    except ConfigurationError:
        return
    names = {entity["external"] for entity in entities}
    assert all(
        line["lookup"]["entity"] in names
        for entity in entities
        for line in entity["fields"]
        if "lookup" in line
    )
    removed = {effect.place for effect in found.effects}
    for index, *rest in places:
        assert {("entities", index), ("entities", index, *rest[:2])} & removed
