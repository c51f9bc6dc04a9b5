"""What commands print: tables for people, JSON for programs; complaints go to standard error."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, Final

import click
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from tandem.errors import printable
from tandem.sync.job import Progress as ProgressCallback

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_LONG: Final = 60
"""Characters of a value that are shown among others."""


def complain(message: str) -> None:
    """An error, for people."""
    err.print(Text.assemble(("Error:", "bold red"), " ", printable(message)))


def notice(message: str) -> None:
    """Something that a person should know, beside what was asked for: on standard error."""
    err.print(_text(message, "dim"))


def say(message: str, style: str = "", *, indent: int = 0) -> None:
    """A line, for people. Data is never taken for markup, nor for what a terminal obeys."""
    line = _text(message, style)
    out.print(Padding(line, (0, 0, 0, indent), expand=False) if indent else line)


def counted(counts: Mapping[str, int]) -> str:
    """Names with their numbers, as `3 create, 1 reject`."""
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def shown(value: Any) -> str:
    """A value among others: short, with quotes where its ends could not be told."""
    if value is None:
        return "null"
    text = value.hex() if isinstance(value, bytes) else str(value)
    short = text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
    return short if short.strip() == short and short not in ("", "null") else repr(short)


def instant(value: datetime) -> str:
    """A point in time, to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def print_json(value: Any) -> None:
    """A JSON document. Whatever JSON has no form for is text: decimals, instants, guids."""
    document = json.dumps(value, default=str, ensure_ascii=False, indent=2)
    print_utf_8(printable(document) + "\n")


def print_utf_8(text: str) -> None:
    """A document for programs, in UTF-8 whatever the terminal takes."""
    click.echo(text.encode(), nl=False)


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    title: str = "",
    styles: Sequence[str] = (),
) -> None:
    """A table; None is shown as an empty cell. `styles`: of each row, where they differ."""
    shown = _text(title, "table.title") if title else None
    table = Table(title=shown, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row, style in zip_longest(rows, styles, fillvalue=""):
        table.add_row(*("" if cell is None else _text(cell) for cell in row), style=style)
    out.print(table)


def print_marked(mark: str, colour: str, about: str, text: str) -> None:
    """One finding: a coloured mark, what it is about, and the text."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=11)
    grid.add_column(width=16, overflow="fold")
    grid.add_column(overflow="fold")
    grid.add_row(_text(mark, colour), _text(about), _text(text))
    out.print(grid)


def print_findings(findings: Sequence[tuple[str, str, str, Sequence[str]]]) -> None:
    """Findings in columns: a mark and its colour, where it is, and lines of text; the first line
    says what it is, the others are paler.
    """
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=7)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for mark, colour, about, lines in findings:
        for at, line in enumerate(lines):
            head = (_text(mark, colour), _text(about)) if at == 0 else ("", "")
            grid.add_row(*head, _text(line, "" if at == 0 else "dim"))
    if findings:
        out.print(Padding(grid, (0, 0, 0, 2), expand=False))


def _text(value: Any, style: str = "") -> Text:
    return Text(printable(str(value)), style)


@contextmanager
def progress_shown() -> Iterator[ProgressCallback]:
    """A callback that shows on a terminal what a run is doing; elsewhere it stays silent."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<24}", markup=False),
        TextColumn("{task.fields[step]:<10}", markup=False),
        TextColumn("{task.completed:>10,.0f} records"),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        tasks: dict[str, Any] = {}

        def show(entity: str, step: str, records: int) -> None:
            if entity not in tasks:
                tasks[entity] = shown.add_task(printable(entity), total=None, step=step)
            shown.update(tasks[entity], completed=records, step=step)

        yield show
