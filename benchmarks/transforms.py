"""Rows a second of each transform, by whole columns and row by row.

python -m benchmarks.transforms
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa

from tandem.core.transforms.apply import Given, transform
from tandem.core.transforms.options import map_options
from tandem.model.integration import FieldMapping
from tandem.model.transforms import UserTransform

ROWS: Final = 1_000_000
PRAGUE: Final = ZoneInfo("Europe/Prague")
GERMAN: Final = {"decimal": ",", "thousands": "."}


def _columns() -> dict[str, pa.Array]:
    start = datetime(2020, 1, 1, 12, tzinfo=UTC)
    minutes = [start + timedelta(minutes=n) for n in range(ROWS)]
    days = [date(2020, 1, 1) + timedelta(days=n % 3000) for n in range(ROWS)]
    return {
        "text": pa.array([f" Customer, number {n} " for n in range(ROWS)]),
        "other": pa.array([f"Street {n}" for n in range(ROWS)]),
        "guid": pa.array([f"{{{str(UUID(int=n)).upper()}}}" for n in range(ROWS)]),
        "instant": pa.array(minutes, pa.timestamp("us", tz="UTC")),
        "day": pa.array(days, pa.date32()),
        "hour": pa.array([n % 86_400 * 1_000_000 for n in range(ROWS)], pa.time64("us")),
        "amount": pa.array([f"{n % 1000 + 1}.234,56" for n in range(ROWS)]),
        "decimal": pa.array(
            [Decimal(n * 997).scaleb(-2) for n in range(ROWS)], pa.decimal128(18, 2)
        ),
        "option": pa.array([("open", "closed", "paid")[n % 3] for n in range(ROWS)]),
    }


def _german(number: Decimal) -> str:
    return f"{number:,.2f}".replace(",", "\0").replace(".", ",").replace("\0", ".")


def _joined(day: date, hour: Any) -> datetime:
    return datetime.combine(day, hour, PRAGUE).astimezone(UTC)


_CASES: Final[list[tuple[str, Any, Callable[..., object]]]] = [
    ("text", "trim", str.strip),
    ("text", "upper", str.upper),
    ("guid", "guid", lambda text: str(UUID(text))),
    ("text", {"truncate": 12}, lambda text: text[:12]),
    ("text", {"split": {"separator": ", ", "part": 2}}, lambda text: text.split(", ")[1]),
    (
        "text",
        {"concat": {"fields": ["other"], "separator": " "}},
        lambda text, other: f"{text} {other}",
    ),
    ("instant", {"date": {"zone": "Europe/Prague"}}, lambda at: at.astimezone(PRAGUE).date()),
    ("instant", {"time": {"zone": "Europe/Prague"}}, lambda at: at.astimezone(PRAGUE).time()),
    ("day", {"with_time": {"field": "hour", "zone": "Europe/Prague"}}, _joined),
    (
        "amount",
        {"number": GERMAN},
        lambda text: Decimal(text.replace(".", "").replace(",", ".")),
    ),
    ("decimal", {"format_number": {**GERMAN, "decimals": 2}}, _german),
    ("text", {"custom": "short"}, lambda text: text.replace("number", "no.")),
]


_BESIDE: Final = {"concat": ["other"], "with_time": ["hour"]}


def _short(values: Any) -> Any:
    return values.str.replace("number", "no.", regex=False)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _report(name: str, columns: float, rows: float) -> None:
    print(f"| `{name}` | {ROWS / columns / 1e6:.1f} | {ROWS / rows / 1e6:.1f} |")


def _row_by_row(sources: list[pa.Array], function: Callable[..., object]) -> pa.Array:
    rows = zip(*(source.to_pylist() for source in sources), strict=True)
    return pa.array([function(*row) for row in rows])


def _measure(table: dict[str, pa.Array], column: str, step: Any, loop: Callable[..., Any]) -> None:
    steps = FieldMapping(external="a", local="b", transform=[step]).transform
    functions = {"short": UserTransform("short", "here", _short)}
    name = step if isinstance(step, str) else next(iter(step))
    names = [column, *_BESIDE.get(name, [])]
    few = {other: table[other].slice(0, 10) for other in names}
    transform(few[column], steps, Given(few, functions))  # pandas and zones are loaded by now
    fast = _seconds(lambda: transform(table[column], steps, Given(table, functions)))
    _report(name, fast, _seconds(lambda: _row_by_row([table[n] for n in names], loop)))


def main() -> None:
    """Print a table."""
    table = _columns()
    print("| transform | million rows/s | row by row |\n|---|---:|---:|")
    for case in _CASES:
        _measure(table, *case)
    partners: dict[Any, Any] = {"open": 0, "closed": 1, "paid": 2}
    fast = _seconds(lambda: map_options(table["option"], partners))
    slow = _seconds(lambda: _row_by_row([table["option"]], partners.__getitem__))
    _report("values", fast, slow)


if __name__ == "__main__":
    main()
