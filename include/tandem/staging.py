"""Columnar batches between the steps of a run, on any file system that fsspec knows.

Each step writes into a folder of its own, `<integration>/<run>/<entity>/<step>-<try>`; what
counts is only what its manifest names. A try never reads another try's leftovers.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa

from tandem.errors import ConfigurationError, Stale
from tandem.staging_places import has_folders, is_local, place_of, usable

BATCH_ROWS = 8_000
"""Rows of a staged batch: large enough for columns to pay, small enough for memory."""

BATCH_BYTES = 64_000_000
"""Bytes of a staged batch, where records are large."""

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True)
class Staging:
    """The staged batches of one run."""

    url: str
    integration: str
    run_id: str

    def folder(self, *names: str) -> str:
        """The URL of a folder of this run; any text but an empty one is allowed in names."""
        parts = [self.integration, self.run_id, *names]
        if not all(parts):
            raise ConfigurationError(
                "A folder for staged batches has no name.",
                remedy="Run id and names of entities must not be empty.",
            )
        return "/".join([self.url.rstrip("/"), *map(_folder_name, parts)])

    @property
    def schema_path(self) -> str:
        """Where the schemas are that the run is pinned to."""
        return f"{self.folder()}/schema.json"

    def write_json(self, path: str, value: Any) -> None:
        """Write a small document. Who reads meanwhile gets what was there before, or all of it."""
        written = f"{path}.{secrets.token_hex(4)}" if _is_here(path) else path
        with _open(written, "wb") as file:
            file.write(json.dumps(value).encode())
        if written != path:
            with usable(path):
                place_of(path)[0].mv(written, path)

    def read_json(self, path: str) -> Any:
        """The document at that path; FileNotFoundError if there is none."""
        with _open(path, "rb") as file:
            return json.load(file)

    def remove(self) -> None:
        """Delete everything that was staged for this run."""
        folder = self.folder()
        with usable(folder):
            system, path = place_of(folder)
            if system.exists(path):
                system.rm(path, recursive=True)


def staged_runs(url: str, integration: str) -> list[str]:
    """The runs of that integration of which something is staged, in no order."""
    folder = "/".join([url.rstrip("/"), _folder_name(integration)])
    with usable(folder):
        system, path = place_of(folder)
        system.invalidate_cache(path)
        found = system.ls(path, detail=False) if system.exists(path) else []
    return [unquote(place.rstrip("/").rpartition("/")[2]) for place in found]


class BatchWriter:
    """Collects record batches and writes them in files of BATCH_ROWS rows."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self.paths: list[str] = []
        self.rows = 0

    @property
    def rows_taken(self) -> int:
        """Rows taken so far, written or waiting."""
        return self.rows + self._waiting_rows

    def add(self, batch: pa.RecordBatch) -> None:
        """Take these rows; all batches of one writer have one schema."""
        if batch.num_rows:
            self._waiting.append(batch)
            self._waiting_rows += batch.num_rows
            self._waiting_bytes += batch.nbytes
        if self._waiting_rows >= BATCH_ROWS or self._waiting_bytes >= BATCH_BYTES:
            self.flush()

    def written(self) -> list[str]:
        """The paths of all batches, after writing what was waiting."""
        self.flush()
        return self.paths

    def flush(self) -> None:
        """Write what is still waiting."""
        if self._waiting:
            table = pa.Table.from_batches(self._waiting).combine_chunks()
            path = f"{self._folder}/{len(self.paths):06d}.arrow"
            with (
                _open(path, "wb") as file,
                pa.ipc.new_file(file, table.schema, options=_COMPRESSED) as writer,
            ):
                writer.write_table(table)
            self.paths.append(path)
            self.rows += table.num_rows
            self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0


def read_batches(
    paths: Iterable[str], columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The staged batches, one a file; only these columns where some are named."""
    for path in paths:
        try:
            with _open(path, "rb") as file:
                batch = _read(file, columns)
        except FileNotFoundError:
            raise Stale(
                f"The staged batch {path} is gone.",
                remedy="Clear the entity's extract task too, so that it is read again.",
            ) from None
        yield batch


def reading(path: str) -> Any:
    """The file at that URL: a context manager. FileNotFoundError if there is none."""
    return _open(path, "rb")


def writing(path: str) -> Any:
    """A file at that URL, open to be written: a context manager."""
    return _open(path, "wb")


def _read(file: Any, columns: Sequence[str] | None) -> pa.RecordBatch:
    reader = pa.ipc.open_file(file)
    if columns is not None:
        included = [reader.schema.get_field_index(name) for name in columns]
        file.seek(0)
        options = pa.ipc.IpcReadOptions(included_fields=included)
        reader = pa.ipc.open_file(file, options=options)
    return reader.get_batch(0)


@contextmanager
def _open(path: str, mode: str) -> Iterator[Any]:
    """A file there. Object stores take what is written when it is closed."""
    missing = FileNotFoundError if mode == "rb" else ()
    with usable(path, but=missing):
        system, place = place_of(path)
        if mode == "wb":
            _make_folder(system, place.rpartition("/")[0])
        opened = system.open(place, mode)
    with usable(path, but=missing, by_caller=True), opened as file:
        yield file


def _is_here(path: str) -> bool:
    """Whether it is a file of this machine, which is seen half written; objects elsewhere appear
    when they are closed.
    """
    with usable(path):
        return is_local(place_of(path)[0])


def _make_folder(system: Any, folder: str) -> None:
    """The folder, and what is missing above it; on this machine for their owner alone."""
    if not is_local(system):
        if has_folders(system):
            system.makedirs(folder, exist_ok=True)
        return
    for part in (*reversed(Path(folder).parents), Path(folder)):
        if not part.exists():
            part.mkdir(mode=0o700, exist_ok=True)


def _folder_name(text: str) -> str:
    """Percent-encoded; a name of points alone would lead out of its folder."""
    name = quote(text, safe="")
    return name if name.strip(".") else name.replace(".", "%2E")
