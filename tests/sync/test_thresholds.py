"""From what on a run that left something undone counts as failed."""

import pytest

from tandem.model.alerts import FailAbove
from tandem.model.changes import Counts
from tandem.sync.thresholds import exceeded

COUNTS = Counts(created=90, unchanged=5, failed=5, conflicts=2)


def test_without_limits_nothing_is_too_much() -> None:
    assert exceeded(None, COUNTS) == ()
    assert exceeded(FailAbove(), COUNTS) == ()


@pytest.mark.parametrize(
    "limits",
    [{"rejected": 5}, {"rejected_percent": 5}, {"conflicts": 2}, {"rejected_percent": 100}],
)
def test_a_limit_itself_is_not_too_much(limits: dict[str, int]) -> None:
    assert exceeded(FailAbove.model_validate(limits), COUNTS) == ()


def test_each_limit_says_what_was_counted() -> None:
    limits = FailAbove.model_validate({"rejected": 0, "rejected_percent": "4.5", "conflicts": 1})
    assert exceeded(limits, COUNTS) == (
        "5 records were rejected: fail_above.rejected is 0.",
        "4.9 % of the records (5 of 102) were rejected: fail_above.rejected_percent is 4.5.",
        "2 records are in conflict: fail_above.conflicts is 1.",
    )


def test_a_run_that_dealt_with_nothing_is_below_every_limit() -> None:
    limits = FailAbove.model_validate({"rejected": 0, "rejected_percent": 0, "conflicts": 0})
    assert exceeded(limits, Counts()) == ()
