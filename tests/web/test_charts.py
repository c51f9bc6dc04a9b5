"""The chart of runs."""

from itertools import pairwise

import pytest

from tandem.model.changes import Counts
from tandem.web.charts import BOTTOM, LEFT, RIGHT, TOP, Point, above, chart_of


def point(
    label: str = "run", *, seconds: float | None = 10, failed: bool = False, **counts: int
) -> Point:
    return Point(label, Counts(**counts), seconds, failed)


@pytest.mark.parametrize(
    ("value", "line"), [(0, 1), (1, 1), (3, 5), (10, 10), (11, 20), (2.5, 5), (999_999, 1_000_000)]
)
def test_scales_end_at_round_numbers(value: float, line: int) -> None:
    assert above(value) == line


def test_a_bar_is_made_of_outcomes_and_the_highest_one_fits() -> None:
    (bar,) = chart_of([point(created=60, updated=40)]).bars
    assert [part.outcome for part in bar.segments] == ["created", "updated"]
    lowest, highest = bar.segments
    assert lowest.y + lowest.height == BOTTOM
    assert highest.y + highest.height == lowest.y
    assert highest.y == TOP


def test_bars_stand_side_by_side_from_the_oldest_to_the_newest() -> None:
    bars = chart_of([point(str(number), created=1) for number in range(20)]).bars
    assert [bar.title.partition(":")[0] for bar in bars] == [str(number) for number in range(20)]
    assert all(a.x + a.width < b.x for a, b in pairwise(bars))
    assert bars[0].x >= LEFT
    assert bars[-1].x + bars[-1].width <= RIGHT


def test_few_records_beside_many_are_seen() -> None:
    chart = chart_of([point(created=1_000_000), point(created=1)])
    assert chart.bars[1].segments[0].height >= 2


def test_unchanged_records_are_no_part_of_it() -> None:
    chart = chart_of([point(unchanged=50_000), point(updated=7)])
    assert chart.most_records == 10
    assert chart.bars[0].segments == ()
    assert chart.bars[0].title == "run: nothing changed"


def test_what_failed_has_a_mark_above_its_bar() -> None:
    good, bad = chart_of([point(created=5), point(failed=True, created=5)]).bars
    assert good.mark_y is None
    assert bad.mark_y is not None
    assert bad.mark_y < bad.segments[-1].y


def test_durations_are_a_line_that_leaves_out_what_has_not_ended() -> None:
    chart = chart_of([point(seconds=10), point(seconds=None), point(seconds=5)])
    assert chart.longest == 10
    assert [bar.time_y for bar in chart.bars] == [TOP, None, (TOP + BOTTOM) / 2]
    assert len(chart.times.split()) == 2


def test_no_runs_are_an_empty_chart() -> None:
    assert chart_of([]).bars == ()
