"""`tandem explain`: all that is known of a record."""


def test_a_linked_record_is_explained_by_either_id(systems):
    there = systems.there("Ada", number="1")
    systems.ok("sync", "crm")
    here = systems.is_here("Ada")["id"]
    for id_ in (there, here):
        shown = systems.ok("explain", "crm", "Accounts", id_)
        assert "Now: Nothing: both records are as they were agreed on." in shown
        assert f"external {there} = local {here}" in shown
        assert "create local, processed" in shown


def test_a_rejected_record_says_why(systems):
    id_ = systems.there("a name that is much too long for it", number="1")
    systems.exits(1, "sync", "crm")
    shown = systems.ok("explain", "crm", "Accounts", id_)
    assert "Now: Reject it: field 'name': longer than 20." in shown
    assert "rejected (waiting), attempt 1" in shown


def test_an_edit_is_shown_with_what_would_be_written(systems):
    there = systems.there("Ada", number="1")
    systems.ok("sync", "crm")
    systems.edit_here("Ada", name="Ada L")
    found = systems.json("explain", "crm", "Accounts", there)
    assert found["verdict"] == "Update the external record."
    assert systems.is_there("Ada")


def test_a_record_outside_of_the_filter_is_told(systems):
    systems.configure(download_filter="{field: number, operator: eq, value: '1'}")
    id_ = systems.there("Bob", number="2")
    systems.ok("sync", "crm")
    shown = systems.ok("explain", "crm", "Accounts", id_)
    assert "the filter of the mapping does not let it through" in shown


def test_a_record_that_nobody_knows_is_told(systems):
    shown = systems.exits(1, "explain", "crm", "Accounts", "nosuch")
    assert "there is no such record on either side" in shown


def test_an_entity_that_is_not_mapped_is_wrong_usage(systems):
    assert "no enabled entity 'Orders'" in systems.exits(2, "explain", "crm", "Orders", "1")
