"""Creates, updates and deletes of one entity's records."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ROW, Find, Written
from tandem.connectors.odata.body import Column, bodies, has_long_numbers
from tandem.connectors.odata.channel import Channel
from tandem.connectors.odata.delivery import Bulk, Delivery, deliver
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.guard import altered, etags, gone, seen_fields, unusable
from tandem.connectors.odata.keys import key_of, record_path
from tandem.connectors.odata.made import (
    Reading,
    Rows,
    found_again,
    joined,
    looked_up,
    piece,
    represented,
)
from tandem.connectors.odata.outcomes import merged, not_written, reason, told, unreached
from tandem.connectors.odata.parts import annotations_wished
from tandem.connectors.odata.parts_cleared import lone_nulls, rows_of, sparing_others
from tandem.connectors.odata.query import collection_url
from tandem.connectors.odata.ready import Ready, made_ready, must_have_keys
from tandem.connectors.odata.requests import Request
from tandem.connectors.odata.wire import Wires
from tandem.core.values import arrow_type, record_hashes
from tandem.errors import RetryLater, StopRun, Unreachable
from tandem.model.schema import Entity

_SHORT: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_LONG: Final = {
    "Content-Type": "application/json;IEEE754Compatible=true",
    "Accept": "application/json;IEEE754Compatible=true",
}
"""With the parameter Int64 and Decimal travel as texts (OData JSON 4.01, 3.2). SAP CAP puts
numbers through a double, and takes texts."""
_RETURN: Final = "return=representation"
_ANY: Final = "*"
"""`If-Match: *`: a PATCH must not create (OData 4.01 Protocol, 11.4.4); some services refuse to
change anything without If-Match."""

_Make = Callable[[int, dict[str, str], bytes | None], Request | None]


@dataclass(frozen=True, slots=True)
class Write:
    """Writes of one entity through a channel."""

    channel: Channel
    entity: Entity
    wires: Wires
    find: Find
    returning: tuple[str, ...] = ()
    """Further fields that the answer tells of."""
    bulk: Bulk | None = None
    """What goes before; each of the others is a request of its own, alone or in a batch."""

    def create(self, records: pa.RecordBatch, *, replaces: bool) -> Written:
        """As `connectors.base.Writer.create`."""
        ready = made_ready(self.entity, records)
        path = collection_url("", self.entity)

        def request(row: int, headers: dict[str, str], body: bytes | None) -> Request:
            return Request(row, "POST", path, headers, body or b"{}")

        delivery = self._deliver(ready, ready.for_create(), request)
        written = self._settled(ready, delivery, "POST")
        return self._met(ready, delivery, written, replaces=replaces)

    def update(
        self,
        records: pa.RecordBatch,
        seen: pa.RecordBatch | None = None,
        given: pa.RecordBatch | None = None,
    ) -> Written:
        """As `connectors.base.Writer.update`."""
        ready = must_have_keys(made_ready(self.entity, records, given))
        try:
            ready = self._sparing_others(self._guarded(ready, seen))
        except RetryLater as error:
            return unreached(ready, error)
        known = etags(seen, records.num_rows)
        columns = ready.for_update()

        def request(row: int, headers: dict[str, str], body: bytes | None) -> Request | None:
            headers = {**headers, "If-Match": known[row] or _ANY}
            return Request(row, "PATCH", self._path(ready, row), headers, body) if body else None

        delivery = self._deliver(ready, columns, request)
        written = self._settled(ready, delivery, "PATCH", _rows_of(known))
        written = self._done_before(ready, delivery, written)
        if written.missing and any(column.field.by_navigation for column in columns):
            written = self._told_of_others(ready, delivery, written)
        return written

    def delete(self, keys: pa.RecordBatch, seen: pa.RecordBatch | None) -> Written:
        """As `connectors.base.Writer.delete`."""
        ready = must_have_keys(made_ready(self.entity, keys.select(list(self.entity.key))))
        try:
            ready = self._guarded(ready, seen)
        except RetryLater as error:
            return unreached(ready, error)
        known = etags(seen, keys.num_rows)

        def request(row: int, _headers: dict[str, str], _body: bytes | None) -> Request:
            headers = {"Accept": "application/json", "If-Match": known[row] or _ANY}
            return Request(row, "DELETE", self._path(ready, row), headers)

        delivery = self._deliver(ready, [], request)
        written = told(self.channel.http, delivery, "DELETE", ready, _rows_of(known))
        return self._gone_before(ready, delivery, written)

    def _guarded(self, ready: Ready, seen: pa.RecordBatch | None) -> Ready:
        """Without the rows whose record is not as it was seen, where no etag says so.

        Raises RetryLater if that cannot be found out.
        """
        rows = ready.records.num_rows
        if not seen_fields(seen):
            bad = dict.fromkeys(unusable(seen, rows), "its etag is none that can be sent back")
            return replace(ready, problems={**bad, **ready.problems})
        known = etags(seen, rows)
        keys = {row: key for row in ready.fit if not known[row] and (key := ready.key(row))}
        if seen is None or not keys:
            return ready
        reading = self._reading(seen_fields(seen))
        return replace(ready, altered=altered(reading, self._keys(keys), list(keys), seen))

    def _sparing_others(self, ready: Ready) -> Ready:
        """With no null for a part of a lookup that refers to something else.

        Raises RetryLater if that cannot be found out.
        """
        nulls = lone_nulls(ready)
        alone = rows_of(nulls)
        keys = {row: key for row in ready.fit if row in alone and (key := ready.key(row))}
        if not keys:
            return ready
        looks = list(looked_up(self._reading(nulls), self._keys(keys), list(keys)))
        return sparing_others(ready, nulls, looks, list(keys))

    def _path(self, ready: Ready, row: int) -> str:
        return record_path(self.entity, list((ready.key(row) or {}).values()))

    def _deliver(self, ready: Ready, columns: list[Column], make: _Make) -> Delivery:
        long_numbers = has_long_numbers(column.field for column in columns)
        wished = annotations_wished(self.entity, (*ready.records.schema.names, *self.returning))
        prefer = ",".join(filter(None, (_RETURN, wished)))
        headers = {**(_LONG if long_numbers else _SHORT), "Prefer": prefer}
        texts = bodies(columns, ready.records.num_rows, dialect_of(self.entity))
        requests = [made for row in ready.fit if (made := make(row, headers, texts[row]))]
        early = self.bulk.deliver(self.entity, requests) if self.bulk else Delivery()
        left = [request for request in requests if request.row not in early.named]
        try:
            return early.and_then(self._one_by_one(left))
        except StopRun as error:  # what was done before has to be told
            if not (early.named or early.repeated):
                raise
            rows = [request.row for request in left]
            return early.and_then(Delivery(unsent=rows, stopped_by=Unreachable(error.problem)))

    def _one_by_one(self, requests: Sequence[Request]) -> Delivery:
        if not requests:
            return Delivery()
        try:
            self.channel.open(self.entity, len(requests))
        except RetryLater as error:
            return Delivery(unsent=[request.row for request in requests], stopped_by=error)
        return deliver(self.channel, self.channel.form_for(self.entity), requests)

    def _settled(
        self, ready: Ready, delivery: Delivery, method: str, guarded: Container[int] = ()
    ) -> Written:
        written = told(self.channel.http, delivery, method, ready, guarded)
        return replace(written, records=joined(self._made(ready, delivery, written)))

    def _made(self, ready: Ready, delivery: Delivery, written: Written) -> Rows:
        """The records that were written: from the answers, or read again, many at a time."""
        aside = not_written(written)
        done = {row: delivery.replies.get(row) for row in ready.fit if row not in aside}
        answered = {row: reply for row, reply in done.items() if reply is not None}
        made, without = represented(
            self._reading((*ready.records.schema.names, *self.returning)), answered
        )
        keys = {row: self._key(ready, delivery, row) for row in done if row not in answered}
        keys |= {row: self._key(ready, delivery, row) for row in without}
        known = {row: key for row, key in keys.items() if key}
        return made + found_again(
            self._reading((*ready.records.schema.names, *self.returning)),
            self._keys(known),
            list(known),
        )

    def _key(self, ready: Ready, delivery: Delivery, row: int) -> Mapping[str, Any] | None:
        """The key of a record that was written; a new one's may stand in the answer's headers."""
        if row in delivery.replies:
            headers = delivery.replies[row].headers
            url = headers.get("OData-EntityId") or headers.get("Location") or ""
            if key := key_of(self.entity, url):
                return key
        return ready.key(row)

    def _keys(self, keys: Mapping[int, Mapping[str, Any]]) -> pa.RecordBatch:
        types = [(name, arrow_type(self.entity.field(name))) for name in self.entity.key]
        return pa.RecordBatch.from_pylist(list(keys.values()), schema=pa.schema(types))

    def _reading(self, fields: Iterable[str]) -> Reading:
        names = tuple(dict.fromkeys((*self.entity.key, *fields)))
        return Reading(self.entity, names, self.wires, self.find)

    def _there(self, ready: Ready, rows: list[int]) -> pa.RecordBatch | None:
        """The records that have the keys of these rows, as they are now."""
        keys = {row: key for row in rows if (key := ready.key(row))}
        return joined(
            found_again(
                self._reading((*ready.records.schema.names, *self.returning)),
                self._keys(keys),
                list(keys),
            )
        )

    def _met(
        self, ready: Ready, delivery: Delivery, written: Written, *, replaces: bool
    ) -> Written:
        """A create that was refused may have met a record with its key: that is looked up.

        No two services say so alike: SAP CAP answers 500, others 400, 409 or 412.
        """
        there = self._there(ready, [row for row in written.rejected if row in delivery.replies])
        if there is None:
            return written
        rows = there.column(ROW)
        names = ready.records.schema.names
        mine = record_hashes([ready.records.column(name).take(rows) for name in names])
        same = pc.equal(mine, record_hashes([there.column(name) for name in names]))
        others = rows.filter(pc.invert(same)).to_pylist()
        met = set(rows.to_pylist())
        left = {row: why for row, why in written.rejected.items() if row not in met}
        pieces = [*piece(written.records), *piece(there.filter(same))]
        written = replace(written, rejected=left, records=joined(pieces))
        if not others:
            return written
        if not replaces:
            return replace(written, changed=tuple(sorted((*written.changed, *others))))
        try:
            taken = self.update(ready.records.take(pa.array(others)))
        except StopRun as error:  # the others were created, and have to be told
            taken = Written(rejected=dict.fromkeys(range(len(others)), error.problem))
        written = merged(written, taken, others)
        return replace(written, records=joined([*pieces, *piece(taken.records, others)]))

    def _done_before(self, ready: Ready, delivery: Delivery, written: Written) -> Written:
        """A 412 to an update that was sent once more may speak of what it did the first time.

        All parts of a lookup are compared: the null that clears it may be another target's too.
        """
        there = self._there(ready, [row for row in written.changed if row in delivery.repeated])
        if there is None:
            return written
        rows = there.column(ROW)
        mine, now = [], []
        for column in ready.given_for_update():
            given = None if column.given is None else column.given.take(rows)
            mine.append(_only(column.values.take(rows), given))
            now.append(_only(there.column(column.field.name), given))
        same = pc.equal(record_hashes(mine), record_hashes(now))
        done = set(rows.filter(same).to_pylist())
        return replace(
            written,
            changed=tuple(row for row in written.changed if row not in done),
            records=joined([*piece(written.records), *piece(there.filter(same))]),
        )

    def _gone_before(self, ready: Ready, delivery: Delivery, written: Written) -> Written:
        """The same of a delete: what is not there any more was deleted."""
        rows = [row for row in written.changed if row in delivery.repeated]
        keys = {row: key for row in rows if (key := ready.key(row))}
        done = gone(self._reading(()), self._keys(keys), list(keys))
        return replace(
            written,
            missing=tuple(row for row in written.missing if row not in delivery.repeated),
            changed=tuple(row for row in written.changed if row not in done),
        )

    def _told_of_others(self, ready: Ready, delivery: Delivery, written: Written) -> Written:
        """A 404 may speak of the record that a lookup refers to, as Dataverse's does."""
        there = self._there(ready, list(written.missing))
        here = set() if there is None else set(there.column(ROW).to_pylist())
        refused = {row: reason(delivery.replies[row]) for row in here}
        return replace(
            written,
            missing=tuple(row for row in written.missing if row not in here),
            rejected={**written.rejected, **refused},
        )


def _rows_of(etags: Sequence[str | None]) -> set[int]:
    return {row for row, etag in enumerate(etags) if etag}


def _only(values: pa.Array, given: pa.Array | None) -> pa.Array:
    """The values that are given; null for the others."""
    return values if given is None else pc.if_else(given, values, pa.scalar(None, values.type))
