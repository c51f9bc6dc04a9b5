"""What nobody needs any more goes: staged files of runs that are over, and old rows of logs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tandem.errors import ConfigurationError, TandemError
from tandem.integration_files import list_integration_files
from tandem.staging import Staging
from tandem.state.expiry import KINDS, Expiry
from tandem.state.migrate import open_database
from tandem.state.of_all import at_work, known_integrations
from tandem.sync.environment import Environment
from tandem.sync.people.leftovers import Folder, delete, folders, removed_records

STAGED_KEPT: Final = timedelta(days=14)
"""Twice as long as a run may wait for approval; what failed can be cleared until then."""
REMOVED_KEPT: Final = timedelta(days=365)
"""Records that first syncs removed: a person may miss them late."""
LEAST_DAYS: Final = 14
"""Rows of the log that are kept for fewer days could belong to a run that is not over."""

_ROWS_OF: Final = {
    "log": "of the log",
    "transactions": "transactions",
    "conflicts": "conflicts that are over",
    "rejected": "archived rejected records",
    "schemas": "schema snapshots",
    "edits": "edits",
    "questions": "questions",
}


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """What was deleted, or would be."""

    before: datetime
    """Rows that are older expire."""
    rows: dict[str, int] = field(default_factory=dict)
    """Kind (KINDS of `tandem.state.expiry`) → how many."""
    runs: tuple[Folder, ...] = ()
    """What was staged for these."""
    removed_files: int = 0
    """Files of records that first syncs removed."""
    bytes: int = 0
    """Of all files."""
    troubles: tuple[str, ...] = ()
    """What could not be done, and why."""

    def lines(self, *, dry_run: bool) -> list[str]:
        """For people."""
        verb = "Would delete" if dry_run else "Deleted"
        rows = ", ".join(f"{count:,} {_ROWS_OF[kind]}" for kind, count in self.rows.items())
        files = f"what {len(self.runs):,} runs had staged, and {self.removed_files:,} files of "
        return [
            f"{verb} rows older than {self.before:%Y-%m-%d}: {rows}.",
            f"{verb} {files}records that first syncs removed ({self.bytes / 1e6:,.1f} MB).",
        ]


def keep_house(environment: Environment, *, dry_run: bool = False) -> Housekeeping:
    """Delete what has expired, of all integrations; with `dry_run`, only say what that is.

    What cannot be reached or deleted is said in `troubles`; the rest is done all the same.
    Raises TandemError where the state database cannot be used: it tells what is at work.
    """
    now = environment.now()
    before = now - kept_for(environment.settings.keep_days)
    engine = open_database(environment.state_url)
    try:
        files = _Files(environment, known_integrations(engine), dry_run=dry_run)
        files.sweep(now, at_work(engine, now))
        expiry = Expiry(engine, before)
        act = expiry.count if dry_run else expiry.delete
        rows = {kind: act(kind) for kind in KINDS}
    finally:
        engine.dispose()
    return Housekeeping(
        before, rows, tuple(files.runs), files.removed, files.bytes, tuple(files.troubles)
    )


def kept_for(days: str) -> timedelta:
    """How long rows are kept (TANDEM_KEEP_DAYS); ConfigurationError for what is no such number."""
    if not days.isascii() or not days.isdecimal() or not LEAST_DAYS <= int(days[:6]) <= 100_000:
        raise ConfigurationError(
            f"TANDEM_KEEP_DAYS is {days[:50]!r}, which is no number of days from {LEAST_DAYS} on.",
            remedy="Write a whole number, such as 90, or leave it out.",
        )
    return timedelta(days=int(days))


class _Files:
    """What is staged, of the integrations that there are or have been."""

    def __init__(self, environment: Environment, known: set[str], *, dry_run: bool) -> None:
        self._environment = environment
        self._known = known
        self._dry_run = dry_run
        self._url = environment.settings.staging
        self.runs: list[Folder] = []
        self.removed = 0
        self.bytes = 0
        self.troubles: list[str] = []

    def sweep(self, now: datetime, at_work: dict[str, str]) -> None:
        """Delete what has expired, but nothing of the runs at work: integration → run."""
        for name in self._names():
            try:
                for folder in self._old_folders(name, now - STAGED_KEPT, at_work.get(name)):
                    self._remove(folder)
                self._sweep_removed(name, now - REMOVED_KEPT)
            except TandemError as error:
                self.troubles.append(f"{name}: {error}")

    def _names(self) -> Sequence[str]:
        """Only folders of integrations are looked into: others' may lie beside them."""
        try:
            files = list_integration_files(self._environment.settings.config)
        except TandemError as error:
            self.troubles.append(str(error))
            files = []
        return sorted(self._known | {path.stem for path in files})

    def _old_folders(self, name: str, before: datetime, at_work: str | None) -> Iterator[Folder]:
        for folder in folders(self._url, name):
            if folder.run_id == at_work:
                continue
            if folder.foreign:
                self.troubles.append(
                    f"{name}: the folder of {folder.run_id} holds files that Tandem has not "
                    "written; it is left alone."
                )
            elif folder.written is None:
                self.troubles.append(
                    f"{name}: it is not known how old the folder of {folder.run_id} is; "
                    "it is left alone."
                )
            elif folder.written < before:
                yield folder

    def _remove(self, folder: Folder) -> None:
        if not self._dry_run:
            Staging(self._url, folder.integration, folder.run_id).remove()
        self.runs.append(folder)
        self.bytes += folder.bytes

    def _sweep_removed(self, name: str, before: datetime) -> None:
        for file in removed_records(self._url, name):
            if file.written is not None and file.written < before:
                if not self._dry_run:
                    delete(file, self._url)
                self.removed += 1
                self.bytes += file.bytes
