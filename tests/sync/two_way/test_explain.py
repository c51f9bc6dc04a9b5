"""Why a record did, or did not, sync: in words."""

import copy

import pytest

from tandem.sync.people.explain import explain
from tandem.sync.people.remembered import remembered

LONG = "a name that is much too long"


def explained(both, record_id, entity="Accounts"):
    with both.world.job() as run:
        return explain(run, entity, record_id)


def test_it_writes_nothing(both):
    there, _ = both.link("Ada")
    both.external.save("Accounts", {**both.is_there("Ada"), "name": "Ada E"})
    before = copy.deepcopy((both.external.records, both.local.records))
    log = both.state(lambda state: state.log_entries())
    assert explained(both, there).verdict == "Update the local record."
    assert (both.external.records, both.local.records) == before
    assert both.state(lambda state: state.log_entries()) == log


def test_both_records_and_what_they_agreed_on_are_shown(both):
    there, here = both.link("Ada")
    found = explained(both, here)
    assert (found.external.id, found.local.id) == (there, here)
    assert found.link.base["external"]["name"] == "Ada"
    assert found.external.values["city"] == found.local.values["city"] == "Brno"


@pytest.mark.parametrize("side", ["there", "here"])
def test_a_record_that_no_run_has_seen_would_be_created(both, side):
    id_ = both.there("Ada", number="1") if side == "there" else both.here("Ada", accountnumber="1")
    written = "local" if side == "there" else "external"
    assert explained(both, id_).verdict == f"Create the {written} record."


def test_two_records_with_one_primary_key_would_be_linked(both):
    there = both.there("Ada", number="1")
    both.here("Ada", accountnumber="1")
    assert explained(both, there).verdict.startswith("Link both records")


def test_a_deletion_would_be_followed(both):
    there, _ = both.link("Ada")
    both.link("Bob")
    del both.external.records["Accounts"][(there,)]
    found = explained(both, there)
    assert (found.external.is_there, found.local.is_there) == (False, True)
    assert found.verdict == "Delete the local record."


def test_a_deletion_that_is_ignored_is_said(both):
    both.mapping["deletes"] = "ignore"
    there, _ = both.link("Ada")
    del both.external.records["Accounts"][(there,)]
    assert "is gone, and the mapping ignores that" in explained(both, there).verdict


def test_a_conflict_waits_for_a_person(both):
    both.mapping["on_conflict"] = "review"
    there, _ = both.link("Ada")
    both.external.save("Accounts", {**both.is_there("Ada"), "name": "Ada E"})
    both.local.save("account", {**both.is_here("Ada"), "name": "Ada L"})
    both.sync()
    found = explained(both, there)
    assert found.verdict.startswith("Nothing before a person decides")
    assert found.conflicts[0].status == "open"


def test_a_record_whose_partner_is_missing_says_whom_it_waits_for(both):
    missing = "00000000-f000-0000-0000-000000000000"
    there = both.there("Ada", number="1", parent_ID=missing)
    both.mapping["direction"] = "download_only"
    both.sync()
    found = explained(both, there)
    assert [(d.field, d.value) for d in found.deferred] == [("parentid", missing)]


def test_what_is_only_local_stays_there_in_a_download(both):
    both.mapping["direction"] = "download_only"
    here = both.here("Hal", accountnumber="1")
    verdict = explained(both, here).verdict
    assert verdict == (
        "Nothing: Accounts is download_only, so records that are only here stay here."
    )


def test_a_withheld_deletion_is_among_what_waits(both):
    ids = [both.there(f"n{n}", number=str(n)) for n in range(12)]
    both.sync()
    both.external.records["Accounts"].clear()
    both.there("Ada", number="Ada")
    both.sync()
    assert "The deletion of the local record waits for approval." in explained(both, ids[0]).waiting


def test_the_first_sync_would_remove_what_has_no_partner(both):
    both.mapping["first_sync"] = "replace_local"
    here = both.here("Hal", accountnumber="1")
    assert explained(both, here).verdict.startswith("Remove it, once approved")


def test_a_record_that_has_its_values_already_is_not_said_to_be_updated(both):
    both.mapping["direction"] = "download_only"
    there = both.there("Ada", number="1")
    both.sync()
    found = explained(both, there)
    assert found.verdict == "Nothing: the local record has these values already."
    assert found.plan[0].changes == {}


def test_a_pair_that_is_gone_is_known_by_the_id_of_either_side(both):
    there, here = both.link("Ada")
    both.link("Bob")
    del both.external.records["Accounts"][(there,)]
    both.sync()
    for id_ in (there, here):
        found = explained(both, id_)
        assert found.is_known
        assert found.transactions[0].operation == "delete"


def test_what_is_remembered_needs_neither_system(both):
    there, here = both.link("Ada")
    both.link("Bob")
    before = both.state(lambda state: remembered(state, "Accounts", here))
    assert (before.link.external_id, before.link.local_id) == (there, here)
    assert before.is_noted
    assert {run.entity for run in before.runs} == {"Accounts"}
    nobody = both.state(lambda state: remembered(state, "Accounts", "nobody"))
    assert not nobody.is_noted
    assert nobody.runs == before.runs
