"""How the demo shows what a run did, and what became of each record that people touched."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.table import Table

from tandem.demo.people import Deed, Local, People

_LINE: Final = re.compile(r"(?:(\w+): )?(RESULTS: ALL \(\d+\) : (IMPORTED|EXPORTED)[^\[]*)")
_WORDS: Final = {
    "IMPORTED": "new",
    "EXPORTED": "new",
    "UPDATED": "updated",
    "DELETED": "deleted",
    "FAILED": "failed",
}
_NOTHING: Final = "[dim]-[/]"
_TOLD: Final = {
    "external edit": ("edited externally", "reached local"),
    "local edit": ("edited locally", "reached external"),
    "two fields": ("edited on both sides", "merged"),
    "same field": ("edited on both sides", "external wins"),
    "new": ("new locally", "created externally"),
    "deleted": ("deleted locally", "deleted externally"),
}
"""Kind of deed → what people did, and what came of it."""


def totals(log: Iterable[str]) -> list[str]:
    """The result lines of the whole run, one a direction."""
    return [found[2].strip() for found in _found(log) if not found[1]]


def by_entity(log: Iterable[str]) -> Table:
    """What the run did, an entity a row, each way a column."""
    rows: dict[str, dict[str, str]] = {}
    for found in _found(log):
        if found[1]:
            rows.setdefault(found[1], {})[found[3]] = _done(found[2])
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name, width in (("", 10), ("external → local", 28), ("local → external", 28)):
        table.add_column(name, min_width=width)
    for entity, ways in rows.items():
        table.add_row(
            entity, ways.get("IMPORTED", _NOTHING), ways.get("EXPORTED", "[dim]not uploaded[/]")
        )
    return table


def what_became(deeds: Iterable[Deed], people: People) -> Table:
    """What people did, and what both sides hold now."""
    table = Table(header_style="bold", show_lines=True, padding=(0, 1, 0, 0))
    for name in ("record", "what people did", "field", "external now", "local now", ""):
        table.add_column(name, overflow="fold")
    for deed in deeds:
        external, local = deed.external_values(people.external), deed.local_values(people.local)
        agreed = "[green]✓[/]" if external == local else "[bold red]✗[/]"
        did, came = _TOLD[deed.kind]
        told = f"{did}\n[dim]{came}[/]"
        values = ("\n".join(people.names.get(v, v) for v in side) for side in (external, local))
        table.add_row(deed.title, told, "\n".join(deed.fields), *values, agreed)
    return table


def lost_value(state: Path, record_id: str) -> str:
    """What the conflict about that record says of its losing value; empty if there was none."""
    query = "select fields from integration_conflict where external_id = ?"
    for (fields,) in Local(state).rows(query, record_id):
        name, values = next(iter(json.loads(fields).items()))
        return f"{name}, on the local side {values['local']!r}"
    return ""


def _found(log: Iterable[str]) -> list[re.Match[str]]:
    return [found for line in log if (found := _LINE.search(line))]


def _done(line: str) -> str:
    counts = re.findall(r"(\w+) \((\d+)\)", line)
    done = [f"{int(n):,} {_WORDS[word]}" for word, n in counts if word in _WORDS and int(n)]
    return ", ".join(done) or _NOTHING
