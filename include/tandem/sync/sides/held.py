"""The records of one side of an entity mapping: read by id or by key, and laid beside others."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, Connector, Page, Query
from tandem.core.filters.relations import Relations, SideName, own_fields, relations
from tandem.core.ids import key_columns, record_ids
from tandem.core.mapping import BoundMapping
from tandem.core.values import arrow_type
from tandem.model.filters import Condition, fields_of
from tandem.model.schema import Entity
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

    @property
    def is_there(self) -> bool:
        """Whether the entity exists: a preview may be about one that is still to be made."""
        return bool(self.existing)

    def query(self, condition: Condition | None = None) -> Query:
        """The fields of the mapping, of the records that satisfy the condition."""
        fields = tuple(name for name in self.fields if name in self.existing)
        return Query(self.entity, fields, self.job.now(), condition, relations=self.relations)

    def of_ids(self, ids: pa.Array, condition: Condition | None = None) -> Held:
        """The records with these ids that are there (and satisfy the condition)."""
        wanted = pc.unique(ids.drop_null())
        if not len(wanted) or not self.is_there:
            return self.held([])
        keys = key_columns(wanted, self.entity)
        return self.held(list(self.connector.find(self.query(condition), keys)))

    def of_keys(self, keys: pa.RecordBatch, condition: Condition | None = None) -> Held:
        """The records whose fields equal one of the rows of `keys` (and satisfy the condition)."""
        needed = own_fields(fields_of(condition), self.entity)
        if not {*keys.schema.names, *needed} <= self.existing:
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
    known = job.schemas["existing"].by_name.get(bound.local.name)
    existing = frozenset(known.by_name) if known else frozenset()
    leads = relations_of(job, bound, "local")
    return Side("local", job.local, bound.local, bound.local_fields, existing, leads, job)


def relations_of(job: Job, bound: BoundMapping, side: SideName) -> Relations:
    """Where the lookups of that side of the mapping lead."""
    return relations(job.integration, bound.mapping, job.schemas[side], side)


def _last_of_each(records: pa.RecordBatch, ids: pa.Array) -> tuple[pa.RecordBatch, pa.Array]:
    places = pa.table({"id": ids, "row": pa.array(range(len(ids)), pa.int64())})
    rows = places.group_by("id").aggregate([("row", "max")])["row_max"].combine_chunks()
    return records.take(rows), ids.take(rows)
