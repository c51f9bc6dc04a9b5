"""Which mappings a change of a schema is about."""

import pytest

from tandem.core.drift.diff import Change, ChangeKind, diff
from tandem.model.integration import EntityMapping, FieldMapping, Integration, Lookup, System
from tandem.model.schema import Entity, Field, Kind, Schema
from tandem.sync.people.touched import touched


def entity(name: str, *fields: str, required: str = "") -> Entity:
    known = tuple(Field(name=f, kind=Kind.STRING, nullable=f != required) for f in fields)
    return Entity(name=name, key=fields[:1], fields=known)


ACCOUNTS = entity("Accounts", "ID", "name", "phone")
ORDERS = entity("Orders", "No", "account_ID", "text")
BEFORE = Schema(entities=(ACCOUNTS, ORDERS))
SIDE = System(connector="memory", connection="any")
INTEGRATION = Integration(
    name="shop",
    external=SIDE,
    local=SIDE,
    entities=(
        EntityMapping(
            external="Accounts",
            local="account",
            primary_key=("ID",),
            fields=(FieldMapping(external="name", local="name"),),
        ),
        EntityMapping(
            external="Orders",
            local="order",
            fields=(
                FieldMapping(
                    external="account_ID",
                    local="account_id",
                    lookup=Lookup(entity="Accounts", field="ID"),
                ),
            ),
        ),
    ),
)


def told(*after: Entity, side: str = "external", before: Schema = BEFORE) -> dict[str, object]:
    now = Schema(entities=after)
    found = touched(INTEGRATION, side, now, diff(before, now))
    return {one.change.name: one.mappings for one in found}


def test_a_field_that_is_used_is_about_its_mapping() -> None:
    assert told(entity("Accounts", "ID", "phone"), ORDERS) == {"Accounts.name": ("Accounts",)}


def test_a_field_that_nobody_uses_is_about_none() -> None:
    assert told(entity("Accounts", "ID", "name"), ORDERS) == {"Accounts.phone": ()}


def test_what_is_looked_up_is_about_whoever_looks_it_up_too() -> None:
    changed = entity("Accounts", "name", "phone")
    assert told(changed, ORDERS)["Accounts.ID"] == ("Accounts", "Orders")
    assert told(ORDERS) == {"Accounts": ("Accounts", "Orders")}


def test_a_new_field_that_has_to_be_filled_is_about_the_mappings_of_its_entity() -> None:
    new = entity("Accounts", "ID", "name", "phone", "taxId", required="taxId")
    assert told(new, ORDERS) == {"Accounts.taxId": ("Accounts",)}
    assert told(entity("Accounts", "ID", "name", "phone", "taxId"), ORDERS) == {
        "Accounts.taxId": ()
    }


def test_local_changes_are_seen_by_local_names() -> None:
    before = Schema(entities=(entity("account", "id", "name"),))
    assert told(entity("account", "id"), side="local", before=before) == {
        "account.name": ("Accounts",)
    }


@pytest.mark.parametrize("field", ["name", "phone"])
def test_fields_of_a_renamed_entity_are_known_by_its_old_name(field: str) -> None:
    changes = (
        Change(ChangeKind.REMOVED, "Customers", field, "string", "", is_harmless=False),
        Change(ChangeKind.RENAMED, "Accounts", None, "Accounts", "Customers", is_harmless=False),
    )
    gone, renamed = touched(INTEGRATION, "external", BEFORE, changes)
    assert gone.mappings == (("Accounts",) if field == "name" else ())
    assert renamed.mappings == ("Accounts", "Orders")
