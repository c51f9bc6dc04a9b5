"""The records of one side of an entity mapping: read by id or by key, and laid beside others."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, Connector, Page, Query
from tandem.core.filters.absent import as_unset
from tandem.core.filters.relations import Relations, SideName, compared, relations
from tandem.core.ids import key_columns, record_ids
from tandem.core.mapping import BoundMapping
from tandem.core.values import arrow_type
from tandem.model.filters import Condition
from tandem.model.schema import Entity, Schema
from tandem.sync.job import Job


@dataclass(frozen=True, slots=True)
class Held:
    """Records of one side, with their ids."""

    records: pa.RecordBatch
    ids: pa.Array
    unreadable: dict[str, str] = field(default_factory=dict)
    """Id → why the record that is there cannot be read."""

    def beside(self, ids: pa.Array) -> pa.RecordBatch:
        """The record of each of these ids; nulls where it is not held."""
        return self.records.take(pc.index_in(ids, value_set=self.ids))

    def holds(self, ids: pa.Array) -> pa.Array:
        """For each of these ids whether its record is held."""
        return pc.is_in(ids, value_set=self.ids)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an entity mapping."""

    name: str
    connector: Connector
    entity: Entity
    fields: tuple[str, ...]
    existing: frozenset[str]
    """The fields that are there; those that a preview only expects have no values."""
    relations: Relations
    job: Job
    known: Schema | None = None
    """What is there of the entities that filters look at; None: all of it."""

    @property
    def is_there(self) -> bool:
        """Whether the entity exists: a preview may be about one that is still to be made."""
        return bool(self.existing)

    def query(self, condition: Condition | None = None) -> Query:
        """The fields of the mapping, of the records that satisfy the condition."""
        fields = tuple(name for name in self.fields if name in self.existing)
        asked = self.evaluable(condition)
        return Query(self.entity, fields, self.job.now(), asked, relations=self.relations)

    def evaluable(self, condition: Condition | None) -> Condition | None:
        """The condition as the system can evaluate it by now: what is still to be made is null."""
        if condition is None or self.known is None or not self.is_there:
            return condition
        return as_unset(condition, self._is_absent, self.entity.key[0])

    def completed(self, records: pa.RecordBatch) -> pa.RecordBatch:
        """The records with nulls in the fields that are still to be made."""
        for name in self.fields:
            if name not in self.existing:
                kind = arrow_type(self.entity.field(name))
                records = records.append_column(name, pa.nulls(records.num_rows, kind))
        return records

    def _is_absent(self, name: str) -> bool:
        """Whether a field, or what it takes to reach that of a lookup's target, is not there."""
        found = compared(name, self.entity, self.relations)
        if found.relation is None:
            return found.field.name not in self.existing
        target = self.known.by_name.get(found.relation.entity.name) if self.known else None
        there = target.by_name.keys() if target else frozenset()
        return (
            found.lookup not in self.existing or not {found.field.name, found.relation.on} <= there
        )

    def of_ids(self, ids: pa.Array, condition: Condition | None = None) -> Held:
        """The records with these ids that are there (and satisfy the condition)."""
        wanted = pc.unique(ids.drop_null())
        if not len(wanted) or not self.is_there:
            return self.held([])
        keys = key_columns(wanted, self.entity)
        return self.held(list(self.connector.find(self.query(condition), keys)))

    def of_keys(self, keys: pa.RecordBatch, condition: Condition | None = None) -> Held:
        """The records whose fields equal one of the rows of `keys` (and satisfy the condition)."""
        if not {*keys.schema.names} <= self.existing:
            return self.held([])
        return self.held(list(self.connector.find(self.query(condition), keys)))

    def held(self, pages: list[Page]) -> Held:
        """The records of these pages; of one that came twice the last."""
        unreadable = {u.id: u.reason for page in pages for u in page.unreadable}
        tables = [pa.Table.from_batches([page.records]) for page in pages]
        table = pa.concat_tables([self._nothing().slice(0, 0), *tables], promote_options="default")
        batch = table.combine_chunks().to_batches() or [self._empty()]
        records = batch[0].select([*self.fields, ETAG])
        ids = record_ids(records, self.entity.key)
        if len(pc.unique(ids)) < len(ids):
            records, ids = _last_of_each(records, ids)
        return Held(records, ids, unreadable)

    def _nothing(self) -> pa.Table:
        return pa.Table.from_batches([self._empty()])

    def _empty(self) -> pa.RecordBatch:
        types = {name: arrow_type(self.entity.field(name)) for name in self.fields}
        arrays = [pa.array([], kind) for kind in (*types.values(), pa.string())]
        return pa.RecordBatch.from_arrays(arrays, names=[*types, ETAG])


def filter_of(bound: BoundMapping, side: str) -> Condition | None:
    """Which records of that side travel."""
    return bound.mapping.download_filter if side == "external" else bound.mapping.upload_filter


def external_side(job: Job, bound: BoundMapping) -> Side:
    """The external side of that mapping."""
    fields = bound.external_fields
    leads = relations_of(job, bound, "external")
    return Side("external", job.external, bound.external, fields, frozenset(fields), leads, job)


def local_side(job: Job, bound: BoundMapping) -> Side:
    """The local side of that mapping."""
    known = job.schemas["existing"]
    entity = known.by_name.get(bound.local.name)
    existing = frozenset(entity.by_name) if entity else frozenset()
    leads = relations_of(job, bound, "local")
    return Side("local", job.local, bound.local, bound.local_fields, existing, leads, job, known)


def relations_of(job: Job, bound: BoundMapping, side: SideName) -> Relations:
    """Where the lookups of that side of the mapping lead."""
    return relations(job.integration, bound.mapping, job.schemas[side], side)


def _last_of_each(records: pa.RecordBatch, ids: pa.Array) -> tuple[pa.RecordBatch, pa.Array]:
    places = pa.table({"id": ids, "row": pa.array(range(len(ids)), pa.int64())})
    rows = places.group_by("id").aggregate([("row", "max")])["row_max"].combine_chunks()
    return records.take(rows), ids.take(rows)
