"""Lookups, option values, constants and shared local entities, in both directions."""

import copy

import pytest

from tandem.model.schema import Capabilities, Entity, Field, Kind


def rejected(both, entity=None):
    return {r.record_id: r.error for r in both.state(lambda state: state.rejected_records(entity))}


def by(records, field):
    return {record[field]: record for record in records.values()}


def here(both, entity="account", field="name"):
    return by(both.local.records[entity], field)


def there(both, entity="Accounts", field="name"):
    return by(both.external.records[entity], field)


def test_references_travel_both_ways_and_to_the_record_itself(both):
    both.with_contacts()
    parent = both.there("Parent", number="1")
    both.external.edit("Accounts", parent, parent_ID=parent)
    both.there("Grace", "Contacts", account_ID=parent)
    child = both.here("Child", accountnumber="2")
    both.local.edit("account", child, parentid=child)
    both.here("Edsger", "contact", accountid=child)
    both.sync()
    assert here(both)["Parent"]["parentid"] == here(both)["Parent"]["id"]
    assert there(both)["Child"]["parent_ID"] == there(both)["Child"]["ID"]
    contact = here(both, "contact", "fullname")["Grace"]
    assert contact["accountid"] == here(both)["Parent"]["id"]
    assert there(both, "Contacts")["Edsger"]["account_ID"] == there(both)["Child"]["ID"]
    both.assert_quiet()


def test_a_cycle_of_new_records_is_completed_in_the_same_run(make_both, standard):
    account, contact, back = (copy.deepcopy(part) for part in standard)
    account["fields"].append(back)
    both = make_both(mappings=[account, contact])
    one = both.here("Ada Ltd", accountnumber="1")
    two = both.here("Ada", "contact", accountid=one)
    both.local.edit("account", one, contactid=two)
    three = both.there("Bob Ltd", number="2")
    four = both.there("Bob", "Contacts", account_ID=three)
    both.external.edit("Accounts", three, contact_ID=four)
    both.sync()
    assert there(both)["Ada Ltd"]["contact_ID"] == there(both, "Contacts")["Ada"]["ID"]
    assert there(both, "Contacts")["Ada"]["account_ID"] == there(both)["Ada Ltd"]["ID"]
    assert here(both)["Bob Ltd"]["contactid"] == here(both, "contact", "fullname")["Bob"]["id"]
    both.assert_quiet()


@pytest.mark.parametrize("side", ["external", "local"])
def test_a_reference_to_a_record_that_comes_later_is_deferred_never_nulled(both, side):
    both.mapping["download_filter"] = {"field": "number", "operator": "ne", "value": "hidden"}
    both.mapping["upload_filter"] = {"field": "accountnumber", "operator": "ne", "value": "hidden"}
    if side == "external":
        target = both.there("Target", number="hidden")
        both.there("Child", number="1", parent_ID=target)
        both.sync()
        assert here(both)["Child"]["parentid"] is None
        assert there(both)["Child"]["parent_ID"] == target
        both.external.edit("Accounts", target, number="2")
    else:
        target = both.here("Target", accountnumber="hidden")
        both.here("Child", accountnumber="1", parentid=target)
        both.sync()
        assert there(both)["Child"]["parent_ID"] is None
        assert here(both)["Child"]["parentid"] == target
        both.local.edit("account", target, accountnumber="2")
    both.sync()
    assert here(both)["Child"]["parentid"] == here(both)["Target"]["id"]
    assert there(both)["Child"]["parent_ID"] == there(both)["Target"]["ID"]
    both.assert_quiet()


def test_a_reference_is_changed_and_removed_in_both_directions(both):
    first = both.there("First", number="1")
    both.there("Second", number="2")
    both.there("Child", number="3", parent_ID=first)
    both.sync()
    mine = here(both)
    both.local.edit("account", mine["Child"]["id"], parentid=mine["Second"]["id"])
    both.sync()
    assert there(both)["Child"]["parent_ID"] == there(both)["Second"]["ID"]
    both.external.edit("Accounts", there(both)["Child"]["ID"], parent_ID=None)
    both.sync()
    assert here(both)["Child"]["parentid"] is None
    both.assert_quiet()


def test_a_required_reference_makes_the_record_wait(both):
    accounts = both.external.entities["Accounts"]
    required = [
        field.model_copy(update={"nullable": False}) if field.name == "parent_ID" else field
        for field in accounts.fields
    ]
    both.external.define(accounts.model_copy(update={"fields": tuple(required)}))
    both.mapping["upload_filter"] = {"field": "accountnumber", "operator": "ne", "value": "hidden"}
    root = both.there("Root", number="0")
    both.external.edit("Accounts", root, parent_ID=root)
    target = both.here("Target", accountnumber="hidden")
    child = both.here("Child", accountnumber="1", parentid=target)
    both.sync()
    assert "waits for Accounts" in rejected(both)[child]
    both.local.edit("account", target, accountnumber="2", parentid=here(both)["Root"]["id"])
    both.sync()
    assert there(both)["Child"]["parent_ID"] == there(both)["Target"]["ID"]
    assert rejected(both) == {}


