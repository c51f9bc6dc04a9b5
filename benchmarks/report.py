"""Results as tables for people: what each run cost, and whether the targets are met."""

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Result:
    """One step of one contestant into one target."""

    contestant: str
    target: str
    step: str
    rows: int
    """Records that the service has."""
    seconds: float
    start_up: float
    """Seconds from the start of the process to its first request."""
    cpu_seconds: float
    """Of the process and its children; SQLite is inside, PostgreSQL is not."""
    database_cpu_seconds: float | None
    """Of PostgreSQL's server processes, those of other users in that time included."""
    server_cpu_seconds: float
    """Of the OData server."""
    peak_mb: float
    requests: int
    exact: bool
    """Whether a column of twenty-digit decimals adds up."""

    @property
    def work(self) -> float:
        """Seconds besides start-up."""
        return self.seconds - self.start_up

    def line(self) -> str:
        """The result in one line."""
        return (
            f"{self.contestant} → {self.target}, {self.step}, {self.rows:,} records: "
            f"{self.seconds:.2f} s ({self.start_up:.2f} s start-up), CPU {self.cpu_seconds:.2f} s, "
            f"{self.peak_mb:.0f} MB, {self.requests} requests"
        )


def machine() -> dict[str, str | int | None]:
    """What the figures were measured on."""
    cpu = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpu": cpu[0] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
    }


def fastest(results: Iterable[Result]) -> dict[tuple[str, str, str, int], Result]:
    """The fastest run of each contestant, target, step and number of records."""
    best: dict[tuple[str, str, str, int], Result] = {}
    for result in results:
        key = (result.contestant, result.target, result.step, result.rows)
        if key not in best or result.seconds < best[key].seconds:
            best[key] = result
    return best


def print_report(results: list[Result], rows: int) -> None:
    """The table of all results, then the targets."""
    console = Console(width=None if Console().is_terminal else 140)
    best = fastest(results)
    console.print(_table(best))
    for target in dict.fromkeys(result.target for result in results):
        for sentence in verdicts(best, target, rows):
            console.print(f"{target}: {sentence}", markup=False)


def _table(best: dict[tuple[str, str, str, int], Result]) -> Table:
    table = Table(title="OData → database")
    table.add_column("contestant", no_wrap=True)
    table.add_column("target")
    table.add_column("step")
    for heading in (
        "records", "s", "start-up", "records/s", "CPU s", "DB CPU s", "peak MB", "requests",
        "x floor", "exact",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for result in best.values():
        table.add_row(*_cells(result, best.get(("floor", result.target, "full", result.rows))))
    return table


def _cells(result: Result, floor: Result | None) -> list[str]:
    database = result.database_cpu_seconds
    full = result.step == "full"
    return [
        result.contestant,
        result.target,
        result.step,
        f"{result.rows:,}",
        f"{result.seconds:.2f}",
        f"{result.start_up:.2f}",
        f"{result.rows / result.seconds:,.0f}" if full else "",
        f"{result.cpu_seconds:.2f}",
        "" if database is None else f"{database:.2f}",
        f"{result.peak_mb:.0f}",
        str(result.requests),
        f"{result.seconds / floor.seconds:.2f}" if floor and full else "",
        "yes" if result.exact else "no",
    ]


@dataclass(frozen=True, slots=True)
class Goal:
    """One target of the benchmark: a figure from two results, and its limit."""

    says: str
    """What the figure is."""
    limit: str
    of: tuple[str, str]
    """Contestant and step of the result that is judged …"""
    beside: tuple[str, str]
    """… and of the one that it is compared with."""
    figure: Callable[[Result, Result], float]
    holds: Callable[[float], bool]


_FULL = ("tandem", "full")
GOALS = (
    Goal(
        "times as fast as dlt as documented", "at least 12", _FULL, ("dlt-documented", "full"),
        lambda mine, other: other.seconds / mine.seconds, lambda figure: figure >= 12,
    ),
    Goal(
        "times as fast as dlt tuned by hand", "at least 4.5", _FULL, ("dlt-tuned", "full"),
        lambda mine, other: other.seconds / mine.seconds, lambda figure: figure >= 4.5,
    ),
    Goal(
        "times as fast as dlt with plain Arrow tables", "for context", _FULL, ("dlt-arrow", "full"),
        lambda mine, other: other.seconds / mine.seconds, lambda _: True,
    ),
    Goal(
        "times the floor's time", "at most 1.3", _FULL, ("floor", "full"),
        lambda mine, other: mine.seconds / other.seconds, lambda figure: figure <= 1.3,
    ),
    Goal(
        "MB at the peak", "under 400", _FULL, _FULL,
        lambda mine, _: mine.peak_mb, lambda figure: figure < 400,
    ),
    Goal(
        "requests when nothing changed", "at most 3", ("tandem", "unchanged"), _FULL,
        lambda mine, _: mine.requests, lambda figure: figure <= 3,
    ),
    Goal(
        "s besides start-up when nothing changed", "under 1", ("tandem", "unchanged"), _FULL,
        lambda mine, _: mine.work, lambda figure: figure < 1,
    ),
    Goal(
        "% of the full run's time when 1 % changed, besides start-up", "under 3",
        ("tandem", "changed"), _FULL,
        lambda mine, full: 100 * mine.work / full.seconds, lambda figure: figure < 3,
    ),
)  # fmt: skip


def verdicts(
    best: dict[tuple[str, str, str, int], Result], target: str, rows: int
) -> Iterable[str]:
    """One sentence for each goal that can be judged."""
    for goal in GOALS:
        mine = best.get((goal.of[0], target, goal.of[1], rows))
        other = best.get((goal.beside[0], target, goal.beside[1], rows))
        if mine and other:
            figure = goal.figure(mine, other)
            met = "met" if goal.holds(figure) else "MISSED"
            yield f"{figure:.2f} {goal.says} ({goal.limit}): {met}"
    yield from _memory(best, target)


def _memory(best: dict[tuple[str, str, str, int], Result], target: str) -> Iterable[str]:
    runs = [r for (*who, _), r in best.items() if who == ["tandem", target, "full"]]
    if len(runs) > 1:
        small, large = min(runs, key=lambda r: r.rows), max(runs, key=lambda r: r.rows)
        growth = 100 * (large.peak_mb / small.peak_mb - 1)
        met = "met" if growth <= 10 else "MISSED"
        sizes = f"from {small.rows:,} to {large.rows:,} records"
        yield f"{growth:+.1f} % peak memory {sizes} (at most 10): {met}"
