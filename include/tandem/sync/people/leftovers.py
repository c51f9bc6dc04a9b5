"""What is staged still though its run is over: folders that a run left when it failed or was
killed, and records that first syncs removed.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tandem.staging import Staging, staged_runs
from tandem.staging_places import place_of, usable

REMOVED: Final = "removed"
"""Where the records are kept that first syncs removed, beside the folders of runs."""

_OURS: Final = re.compile(r"(\.arrow|\.json(\.[0-9a-f]{8})?|/)$")
_TIMES: Final = ("mtime", "LastModified", "last_modified", "updated", "created")
"""Names under which file systems say when a file was written."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What one run has staged."""

    integration: str
    run_id: str
    bytes: int
    written: datetime | None
    """When a file in it was written last; None where the file system does not say so."""
    foreign: bool
    """Whether files are in it that Tandem has not written."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of removed records."""

    path: str
    bytes: int
    written: datetime | None


def folders(url: str, integration: str) -> Iterator[Folder]:
    """What the runs of that integration have staged."""
    for run_id in staged_runs(url, integration):
        if run_id != REMOVED:
            files = list(_files(Staging(url, integration, run_id).folder()))
            times = [file.written for file in files]
            yield Folder(
                integration,
                run_id,
                bytes=sum(file.bytes for file in files),
                written=max((at for at in times if at), default=None) if all(times) else None,
                foreign=not all(_OURS.search(file.path) for file in files),
            )


def removed_records(url: str, integration: str) -> Iterator[File]:
    """The files of records that first syncs of that integration removed."""
    folder = Staging(url, integration, REMOVED).folder()
    yield from (file for file in _files(folder) if file.path.endswith(".csv"))


def delete(file: File, url: str) -> None:
    """Delete one file that was staged under that URL."""
    with usable(url), suppress(FileNotFoundError):
        place_of(url)[0].rm_file(file.path)


def _files(folder: str) -> Iterator[File]:
    with usable(folder):
        system, path = place_of(folder)
        system.invalidate_cache(path)
        found = system.find(path, detail=True) if system.exists(path) else {}
        if not found and system.exists(path):
            found = {f"{path}/": system.info(path)}  # an empty folder
    for place, about in found.items():
        yield File(place, int(about.get("size") or 0), _written(about))


def _written(about: Mapping[str, Any]) -> datetime | None:
    said = next((about[name] for name in _TIMES if about.get(name)), None)
    if isinstance(said, str):
        said = datetime.fromisoformat(said)
    if isinstance(said, int | float):
        return datetime.fromtimestamp(said, UTC)
    if isinstance(said, datetime):
        return said if said.tzinfo else said.replace(tzinfo=UTC)
    return None
