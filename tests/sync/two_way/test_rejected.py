"""Rejected records, tried again by a person."""

import pytest

from tandem.connectors.memory import Cut
from tandem.errors import Unreachable
from tandem.sync.lease import holding
from tandem.sync.people.rejected import archive, retry, waiting_records

LONG = "a name that is much too long"


def retried(both, *ids):
    with both.world.job() as run, holding(run):
        return retry(run, waiting_records(run.state, "crm", ids=ids))[1]


def test_only_what_is_asked_for_is_looked_at(both):
    both.link("Ada")
    long = both.there(LONG, number="2")
    both.sync()
    both.external.save("Accounts", {**both.is_there("Ada"), "city": "Praha"})
    both.external.save("Accounts", {**both.is_there(LONG), "name": "short"})
    (outcome,) = retried(both, long)
    assert (outcome.settled, outcome.text) == (True, "local record created")
    assert both.is_here("Ada")["city"] == "Brno"
    both.sync()
    assert both.is_here("Ada")["city"] == "Praha"


def test_deletions_that_wait_for_approval_still_wait_after_a_retry(both):
    for n in range(12):
        both.there(f"n{n}", number=str(n))
    both.sync()
    both.external.records["Accounts"].clear()
    both.there(LONG, number="x")
    both.sync()
    retried(both)
    assert both.state(lambda state: state.pending_deletes("Accounts")).num_rows == 12


def test_a_create_whose_answer_was_lost_is_created_again_once_a_person_says_so(both):
    del both.mapping["primary_key"]
    hal = both.here("Hal", accountnumber="1")
    lost = Cut(done=0, because=Unreachable("The line is cut."), unknown=(0,))
    both.external.before = lambda operation: lost if operation == "create" else None
    both.sync()
    both.external.before = lambda _operation: None
    both.sync()
    assert not both.external.records["Accounts"]
    (outcome,) = retried(both)
    assert (outcome.local_id, outcome.text) == (hal, "external record created")
    assert both.is_there("Hal")
    both.assert_quiet()


def test_a_download_that_was_rejected_is_retried(both):
    both.mapping["direction"] = "download_only"
    both.there(LONG, number="2")
    both.sync()
    both.external.save("Accounts", {**both.is_there(LONG), "name": "short"})
    (outcome,) = retried(both)
    assert outcome.settled
    assert both.is_here("short")
    assert not both.state(lambda state: state.rechecks("Accounts", "external")).num_rows


def test_what_is_archived_comes_back_when_it_changes(both):
    both.there(LONG, number="2")
    both.sync()
    with both.world.job() as run, holding(run):
        assert archive(run, waiting_records(run.state, "crm")) == 1
    assert both.state(lambda state: state.rejected_records()) == []
    both.external.save("Accounts", {**both.is_there(LONG), "name": "short"})
    both.sync()
    assert both.is_here("short")


@pytest.mark.parametrize("direction", ["bidirectional", "download_only"])
def test_a_value_that_does_not_fit_an_empty_field_is_rejected_not_unchanged(both, direction):
    both.mapping["direction"] = direction
    both.there("Ada", number="a")
    both.there(number="b")
    both.sync()
    (nameless,) = [r for r in both.external.records["Accounts"].values() if not r["name"]]
    both.external.edit("Accounts", nameless["ID"], name="much longer than twenty characters")
    counts = both.sync().counts_of("download")
    assert (counts.failed, counts.updated) == (1, 0)


def test_a_field_that_comes_back_rejects_what_does_not_fit_it(both):
    name = both.mapping["fields"].pop(1)
    both.there("much longer than twenty characters", number="a")
    both.there("Ada", number="b")
    both.sync()
    both.mapping["fields"].append(name)
    assert both.sync().counts_of("download").failed == 1
    assert both.names() == (["Ada", "much longer than twenty characters"], ["Ada", None])
