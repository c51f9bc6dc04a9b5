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


def test_an_entity_of_which_nothing_is_gone_stays_whatever_is_switched_off() -> None:
    paused = {**CONTACTS, "fields": [{**CONTACTS["fields"][0], "enabled": False}]}
    paused = {**paused, "composite_lookups": []}
    found, entities = cleaned(gone(0, "fields", 2, "external"), entities=(ACCOUNTS, paused))
    assert entities[1] == paused
    assert [effect.removed for effect in found.effects] == ["fax → fax"]
    assert not found.remaining


def test_lines_that_are_switched_off_keep_their_entity() -> None:
    (name, fax, _) = ACCOUNTS["fields"]
    paused = {**ORDERS, "fields": [name, {**fax, "enabled": False}]}
    found, entities = cleaned(gone(1, "fields", 0, "external"), entities=(ACCOUNTS, paused))
    assert entities[1]["fields"] == [{**fax, "enabled": False}]
    assert found.remaining == (
        "Orders: only lines with enabled: false are left, so that nothing of it is synced. "
        "Remove the entity, or map another field.",
    )


def test_nothing_but_lines_that_are_switched_off_is_nothing() -> None:
    (number, name, _) = ACCOUNTS["fields"]
    paused = {**ACCOUNTS, "fields": [number, {**name, "enabled": False}]}
    with pytest.raises(ConfigurationError, match="leave nothing"):
        cleaned(gone(0, "fields", 0, "external"), entities=(paused,))


def test_composite_lookups_that_share_a_name_are_told_apart_by_their_local_field() -> None:
    lines = [
        {
            "external": f"{local}{field}",
            "local": local,
            "lookup": {"entity": "Orders", "field": field, "composite": "order"},
        }
        for local in ("order_id", "earlier_id")
        for field in ("No", "Type")
    ]
    contacts = {**CONTACTS, "composite_lookups": ["order"], "fields": lines}
    _, entities = cleaned(gone(1, "fields", 0, "external"), entities=(ORDERS, contacts))
    assert entities[1]["fields"] == lines[2:]
    assert entities[1]["composite_lookups"] == ["order"]
    fields = [CONTACTS["fields"][0], *lines]
    _, entities = cleaned(
        gone(1, "fields", 1, "external"),
        gone(1, "fields", 4, "external"),
        entities=(ORDERS, {**contacts, "fields": fields}),
    )
    assert "composite_lookups" not in entities[1]


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
    _, entities = cleaned(gone(0, "fields", 2, "external"), entities=(accounts,))
    assert entities[0]["download_filter"] == condition


def test_a_primary_key_is_never_chosen() -> None:
    _, entities = cleaned(gone(0, "fields", 0, "external"))
    assert entities[0]["primary_key"] == ["number"]


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


def _with_some_off(entity: dict[str, Any], off: set[int]) -> dict[str, Any]:
    lines = enumerate(entity["fields"])
    return {**entity, "fields": [{**x, "enabled": False} if n in off else x for n, x in lines]}


@given(st.lists(st.sets(st.integers(0, 3)), min_size=3, max_size=3))
def test_without_problems_there_is_nothing_to_do_whatever_is_switched_off(
    off: list[set[int]],
) -> None:
    before = tuple(map(_with_some_off, (ACCOUNTS, ORDERS, CONTACTS), off))
    found, entities = cleaned(entities=before)
    assert found == CleanUp((), (), ())
    assert entities == [*before]


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
