"""Do both sides agree? What differs is found, and mended by the next run."""

import pytest

from tandem.sync.lease import holding
from tandem.sync.people.verify import verify_all

LONG = "a name that is much too long"


def verified(both, sample=None, seed=""):
    with both.world.job() as run, holding(run):
        return verify_all(run, sample=sample, seed=seed)[0]


def found(both, **options):
    """What differs: kind and side."""
    return [(d.kind.value, d.side) for d in verified(both, **options).differences]


def test_after_a_sync_both_sides_agree(both):
    both.link("Ada")
    result = verified(both)
    assert (result.external, result.local, result.links, result.compared) == (1, 1, 1, 1)
    assert result.found == 0


def test_records_that_no_run_has_seen_are_not_linked(both):
    both.link("Ada")
    both.there("Bob", number="2")
    both.here("Hal", accountnumber="3")
    assert found(both) == [("not linked", "external"), ("not linked", "local")]


def test_an_edit_behind_the_anchor_is_found_and_mended(both):
    there, _ = both.link("Ada")
    both.link("Bob")
    record = both.external.records["Accounts"][(there,)]
    record["name"] = "Ada E"  # its version stays: an incremental reading does not see it
    both.sync()
    assert both.is_here("Ada")
    assert found(both) == [("edited", "external")]
    both.sync()
    assert both.is_here("Ada E")
    assert found(both) == []


def test_a_record_that_is_gone_is_found_and_mended(both):
    both.link("Bob")
    there, _ = both.link("Ada")
    del both.external.records["Accounts"][(there,)]
    assert found(both) == [("gone", "external")]
    both.sync()
    assert both.names() == (["Bob"], ["Bob"])
    assert found(both) == []


def test_a_deletion_that_the_mapping_ignores_is_no_difference(both):
    both.mapping["deletes"] = "ignore"
    there, _ = both.link("Ada")
    del both.external.records["Accounts"][(there,)]
    assert found(both) == []


def test_a_linked_record_that_may_leave_the_filter_is_no_difference(both):
    both.mapping["download_filter"] = {"field": "city", "operator": "eq", "value": "Brno"}
    both.link("Ada")
    both.external.save("Accounts", {**both.is_there("Ada"), "city": "Praha"})
    both.sync()
    assert found(both) == []


def test_a_rejected_record_is_told_from_one_that_was_missed(both):
    both.there(LONG, number="1")
    both.sync()
    (difference,) = verified(both).differences
    assert difference.kind == "rejected"
    assert "longer than 20" in difference.text


@pytest.mark.parametrize("edit", ["changed", "deleted"])
def test_a_local_record_that_others_touched_is_mended_by_the_next_download(both, edit):
    both.mapping["direction"] = "download_only"
    _, here = both.link("Ada")
    both.sync()
    if edit == "changed":
        both.local.save("account", {**both.is_here("Ada"), "name": "Eve"})
    else:
        del both.local.records["account"][(here,)]
    kind = "edited" if edit == "changed" else "gone"
    assert found(both) == [(kind, "local")]
    both.sync()
    assert both.is_here("Ada")["id"] == here
    assert found(both) == []


def test_a_sample_is_the_same_for_the_same_seed(both):
    for n in range(20):
        both.there(f"n{n}", number=str(n))
    both.sync()
    for record in both.external.records["Accounts"].values():
        record["city"] = "Praha"

    def chosen(seed):
        result = verified(both, sample=5, seed=seed)
        assert (result.compared, result.found) == (5, 5)
        return [d.external_id for d in result.differences]

    assert chosen("a") == chosen("a")
    assert set(chosen("a")) != set(chosen("b"))
