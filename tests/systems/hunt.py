"""A hunt for secrets: in texts, logs and files, whatever form they took there."""

import base64
import html
import json
import logging
import sqlite3
import traceback
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow as pa

SHORTEST = 6
"""Characters of a secret that cannot stand somewhere by chance."""
SQLITE = b"SQLite format 3\x00"
ARROW = b"ARROW1"


@dataclass
class Hunt:
    """What must not be found, where we looked, and what was found there."""

    secrets: set[str] = field(default_factory=set)
    looked: dict[str, int] = field(default_factory=dict)
    """Place → bytes that were looked at."""
    kept: dict[bytes, str] = field(default_factory=dict)
    """What is looked at in the end, when all secrets are known → where it was first."""

    def hide(self, *secrets: str | None, login: str | None = None) -> None:
        """These must not be found; with the login also as basic authentication has them."""
        for secret in secrets:
            if secret and len(secret) >= SHORTEST:
                self.secrets.add(secret)
                if login is not None:
                    self.secrets.add(base64.b64encode(f"{login}:{secret}".encode()).decode())

    def text(self, place: str, text: object) -> None:
        """A text that somebody may read."""
        self.kept.setdefault(str(text).encode(errors="replace"), place)

    def error(self, place: str, error: BaseException) -> None:
        """An error: its message, its traceback with all causes, and how they are written down."""
        self.text(f"{place} (traceback)", "".join(traceback.format_exception(error)))
        seen: BaseException | None = error
        while seen is not None:
            self.text(f"{place} (repr)", f"{seen!r} {seen.args!r} {getattr(seen, '__notes__', '')}")
            seen = seen.__cause__ or seen.__context__

    def files(self, folder: Path, *but: str) -> None:
        """All files below the folder as they are now, but for those of these names: their bytes,
        and what is compressed in them.
        """
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in but:
                place = str(path.relative_to(folder))
                try:
                    content = path.read_bytes()
                except FileNotFoundError:  # that of a database, which is gone with its reader
                    continue
                if content not in self.kept:
                    self.kept[content] = place
                    for part in _inside(path, content):
                        self.kept.setdefault(part, place)

    def found(self) -> list[str]:
        """`place: form of the secret`, each once."""
        wanted = {form: secret for secret in self.secrets for form in forms(secret)}
        hits = {}
        for content, place in self.kept.items():
            self.looked[place] = self.looked.get(place, 0) + len(content)
            for form, secret in wanted.items():
                if form in content:
                    at = content.index(form)
                    around = content[max(at - 80, 0) : at + len(form) + 20]
                    hits[f"{place}: {secret!r} in {around!r}"] = None
        self.kept.clear()
        return list(hits)


class Logged(logging.Handler):
    """Everything that is logged while it is attached to the root logger, with tracebacks."""

    def __init__(self, hunt: Hunt) -> None:
        super().__init__(logging.DEBUG)
        self._hunt = hunt
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Look at the line, and at what it was made of."""
        self._hunt.text(f"log of {record.name}", f"{self.format(record)} {record.args!r}")


def forms(secret: str) -> set[bytes]:
    """How a secret may be written down."""
    once = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr(secret.encode())[2:-1],
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        base64.b64encode(secret.encode()).decode(),
    }
    twice = {json.dumps(form)[1:-1] for form in once}
    return {form.encode() for form in once | twice}


def _inside(path: Path, content: bytes) -> Iterator[bytes]:
    if content.startswith(ARROW):
        with pa.ipc.open_file(pa.BufferReader(content)) as reader:
            yield str(reader.read_all().to_pylist()).encode()
    if content.startswith(SQLITE):
        yield from _values(path)


def _values(path: Path) -> Iterator[bytes]:
    """The values in a database: long ones are scattered over its pages, some are compressed."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from map(_bytes, row)


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


def lines(found: Iterable[str]) -> str:
    """What was found, for a message."""
    return "\n".join(found)
