"""A filter on a field of a lookup's target lets through what belongs to such targets."""

import copy
from typing import Any

import pytest
from tests.sync.conftest import ACCOUNT_MAPPING, CONTACT_MAPPING

from tandem.model.schema import Entity, Field, Kind, LookupTarget

WANTED = {"field": "account_ID.status", "operator": "eq", "value": "active"}


@pytest.fixture
def town(world):
    """Accounts and contacts, of which those of active accounts travel."""
    world.mappings = [ACCOUNT_MAPPING, filtered(WANTED)]
    world.put_account("1", name="Ada", status="active")
    world.put_account("2", name="Bob", status="closed")
    world.put_contact("a", name="of Ada", account_ID="1")
    world.put_contact("b", name="of Bob", account_ID="2")
    world.put_contact("c", name="of nobody")
    world.put_contact("d", name="of who is gone", account_ID="9")
    return world


def filtered(condition: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(CONTACT_MAPPING), "download_filter": condition, **more}


def names(world) -> set[str]:
    return {row["fullname"] for row in world.rows("contact")}


@pytest.mark.parametrize(
    ("operator", "value", "wanted"),
    [
        ("eq", "active", {"of Ada"}),
        ("ne", "active", {"of Bob", "of nobody", "of who is gone"}),
        ("null", None, {"of nobody", "of who is gone"}),
        ("not_null", None, {"of Ada", "of Bob"}),
    ],
)
@pytest.mark.parametrize("delta", [False, True])
def test_records_are_chosen_by_their_target(town, delta, operator, value, wanted):
    condition = {"field": "account_ID.status", "operator": operator, "value": value}
    without_lookup = filtered(condition, fields=[{"external": "name", "local": "fullname"}])
    town.mappings[1] = without_lookup
    if delta:
        by_delta(town)
    town.sync()
    assert names(town) == wanted


@pytest.mark.parametrize("delta", [False, True])
def test_a_record_enters_when_its_target_changes(town, delta):
    if delta:
        by_delta(town)
    town.sync()
    assert names(town) == {"of Ada"}
    town.put_account("2", status="active")
    town.sync()
    assert names(town) == {"of Ada", "of Bob"}


@pytest.mark.parametrize("delta", [False, True])
def test_a_record_leaves_when_its_target_does(town, delta):
    town.mappings[1] = filtered(WANTED, filter_exit="delete")
    if delta:
        by_delta(town)
    town.put_contact("e", name="also of Ada", account_ID="1")
    town.put_account("3", name="Cy", status="active")
    for n in range(4):
        town.put_contact(f"stays-{n}", name=f"of Cy {n}", account_ID="3")
    town.sync()
    town.put_account("1", status="closed")
    town.sync(approved=True)
    assert names(town) == {f"of Cy {n}" for n in range(4)}


def test_a_filter_may_look_at_an_entity_that_is_not_mapped(town):
    users = Entity(
        name="Users",
        key=("ID",),
        fields=(Field(name="ID", kind=Kind.STRING), Field(name="mail", kind=Kind.STRING)),
    )
    town.external.define(users)
    town.external.put("Users", [{"ID": "u", "mail": "ada@example.com"}])
    contacts = town.external.entities["Contacts"]
    owner = Field(name="owner", kind=Kind.STRING, lookup=(LookupTarget(entity="Users"),))
    town.external.define(contacts.model_copy(update={"fields": (*contacts.fields, owner)}))
    town.put_contact("b", owner="u")
    town.put_contact("a", owner=None)
    for key in ("c", "d"):
        town.put_contact(key, owner=None)
    town.mappings[1] = filtered({"field": "owner.mail", "operator": "contains", "value": "@"})
    town.sync()
    assert names(town) == {"of Bob"}


def by_delta(world) -> None:
    known = world.external.entities["Contacts"]
    able = known.capabilities.model_copy(update={"delta": True})
    world.external.define(known.model_copy(update={"capabilities": able}))
    world.mappings[1] = {**world.mappings[1], "version_number": None}
