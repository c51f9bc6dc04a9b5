"""Edits of the integration file that Tandem made: kept whole, so that they can be undone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from tandem.state.scope import Scope
from tandem.state.tables import edit


@dataclass(frozen=True, slots=True)
class EditEntry:
    """One edit: the whole file before and after it."""

    reason: str
    before: str
    after: str
    made_at: datetime


def listed(scope: Scope, *, limit: int) -> list[EditEntry]:
    """The newest edits first."""
    rows = scope.newest(EditEntry, edit, scope.mine(edit), by=("id",), limit=limit)
    return [EditEntry(**row) for row in rows]


def note(scope: Scope, *, reason: str, before: str, after: str, at: datetime) -> None:
    """Keep an edit."""
    row = {"reason": reason, "before": before, "after": after, "made_at": at}
    scope.connection.execute(insert(edit).values({**scope.place, **row}))
