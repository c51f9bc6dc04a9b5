"""Partners that lookups wait for, and why."""

from uuid import UUID

import pytest

from tandem.sync.people.deferred import missing_partners, unfinished

NOWHERE = str(UUID(int=99))
LONG = "a name that is much too long"


@pytest.fixture
def both(make_both):
    """Two systems, of which the external one is only downloaded."""
    return make_both(direction="download_only")


def missing(both, *entities, **options):
    with both.world.job() as run:
        return missing_partners(run.state, run.integration, entities, **options)


def test_records_that_wait_for_the_same_partner_are_shown_together(both):
    first, second = (both.there(name, number=name, parent_ID=NOWHERE) for name in ("Ada", "Bob"))
    both.sync()
    (found,) = missing(both)
    assert (found.entity, found.field, found.target, found.value) == (
        "Accounts",
        "parentid",
        "Accounts",
        NOWHERE,
    )
    assert (found.count, set(found.waiting)) == (2, {first, second})
    assert (found.why, found.error) == ("never seen", None)


def test_a_partner_that_is_rejected_says_why(both):
    partner = both.there(LONG, number="1")
    both.there("Ada", number="2", parent_ID=partner)
    both.sync()
    (found,) = missing(both)
    assert (found.value, found.why) == (partner, "rejected")
    assert "too long" in found.error or "20" in found.error


def test_a_partner_in_conflict_waits_for_a_person(both):
    both.with_contacts().world.mappings[1]["direction"] = "download_only"
    both.mapping.update(direction="bidirectional", on_conflict="review")
    partner = both.there("There", number="1")
    both.here("Here", accountnumber="1")
    both.there("Cleo", "Contacts", code="1", account_ID=partner)
    both.sync()
    (found,) = missing(both)
    assert (found.entity, found.value, found.why) == ("Contacts", partner, "conflict")


def test_a_partner_whose_entity_is_not_mapped_any_more(both):
    both.with_contacts().world.mappings[1]["direction"] = "download_only"
    both.there("Cleo", "Contacts", code="1", account_ID=NOWHERE)
    both.sync()
    both.mapping["enabled"] = False
    (found,) = missing(both)
    assert (found.entity, found.why) == ("Contacts", "not mapped")


def test_nothing_waits_once_the_partner_is_there(both):
    partner = both.there(LONG, number="1")
    both.there("Ada", number="2", parent_ID=partner)
    both.sync()
    both.external.edit("Accounts", partner, name="short")
    both.sync()
    assert missing(both) == []


def test_they_are_listed_by_entity_and_as_many_as_asked_for(both):
    both.with_contacts().world.mappings[1]["direction"] = "download_only"
    both.there("Ada", number="1", parent_ID=NOWHERE)
    for n in range(3):
        both.there(f"C{n}", "Contacts", code=str(n), account_ID=str(UUID(int=100 + n)))
    both.sync()
    assert [one.entity for one in missing(both, "Accounts")] == ["Accounts"]
    assert len(missing(both)) == 4
    assert len(missing(both, "Accounts", "Contacts", limit=2)) == 2


@pytest.mark.parametrize("on", ["external", "local"])
def test_records_of_a_two_way_mapping_that_wait_for_a_partner(both, on):
    both.mapping["direction"] = "bidirectional"
    if on == "external":
        waiting = both.there("Ada", number="2", parent_ID=NOWHERE)
    else:
        waiting = both.here("Ada", accountnumber="2", parentid=NOWHERE)
    both.sync()
    assert missing(both) == []
    (found,) = both.state(unfinished)
    assert (found.entity, found.side, found.record_id) == ("Accounts", on, waiting)
    assert both.state(lambda state: unfinished(state, ["Contacts"])) == []
    both.there("Parent", number="1", ID=NOWHERE)
    if on == "external":
        both.sync()
        assert both.state(unfinished) == []
