"""Writing to the memory connector's store: what becomes of each row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace as with_changes
from typing import Any

import pyarrow as pa

from tandem.connectors.base import ETAG, ROW, Written
from tandem.connectors.memory_store import Cut, Habits, Key, Record, Store
from tandem.connectors.pages import page_of
from tandem.connectors.patterns import by_pattern, rows_written
from tandem.connectors.seen import differing, with_marks
from tandem.core.fit import fit
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity


class Writing:
    """The writes to one entity of a store."""

    def __init__(self, store: Store, entity: Entity) -> None:
        self._store = store
        self._entity = entity
        self._able = store.entities[entity.name].capabilities
        self._there = store.records[entity.name]

    def create(
        self, records: pa.RecordBatch, cut: Cut | None, returning: Sequence[str], *, replace: bool
    ) -> Written:
        """Insert the records that are not there; the others take these values, if told so."""
        keys: dict[int, Key] = {}
        written = self._create(_sent(records, cut), keys, replace=replace)
        return self._answered(records, _named(written, cut, records), keys, returning)

    def update(
        self,
        records: pa.RecordBatch,
        cut: Cut | None,
        seen: pa.RecordBatch | None,
        given: pa.RecordBatch | None,
        returning: Sequence[str],
    ) -> Written:
        """Set the fields given on the records that are there, and are as they were seen."""
        sent, seen, given = _sent(records, cut), _sent(seen, cut), _sent(given, cut)
        written = _named(by_pattern(sent, seen, given, self._update), cut, records)
        parts = [fit(records[n], self._entity.field(n)).values for n in self._entity.key]
        rows = zip(*(part.to_pylist() for part in parts), strict=True)
        return self._answered(records, written, dict(enumerate(rows)), returning)

    def delete(self, keys: pa.RecordBatch, cut: Cut | None, seen: pa.RecordBatch | None) -> Written:
        """Remove the records that are there, and are as they were seen."""
        written = self._delete(_sent(keys.select(self._entity.key), cut), _sent(seen, cut))
        return _named(written, cut, keys)

    def _create(self, records: pa.RecordBatch, keys: dict[int, Key], *, replace: bool) -> Written:
        """Note the keys of the rows in `keys`."""
        entity = self._entity
        if not self._able.client_keys:
            records = records.drop_columns([n for n in records.schema.names if n in entity.key])
        fields = records.select([n for n in records.schema.names if n not in entity.key])
        rows, rejected = self._checked(records, able=self._able.creates)
        lacking = _lacking(entity, records)
        changed = []
        for row, values in rows.items():
            key = tuple(values.get(name) for name in entity.key)
            if key not in self._there and lacking:
                rejected[row] = lacking
                continue
            if key not in self._there:
                whole = {**dict.fromkeys(entity.by_name), **values}
                key = self._store.save(entity.name, whole)
            elif replace:
                self._store.save(entity.name, {**self._there[key], **values})
            elif self._otherwise({row: key}, fields):
                changed.append(row)
            keys[row] = key
        return Written(rejected, changed=tuple(changed))

    def _update(self, records: pa.RecordBatch, seen: pa.RecordBatch | None) -> Written:
        rows, rejected = self._checked(records, able=self._able.updates)
        keys = self._keys(rows)
        written = self._compared(keys, seen)
        for row in _others(keys, written):
            if fixed := self._fixed(keys[row], rows[row]):
                rejected[row] = fixed
                continue
            self._store.save(self._entity.name, {**self._there[keys[row]], **rows[row]})
        return with_changes(written, rejected=rejected)

    def _delete(self, records: pa.RecordBatch, seen: pa.RecordBatch | None) -> Written:
        rows, rejected = self._checked(records, able=self._able.removes)
        keys = self._keys(rows)
        written = self._compared(keys, seen)
        for row in _others(keys, written):
            self._store.remove(self._entity.name, *keys[row])
        return with_changes(written, rejected=rejected)

    def _checked(
        self, records: pa.RecordBatch, *, able: bool
    ) -> tuple[dict[int, Record], dict[int, str]]:
        """The rows that fit their fields, and why the others do not; none if it is not done."""
        if able:
            return _checked(self._entity, records)
        return {}, dict.fromkeys(range(records.num_rows), f"{self._entity.name} does not take this")

    def _fixed(self, key: Key, values: Record) -> str:
        """Why the record does not take these values: a field that it has for good."""
        there, fields = self._there[key], self._entity.by_name
        fixed = [n for n, value in values.items() if fields[n].immutable and there[n] != value]
        return f"field {fixed[0]!r}: can be given to new records only" if fixed else ""

    def _keys(self, rows: Mapping[int, Record]) -> dict[int, Key]:
        name = self._entity.name
        return {row: self._store.key_of(name, values) for row, values in rows.items()}

    def _compared(self, keys: Mapping[int, Key], seen: pa.RecordBatch | None) -> Written:
        """Which rows' records are missing, or otherwise than they were seen."""
        known = {row: key for row, key in keys.items() if key in self._there}
        missing = tuple(sorted(keys.keys() - known.keys()))
        changed = () if seen is None else self._otherwise(known, seen)
        return Written(missing=missing, changed=changed)

    def _otherwise(self, keys: Mapping[int, Key], seen: pa.RecordBatch) -> tuple[int, ...]:
        """The rows whose record has another etag than `seen`, or without etags other fields."""
        etags = self._able.optimistic_concurrency and ETAG in seen.schema.names
        names = [ETAG] if etags else [name for name in seen.schema.names if name != ETAG]
        now = self._now(keys, names)
        rows = now.column(ROW)
        differs = differing(now, seen.select(names).take(rows), self._entity).to_pylist()
        same = {row for row, other in zip(rows.to_pylist(), differs, strict=True) if not other}
        return tuple(sorted(keys.keys() - same))

    def _now(self, keys: Mapping[int, Key], names: Iterable[str]) -> pa.RecordBatch:
        """ROW and these columns of the records with these keys, without the unreadable ones."""
        entity = self._entity
        records = [self._there[key] for key in keys.values()]
        fields = [name for name in (*entity.key, *names) if name != ETAG]
        columns: dict[str, list[Any]] = {n: [value(r, n) for r in records] for n in fields}
        columns[ROW] = list(keys)
        columns[ETAG] = [self._store.etag(entity.name, key) for key in keys.values()]
        return page_of(columns, with_marks(entity), (ROW, *dict.fromkeys(names))).records

    def _answered(
        self,
        records: pa.RecordBatch,
        written: Written,
        keys: Mapping[int, Key],
        returning: Sequence[str],
    ) -> Written:
        """The answer with the records as they are, where that is not exactly what was given."""
        habits = self._store.habits[self._entity.name]
        etags = self._able.optimistic_concurrency
        given = set(self._entity.key) <= set(records.schema.names)
        if self._able.client_keys and given and not etags and habits == Habits():
            return written
        done = {row: keys[row] for row in rows_written(written, records.num_rows)}
        names = (*self._entity.key, *records.schema.names, *returning, *([ETAG] if etags else []))
        return with_changes(written, records=self._now(done, names))


