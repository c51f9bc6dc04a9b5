"""What the service made of the records it was sent: read from its answers, or read again."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson
import pyarrow as pa

from tandem.connectors.base import ROW, Find, Page, Query
from tandem.connectors.http import Reply
from tandem.connectors.odata.page import PageReader
from tandem.connectors.odata.parts import Asked, asked
from tandem.connectors.odata.wire import Wires
from tandem.core.ids import record_ids
from tandem.errors import TandemError
from tandem.model.schema import Entity

_NO_CONDITION: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The moment that a condition's `today` counts from, where there is no condition."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How records of an entity are read: these fields, in this order."""

    entity: Entity
    names: tuple[str, ...]
    wires: Wires
    find: Find

    def pages(self, keys: pa.RecordBatch) -> Iterator[Page]:
        """The records with these keys."""
        return self.find(Query(entity=self.entity, fields=self.names, now=_NO_CONDITION), keys)


Rows = list[tuple[pa.Array, pa.RecordBatch]]
"""Row numbers with their records, piece by piece."""


def represented(reading: Reading, replies: Mapping[int, Reply]) -> tuple[Rows, list[int]]:
    """The records in the bodies of these replies, by row, and the rows whose body has none."""
    wanted = asked(reading.entity, reading.names, outermost=True)
    bodies = {row: body for row, r in replies.items() if (body := _record(r, wanted))}
    without = [row for row in replies if row not in bodies]
    if not bodies:
        return [], without
    reader = PageReader(reading.entity, reading.names, reading.wires)
    return list(_parsed(reader, list(bodies), list(bodies.values()))), without


def found_again(reading: Reading, keys: pa.RecordBatch, rows: Sequence[int]) -> Rows:
    """The records with these keys as they are now; those that cannot be read are left out."""
    found: Rows = []
    with suppress(TandemError):  # what was written was written
        found.extend(look.records for look in looked_up(reading, keys, rows))
    return found


@dataclass(frozen=True, slots=True)
class Look:
    """A page of a look at some rows' records."""

    records: tuple[pa.Array, pa.RecordBatch]
    unreadable: frozenset[int]
    """Rows whose record cannot be read."""
    strange: bool
    """Whether it has records of none of the rows, such as those with a key in another case."""


def looked_up(reading: Reading, keys: pa.RecordBatch, rows: Sequence[int]) -> Iterator[Look]:
    """The records with these keys, page by page; several rows may have the same key.

    Raises what reading raises: only one that came to its end tells what is not there.
    """
    if not rows:
        return
    rows_of: dict[str, list[int]] = {}
    for known, row in zip(record_ids(keys, reading.entity.key).to_pylist(), rows, strict=True):
        rows_of.setdefault(known, []).append(row)
    for page in reading.pages(keys):
        names = record_ids(page.records, reading.entity.key).to_pylist()
        places = [(row, at) for at, name in enumerate(names) for row in rows_of.get(name, ())]
        numbers = pa.array([row for row, _ in places], pa.int64())
        records = page.records.take(pa.array([at for _, at in places], pa.int64()))
        bad = [record.id for record in page.unreadable]
        yield Look(
            (numbers, records),
            frozenset(row for name in bad for row in rows_of.get(name, ())),
            not {*names, *bad} <= rows_of.keys(),
        )


def joined(pieces: Iterable[tuple[pa.Array, pa.RecordBatch]]) -> pa.RecordBatch | None:
    """One batch, in the order of the rows: ROW, the fields, and ETAG if any record has one."""
    tables = [
        pa.table([numbers, *records.columns], names=[ROW, *records.schema.names])
        for numbers, records in pieces
    ]
    if not tables:
        return None
    table = pa.concat_tables(tables, promote_options="default").sort_by(ROW)
    return table.combine_chunks().to_batches()[0] if table.num_rows else None


def piece(records: pa.RecordBatch | None, rows: Sequence[int] | None = None) -> Rows:
    """What `joined` gave, taken apart again; its row i becomes `rows[i]`."""
    if records is None or not records.num_rows:
        return []
    numbers = records.column(ROW)
    if rows is not None:
        numbers = pa.array(rows, pa.int64()).take(numbers)
    return [(numbers, records.drop_columns([ROW]))]


def _parsed(
    reader: PageReader, rows: list[int], bodies: list[bytes]
) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
    """All at once; by halves where one cannot be read, which is left out."""
    with suppress(TandemError):
        page = reader.read(b'{"value":[' + b",".join(bodies) + b"]}").page
        if not page.unreadable:
            yield pa.array(rows, pa.int64()), page.records
            return
    if len(rows) > 1:
        middle = len(rows) // 2
        yield from _parsed(reader, rows[:middle], bodies[:middle])
        yield from _parsed(reader, rows[middle:], bodies[middle:])


def _record(reply: Reply, wanted: Asked) -> bytes | None:
    """The record in the body of a reply, with its etag; None if it is not there as a whole."""
    try:
        members = orjson.loads(reply.body) if reply.body else None
    except ValueError:
        return None
    if not isinstance(members, dict) or not wanted.is_said_by(members):
        return None
    etag = _etag(reply)
    if etag is None or "@odata.etag" in members or "@etag" in members:
        return reply.body
    return b'{"@odata.etag":%s,' % json.dumps(etag).encode() + reply.body.lstrip()[1:]


def _etag(reply: Reply) -> str | None:
    """As a request gives it back: a character for each byte."""
    headers = reply.headers.raw
    return next((v.decode("latin-1") for name, v in headers if name.lower() == b"etag"), None)
