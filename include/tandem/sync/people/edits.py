"""Edits of an integration file that Tandem makes: saved with a reason, and taken back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tandem.errors import ConfigurationError
from tandem.integration_files import integration_text, replacing_integration_text
from tandem.state.edits import EditEntry
from tandem.state.process import this_process
from tandem.state.protocols import StateReader, StateStore

_MOMENT: Final = timedelta(minutes=1)
"""More than saving a file takes."""
_UNDO: Final = "undo"
_LOOKED_BACK: Final = 50
"""Edits among which the one that made the file what it is is looked for."""


def save_edit(
    integration_file: Path,
    state: StateStore,
    *,
    reason: str,
    before: str,
    after: str,
    at: datetime,
) -> None:
    """Save the edited file, so that it can be undone.

    Texts as `integration_text` gives them. ConfigurationError if `after` is no usable integration,
    if the file is not `before` any more, or if it cannot be written; Busy while a run is at work,
    whose steps read the file one by one. Nothing is changed then.

    The edit is noted before the file is replaced: one that was noted only says what would be
    true, one that was made only could not be undone.
    """
    state.acquire(f"edit__{at:%Y-%m-%dT%H:%M:%S.%f}", process=this_process(), now=at, ttl=_MOMENT)
    try:
        with replacing_integration_text(integration_file, before, after):
            state.note_edit(reason=reason, before=before, after=after, at=at)
    finally:
        state.release()


def undoable_edits(integration_file: Path, state: StateReader) -> list[EditEntry]:
    """The edits that lead to what the file says now, the newest first: those that were undone,
    and the undoing, are none of them.

    ConfigurationError if there are none, or somebody has changed the file since.
    """
    now = integration_text(integration_file)
    made = _not_undone(state.edits(limit=_LOOKED_BACK))
    for at, edit in enumerate(made):
        if edit.after == now:
            return made[at:]
    if not made:
        raise ConfigurationError(
            f"There is nothing to undo: Tandem has not edited {integration_file.name}, or all of "
            "that is undone.",
            remedy="What others changed is in your version control, if you use one.",
        )
    raise ConfigurationError(
        f"{integration_file.name} has been changed since Tandem edited it "
        f"({made[0].reason}, {made[0].made_at:%Y-%m-%d %H:%M} UTC).",
        remedy="Undoing would lose that change, so nothing was done; edit the file by hand.",
    )


def undo(integration_file: Path, state: StateStore, edit: EditEntry, *, at: datetime) -> None:
    """Give the file back the text that it had before the edit."""
    save_edit(integration_file, state, reason=_UNDO, before=edit.after, after=edit.before, at=at)


def _not_undone(edits: Sequence[EditEntry]) -> list[EditEntry]:
    """Of edits, the newest first, those that have not been taken back."""
    standing: list[EditEntry] = []
    for edit in reversed(edits):
        if edit.reason != _UNDO:
            standing.append(edit)
            continue
        undone = (at for at, one in enumerate(standing) if _is_taken_back(one, edit))
        standing = standing[: max(undone, default=len(standing))]
    return standing[::-1]


def _is_taken_back(edit: EditEntry, undoing: EditEntry) -> bool:
    return (edit.before, edit.after) == (undoing.after, undoing.before)