def value(record: Record, name: str) -> Any:
    """The record's value; ConfigurationError if it has no such field."""
    if name not in record:
        raise ConfigurationError(
            f"The record has no field {name!r}.", remedy="Read the schema again."
        )
    return record[name]


def _lacking(entity: Entity, records: pa.RecordBatch) -> str:
    """Why these columns are too few for a new record; empty if they are not."""
    given = {*records.schema.names, *entity.key}
    lacking = [f.name for f in entity.fields if f.is_required and f.name not in given]
    return f"field {lacking[0]!r}: a new record has to have it" if lacking else ""


def _others(keys: Mapping[int, Key], named: Written) -> list[int]:
    """The rows that the answer does not name, the first first."""
    kept = {*named.missing, *named.changed}
    return [row for row in keys if row not in kept]


def _sent(batch: Any, cut: Cut | None) -> Any:
    """The rows that reach the system."""
    return batch if cut is None or batch is None else batch.slice(0, cut.done)


def _named(written: Written, cut: Cut | None, records: pa.RecordBatch) -> Written:
    """The answer without that on rows whose answer is lost, and with those that were not sent."""
    if cut is None:
        return written
    lost = set(cut.unknown)
    return Written(
        rejected={row: why for row, why in written.rejected.items() if row not in lost},
        missing=tuple(row for row in written.missing if row not in lost),
        changed=tuple(row for row in written.changed if row not in lost),
        unsent=tuple(row for row in range(cut.done, records.num_rows) if row not in lost),
        unknown=cut.unknown,
        stopped_by=cut.because,
    )


def _checked(entity: Entity, records: pa.RecordBatch) -> tuple[dict[int, Record], dict[int, str]]:
    """The rows that fit their fields, and why the others do not, by row number."""
    rejected: dict[int, str] = {}
    columns = {}
    for name, values in zip(records.schema.names, records.columns, strict=True):
        fitted = fit(values, entity.field(name))
        columns[name] = fitted.values
        rejected = {**fitted.problems, **rejected}
    rows = pa.RecordBatch.from_pydict(columns).to_pylist()
    return {row: values for row, values in enumerate(rows) if row not in rejected}, rejected
