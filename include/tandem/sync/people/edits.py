"""Edits of an integration file that Tandem makes: saved with a reason, and taken back."""

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


def undoable_edit(integration_file: Path, state: StateReader) -> EditEntry:
    """The newest edit that made the file what it says now.

    ConfigurationError if Tandem made none, or somebody has changed the file since.
    """
    now, made = integration_text(integration_file), state.edits(limit=_LOOKED_BACK)
    for edit in made:
        if edit.after == now:
            return edit
    if not made:
        raise ConfigurationError(
            f"There is nothing to undo: Tandem has not edited {integration_file}.",
            remedy="What others changed is in your version control, if you use one.",
        )
    raise ConfigurationError(
        f"{integration_file} has been changed since Tandem edited it "
        f"({made[0].reason}, {made[0].made_at:%Y-%m-%d %H:%M} UTC).",
        remedy="Undoing would lose that change, so nothing was done; edit the file by hand.",
    )


def undo(integration_file: Path, state: StateStore, edit: EditEntry, *, at: datetime) -> None:
    """Give the file back the text that it had before the edit; can be undone too."""
    save_edit(integration_file, state, reason="undo", before=edit.after, after=edit.before, at=at)
