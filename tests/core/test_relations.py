"""Where lookups lead, and what a filter may say about it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tandem.core.filters.conditions import check_condition, satisfies
from tandem.core.filters.relations import Relation, reached, relations
from tandem.errors import ConfigurationError
from tandem.model.filters import Comparison
from tandem.model.integration import Integration
from tandem.model.schema import Entity, Field, Kind, LookupTarget, Schema

NOW = datetime(2026, 3, 18, tzinfo=UTC)


def field(name: str, kind: Kind = Kind.GUID, *targets: LookupTarget) -> Field:
    return Field(name=name, kind=kind, lookup=targets)


ACCOUNTS = Entity(name="Accounts", key=("ID",), fields=(field("ID"), field("number", Kind.STRING)))
CONTACTS = Entity(name="Contacts", key=("ID",), fields=(field("ID"), field("name", Kind.STRING)))
ORDERS = Entity(
    name="Orders",
    key=("ID",),
    fields=(
        field("ID"),
        field("account_ID", Kind.GUID, LookupTarget(entity="Accounts", navigation="account")),
        field("account_no", Kind.STRING),
        field(
            "customer", Kind.GUID, LookupTarget(entity="Accounts"), LookupTarget(entity="Contacts")
        ),
        field("owner", Kind.GUID, LookupTarget(entity="Users")),
        field("account.no", Kind.STRING),
        field("note", Kind.STRING),
    ),
)
EXTERNAL = Schema(entities=(ACCOUNTS, CONTACTS, ORDERS))
LOCAL = Schema(
    entities=(
        Entity(name="account", key=("id",), fields=(field("id"), field("no", Kind.STRING))),
        Entity(name="order", key=("id",), fields=(field("id"), field("account_id"))),
    )
)


def integration(*lines: dict[str, Any], **order: Any) -> Integration:
    own = {"external": "ID", "local": "id"}
    return Integration.model_validate(
        {
            "name": "crm",
            "external": {"connector": "odata", "connection": "e"},
            "local": {"connector": "sql", "connection": "l"},
            "entities": [
                {"external": "Accounts", "local": "account", "fields": [own]},
                {"external": "Orders", "local": "order", "fields": [own, *lines], **order},
            ],
        }
    )


def leads(*lines: dict[str, Any], side: Any = "external") -> dict[str, Relation]:
    made = integration(*lines)
    schema = EXTERNAL if side == "external" else LOCAL
    return dict(relations(made, made.entities[1], schema, side))


def looked_up(external: str, by: str, **lookup: Any) -> dict[str, Any]:
    return {
        "external": external,
        "local": "account_id",
        "lookup": {"entity": "Accounts", "field": by, **lookup},
    }


def test_a_lookup_leads_where_the_mapping_says() -> None:
    found = leads(looked_up("account_no", "number"))
    assert found["account_no"] == Relation(ACCOUNTS, "number")
    assert found["account_ID"] == Relation(ACCOUNTS, "ID", "account")


def test_a_lookup_leads_where_the_metadata_says_if_that_is_one_place() -> None:
    assert leads().keys() == {"account_ID"}


def test_a_mapped_lookup_by_the_key_is_followed_by_navigation() -> None:
    assert leads(looked_up("account_ID", "ID"))["account_ID"].navigation == "account"
    assert leads(looked_up("account_ID", "number"))["account_ID"].navigation == ""


def test_a_mapped_lookup_says_which_of_several_targets_is_meant() -> None:
    assert leads(looked_up("customer", "ID"))["customer"] == Relation(ACCOUNTS, "ID")


def test_a_local_lookup_leads_to_the_key_of_the_mapped_entity() -> None:
    found = leads(looked_up("account_no", "number"), side="local")
    assert found == {"account_id": Relation(LOCAL.entity("account"), "id")}


def test_a_part_of_a_composite_lookup_leads_nowhere_by_itself() -> None:
    lines = [looked_up(name, "number", composite="both") for name in ("account_no", "note")]
    made = integration(*lines, composite_lookups=["both"])
    assert relations(made, made.entities[1], EXTERNAL, "external").keys() == {"account_ID"}


def test_entities_that_filters_reach_are_known_though_they_are_not_mapped() -> None:
    users = Entity(name="Users", key=("ID",), fields=(field("ID"), field("mail", Kind.STRING)))
    schema = Schema(entities=(*EXTERNAL.entities, users))
    condition = {"field": "owner.mail", "operator": "not_null"}
    assert reached(integration(download_filter=condition), schema, "external") == {"Users"}
    assert not reached(integration(), schema, "external")


def compare(name: str, operator: str, value: Any = None) -> Comparison:
    return Comparison(field=name, operator=operator, value=value)


@pytest.mark.parametrize(
    ("name", "operator", "value", "message"),
    [
        ("account_ID.number", "eq", "x", ""),
        ("account.no", "eq", "x", ""),
        ("acount_ID.number", "eq", "x", r"no field 'acount_ID'.*Did you mean .*account_ID"),
        ("account_ID.numbr", "eq", "x", r"'Accounts' has no field 'numbr'.*Did you mean number"),
        ("account_ID.number", "today", None, "cannot be used with field 'number'"),
        ("account_ID.ID", "eq", "no guid", "is no value of field 'ID'"),
        ("customer.number", "eq", "x", r"'customer' of 'Orders'.* Accounts or Contacts"),
        ("owner.mail", "eq", "x", "refers to 'Users'"),
        ("note.text", "eq", "x", "refers to no other record"),
        ("account_ID.owner.name", "eq", "x", "no field 'owner.name'"),
    ],
)
def test_a_filter_on_a_target_is_checked(
    name: str, operator: str, value: Any, message: str
) -> None:
    found = leads()
    if not message:
        check_condition(compare(name, operator, value), ORDERS, NOW, found)
        return
    with pytest.raises(ConfigurationError, match=message) as raised:
        check_condition(compare(name, operator, value), ORDERS, NOW, found)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [("null", None, True), ("ne", "x", True), ("not_contains", "x", True), ("eq", "x", False)],
)
def test_a_field_of_a_missing_target_is_null(operator: str, value: Any, holds: bool) -> None:
    record = {"account_ID.number": None}
    condition = compare("account_ID.number", operator, value)
    assert satisfies(condition, record, ORDERS, NOW, leads()) is holds