OPTIONS = {"external": "status", "local": "statuscode", "values": {"active": 0, "gone": 1}}


def test_option_values_travel_both_ways_and_unknown_ones_are_rejected(both):
    both.mapping["fields"].append(OPTIONS)
    both.there("There", number="1", status="gone")
    here_ = both.here("Here", accountnumber="2", statuscode=0)
    odd = both.here("Odd", accountnumber="3", statuscode=7)
    both.sync()
    assert here(both)["There"]["statuscode"] == 1
    assert there(both)["Here"]["status"] == "active"
    assert "statuscode" in rejected(both)[odd]
    both.local.edit("account", here_, statuscode=1)
    both.sync()
    assert there(both)["Here"]["status"] == "gone"
    both.assert_quiet()


def test_constants_are_written_on_their_side(both):
    both.mapping["fields"] += [
        {"local": "kind", "constant": "customer"},
        {"external": "source", "constant": "tandem"},
    ]
    both.there("There", number="1")
    both.here("Here", accountnumber="2")
    both.sync()
    assert here(both)["There"]["kind"] == "customer"
    assert there(both)["Here"]["source"] == "tandem"
    both.assert_quiet()


def test_mappings_of_one_local_entity_are_told_apart_by_constants(make_both, standard):
    account, contact, _ = (copy.deepcopy(part) for part in standard)
    account["fields"].append({"local": "kind", "constant": "company"})
    people = {
        **contact,
        "local": "account",
        "primary_key": ["code"],
        "fields": [
            {"external": "code", "local": "accountnumber"},
            {"external": "name", "local": "name"},
            {"local": "kind", "constant": "person"},
        ],
    }
    both = make_both(mappings=[account, people])
    both.there("Ltd", number="1")
    both.there("Ada", "Contacts", code="1")
    both.here("New Ltd", accountnumber="2", kind="company")
    both.here("Grace", accountnumber="2", kind="person")
    both.here("Nobody's", accountnumber="3")
    both.sync()
    assert rejected(both) == {}
    assert set(there(both)) == {"Ltd", "New Ltd"}
    assert set(there(both, "Contacts")) == {"Ada", "Grace"}
    assert len(here(both)) == 5
    both.assert_quiet()
    both.local.remove("account", here(both)["Grace"]["id"])
    both.sync()
    assert (set(there(both)), set(there(both, "Contacts"))) == ({"Ltd", "New Ltd"}, {"Ada"})


ABLE = Capabilities(
    creates=True,
    updates=True,
    removes=True,
    client_keys=True,
    optimistic_concurrency=True,
    batch_size=3,
)
ORDERS = Entity(
    name="Orders",
    key=("service", "number"),
    fields=(
        Field(name="service", kind=Kind.STRING, nullable=False),
        Field(name="number", kind=Kind.INT64, nullable=False),
        Field(name="name", kind=Kind.STRING),
    ),
    capabilities=ABLE,
)
LINES = Entity(
    name="Lines",
    key=("ID",),
    fields=(
        Field(name="ID", kind=Kind.GUID, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="service", kind=Kind.STRING),
        Field(name="order", kind=Kind.INT64),
    ),
    capabilities=ABLE,
)


def composite(external, field):
    lookup = {"entity": "Orders", "field": field, "composite": "order"}
    return {"external": external, "local": "accountid", "lookup": lookup}


def test_a_composite_lookup_travels_both_ways(make_both):
    orders = {
        "external": "Orders",
        "local": "account",
        "direction": "bidirectional",
        "primary_key": ["service", "number"],
        "fields": [
            {"external": "service", "local": "city"},
            {"external": "number", "local": "statuscode"},
            {"external": "name", "local": "name"},
        ],
    }
    lines = {
        "external": "Lines",
        "local": "contact",
        "direction": "bidirectional",
        "composite_lookups": ["order"],
        "fields": [
            {"external": "name", "local": "fullname"},
            composite("service", "service"),
            composite("order", "number"),
        ],
    }
    both = make_both(mappings=[orders, lines])
    both.external.define(ORDERS)
    both.external.define(LINES)
    both.external.put("Orders", [{"service": "a", "number": 1, "name": "First"}])
    both.there("Line 1", "Lines", service="a", order=1)
    order = both.here("Second", city="b", statuscode=2)
    both.here("Line 2", "contact", accountid=order)
    both.sync()
    line = here(both, "contact", "fullname")["Line 1"]
    assert line["accountid"] == here(both)["First"]["id"]
    sent = there(both, "Lines")["Line 2"]
    assert (sent["service"], sent["order"]) == ("b", 2)
    both.local.edit("contact", line["id"], accountid=order)
    both.sync()
    moved = there(both, "Lines")["Line 1"]
    assert (moved["service"], moved["order"]) == ("b", 2)
    both.assert_quiet()
