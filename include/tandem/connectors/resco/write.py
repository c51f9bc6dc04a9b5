"""Writes of one entity's records: many at once by the data service, guarded ones by OData.

The data service knows no versions; OData takes `If-Match` (Resco wiki, "OData service").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from tandem.connectors.base import Written
from tandem.connectors.http import Reply
from tandem.connectors.http_errors import error_code
from tandem.connectors.odata.body import Column
from tandem.connectors.odata.delivery import Delivery
from tandem.connectors.odata.guard import gone
from tandem.connectors.odata.made import Rows
from tandem.connectors.odata.outcomes import unreached
from tandem.connectors.odata.ready import Ready, made_ready, must_have_keys
from tandem.connectors.odata.requests import Request
from tandem.connectors.odata.write import Write
from tandem.connectors.resco.batches import delivered
from tandem.connectors.resco.elements import entity_elements
from tandem.connectors.resco.reading import is_lookup
from tandem.connectors.resco.references import (
    BIND,
    TYPED,
    Learnt,
    as_sent,
    has_references,
)
from tandem.connectors.resco.rest import DataService
from tandem.connectors.resco.schema import BATCH
from tandem.errors import RetryLater

_REFUSED: Final = (400, 500)
"""Statuses with which the service refuses what it cannot read; it documents 500."""
_OK: Final = range(200, 300)

_Make = Callable[[int, dict[str, str], bytes | None], Request | None]


@dataclass(frozen=True, kw_only=True)
class RescoWrite(Write):
    """Writes of one entity in Resco's names."""

    service: DataService
    learnt: Learnt

    def create(self, records: pa.RecordBatch, *, replaces: bool) -> Written:
        """As `connectors.base.Writer.create`: by Create, or by Upsert where keys are given."""
        ready = made_ready(self.entity, records)
        try:
            ready = self._sparing_others(ready) if replaces else ready
        except RetryLater as error:
            return unreached(ready, error)
        columns = ready.for_update() if replaces else ready.for_create()
        actions = {row: "Upsert" if replaces and ready.key(row) else "Create" for row in ready.fit}
        ready, delivery = self._executed(ready, columns, actions)
        written = self._settled(ready, delivery, "POST")
        return written if replaces else self._met(ready, delivery, written, replaces=False)

    def update(
        self,
        records: pa.RecordBatch,
        seen: pa.RecordBatch | None = None,
        given: pa.RecordBatch | None = None,
    ) -> Written:
        """As `connectors.base.Writer.update`: what was seen needs OData's guard."""
        if seen is not None:
            return super().update(records, seen, given)
        ready = must_have_keys(made_ready(self.entity, records, given))
        try:
            ready = self._sparing_others(ready)
        except RetryLater as error:
            return unreached(ready, error)
        columns = ready.for_update()
        given_in = {row for row in ready.fit for c in columns if _is_given(c, row)}
        actions = {row: "Update" for row in ready.fit if row in given_in}
        ready, delivery = self._executed(ready, columns, actions)
        return self._not_there(ready, self._settled(ready, delivery, "PATCH"))

    def _executed(
        self, ready: Ready, columns: Sequence[Column], actions: dict[int, str]
    ) -> tuple[Ready, Delivery]:
        """The rows sent by the data service; those that XML cannot carry are put aside."""
        values = as_sent(columns, TYPED)
        name = self.entity.key[0]
        if all(column.field.name != name for column in values) and (key := self._key_column(ready)):
            values = [key, *values]
        elements, refused = entity_elements(self.entity.name, actions, values)
        ready = replace(ready, problems={**refused, **ready.problems})
        named = {row for row in elements if ready.key(row)}
        return ready, delivered(self.service, self.entity.name, elements, BATCH, named)

    def _key_column(self, ready: Ready) -> Column | None:
        name = self.entity.key[0]
        if name not in ready.records.schema.names:
            return None
        values = ready.records.column(name)
        return Column(self.entity.field(name), values, values.is_valid())

    def _not_there(self, ready: Ready, written: Written) -> Written:
        """A fault may say that there is no such record: that is looked up."""
        keys = {
            row: key for row in written.rejected if row in ready.fit and (key := ready.key(row))
        }
        absent = gone(self._reading(()), self._keys(keys), list(keys))
        return replace(
            written,
            rejected={row: why for row, why in written.rejected.items() if row not in absent},
            missing=tuple(sorted({*written.missing, *absent})),
        )

    def _deliver(self, ready: Ready, columns: list[Column], make: _Make) -> Delivery:
        """By OData. Lookups in the form that the service takes, which is found out by writing."""
        if not has_references(column.field for column in columns):
            return super()._deliver(ready, as_sent(columns, BIND), make)
        form = self.learnt.form
        first = super()._deliver(ready, as_sent(columns, form), make)
        done = [row for row, reply in first.replies.items() if reply.status in _OK]
        refused = [row for row, reply in first.replies.items() if _is_refused(reply)]
        if done or self.learnt.proven or not refused:
            self.learnt.proven = self.learnt.proven or _wrote_lookups(columns, done)
            return first
        other = TYPED if form is BIND else BIND
        narrowed = replace(ready, altered=ready.altered | ({*ready.fit} - {*refused}))
        second = super()._deliver(narrowed, as_sent(columns, other), make)
        if any(reply.status in _OK for reply in second.replies.values()):
            self.learnt.form, self.learnt.proven = other, True
        return _second_of(first, second)

    def _made(self, ready: Ready, delivery: Delivery, written: Written) -> Rows:
        """What has lookups is read again: answers show them in one of several forms."""
        names = (*ready.records.schema.names, *self.returning)
        if any(is_lookup(self.entity.field(name)) for name in names):
            bare = {row: _bare(reply) for row, reply in delivery.replies.items()}
            delivery = replace(delivery, replies=bare)
        return super()._made(ready, delivery, written)


def _is_given(column: Column, row: int) -> bool:
    return column.given is None or bool(column.given[row].as_py())


def _wrote_lookups(columns: Sequence[Column], rows: Sequence[int]) -> bool:
    """Whether a record among these rows got a reference to another."""
    fields = [column for column in columns if has_references([column.field])]
    return any(
        column.values[row].is_valid and _is_given(column, row) for column in fields for row in rows
    )


def _is_refused(reply: Reply) -> bool:
    return reply.status in _REFUSED and error_code(reply.body) is not None


def _bare(reply: Reply) -> Reply:
    return Reply(reply.status, reply.headers, b"" if reply.status in _OK else reply.body)


def _second_of(first: Delivery, second: Delivery) -> Delivery:
    """The first delivery with what the second try did; what it refused too, the first tells."""
    done = {row: reply for row, reply in second.replies.items() if not _is_refused(reply)}
    lost = {*second.unknown}
    kept = {row: reply for row, reply in first.replies.items() if row not in lost}
    return replace(
        first,
        replies={**kept, **done},
        unknown=[*first.unknown, *lost],
        repeated=first.repeated | second.repeated,
        stopped_by=first.stopped_by or second.stopped_by,
    )
