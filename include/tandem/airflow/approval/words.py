"""The question of the task `approve`, in words. Its text may hold keys of records, no values."""

from collections.abc import Iterator
from datetime import datetime

from tandem.airflow.places import waiting_in_tandem
from tandem.errors import one_line
from tandem.sync.people.approvals import Deletions, FirstSync, Needed


def subject(name: str, wanted: Needed) -> str:
    """One line."""
    count = sum(one.count for one in wanted.deletions)
    parts = [f"delete {_many(count, 'record')}"] if count else []
    if wanted.first_syncs:
        locals_ = ", ".join(f"{one.local} ({one.records:,})" for one in wanted.first_syncs)
        parts.append(f"replace the local records of {locals_}")
    return f"{name}: {' and '.join(parts)}?"


def body(name: str, wanted: Needed, until: datetime) -> str:
    """Markdown: what is asked, what either answer does, and where to see more."""
    return "\n".join(_lines(name, wanted, until))


def _lines(name: str, wanted: Needed, until: datetime) -> Iterator[str]:
    if wanted.deletions:
        yield "Deletions that an earlier run withheld:"
        yield ""
        yield "| entity | side | records | such as |"
        yield "|-|-|-|-|"
        yield from map(_deletions, wanted.deletions)
        yield ""
    if wanted.first_syncs:
        yield "First syncs that replace local records (`first_sync: replace_local`):"
        yield ""
        yield "| entity | local entity | records now |"
        yield "|-|-|-|"
        yield from map(_first_sync, wanted.first_syncs)
        yield ""
        yield (
            "Local records with an external partner take its values. Those without one are "
            "removed; they are kept in a file, which the report names. If there are more local "
            "records by then, or no external ones, none is replaced and the entity fails."
        )
        yield ""
    changed = ", and so does a record that was changed since" if wanted.deletions else ""
    yield (
        "**Approve**: this run does that, and no more: what is not listed here waits "
        f"on{changed}. All else is synced."
    )
    yield ""
    yield "**Reject**: this run does nothing at all. Both systems stay as they are."
    yield ""
    fails = "an entity fails whose first sync would remove records; " if wanted.first_syncs else ""
    yield f"Without an answer until {until:%Y-%m-%d %H:%M} UTC {fails}all else is synced."
    yield ""
    yield (
        f"To see the records: [Waiting]({waiting_in_tandem(name)}), or `tandem preview {name}` "
        "(more with `--limit`)."
    )


def _deletions(one: Deletions) -> str:
    more = ", …" if one.count > len(one.examples) else ""
    some = ", ".join(map(_code, one.examples))
    return f"| {_cell(one.entity)} | {one.side} | {one.count:,} | {some}{more} |"


def _first_sync(one: FirstSync) -> str:
    return f"| {_cell(one.entity)} | {_cell(one.local)} | {one.records:,} |"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def _code(text: str) -> str:
    """Others' text, as code: a backtick would end it."""
    return f"`{_cell(text).replace('`', chr(39))}`"
