"""The chart of runs over time: where its bars, points and marks are. A template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tandem.model.changes import Counts

WIDTH: Final = 960
HEIGHT: Final = 190
LEFT: Final = 56
"""Where the bars begin: the numbers of records stand before them …"""
RIGHT: Final = 890
"""… and the times after them."""
TOP: Final = 26
"""The upper end of the highest bar; marks stand above it."""
BOTTOM: Final = 160
"""The foot of the bars; dates stand below it."""
OUTCOMES: Final = ("created", "updated", "deleted", "conflicts", "failed")
"""From the bottom of a bar to its top. Unchanged records would hide all the others."""
_WIDEST: Final = 26.0
_LEAST: Final = 2.0
"""What is there is seen, however little it is."""
_STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Point:
    """One run, as the chart wants it."""

    label: str
    counts: Counts
    seconds: float | None
    """None while it has not ended."""
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """The records of one outcome in one run."""

    outcome: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One run."""

    x: float
    width: float
    title: str
    segments: tuple[Segment, ...]
    mark_y: float | None
    """Where its mark stands, if something failed."""
    time_y: float | None
    """Where its duration is, if it has ended."""

    @property
    def middle(self) -> float:
        """Where its mark and its duration are."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """All runs, the oldest first."""

    bars: tuple[Bar, ...]
    most_records: int
    """What the upper line stands for."""
    longest: float
    """The same of durations, in seconds."""
    outcomes: tuple[str, ...]
    """Those that some run has."""

    @property
    def times(self) -> str:
        """The line of durations, as `points` of a polyline has it."""
        timed = [bar for bar in self.bars if bar.time_y is not None]
        return " ".join(f"{bar.middle},{bar.time_y}" for bar in timed)


def chart_of(points: Sequence[Point]) -> Chart:
    """The chart of these runs, the oldest first."""
    most = above(max((_changed(point.counts) for point in points), default=0))
    longest = float(above(max((point.seconds or 0.0 for point in points), default=0.0)))
    slot = (RIGHT - LEFT) / max(len(points), 1)
    width = round(min(_WIDEST, slot * 0.7), 1)
    bars = []
    for at, point in enumerate(points):
        x = round(LEFT + slot * at + (slot - width) / 2, 1)
        bars.append(_bar(point, x, width, most, longest))
    seen = {segment.outcome for bar in bars for segment in bar.segments}
    return Chart(tuple(bars), most, longest, tuple(name for name in OUTCOMES if name in seen))


def above(value: float) -> int:
    """The least of 1, 2, 5, 10, 20, 50, … that is not below the value."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size >= value:
                return step * size
        size *= 10


def _bar(point: Point, x: float, width: float, most: int, longest: float) -> Bar:
    segments: list[Segment] = []
    top = float(BOTTOM)
    for outcome in OUTCOMES:
        if count := getattr(point.counts, outcome):
            height = round(max(_LEAST, (BOTTOM - TOP) * count / most), 1)
            top = round(top - height, 1)
            segments.append(Segment(outcome, top, height))
    span = point.seconds
    return Bar(
        x=x,
        width=width,
        title=_title(point),
        segments=tuple(segments),
        mark_y=max(top - 6, 12) if point.has_failed else None,
        time_y=None if span is None else round(BOTTOM - (BOTTOM - TOP) * span / longest, 1),
    )


def _changed(counts: Counts) -> int:
    return sum(getattr(counts, outcome) for outcome in OUTCOMES)


def _title(point: Point) -> str:
    counted = [
        f"{count:,} {outcome}" for outcome in OUTCOMES if (count := getattr(point.counts, outcome))
    ]
    return f"{point.label}: {', '.join(counted) or 'nothing changed'}"
