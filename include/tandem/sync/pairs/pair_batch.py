"""A plan of pairs as it is staged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG
from tandem.core.decided import Decision
from tandem.core.images import Image, Texts
from tandem.core.mapping import BoundMapping
from tandem.core.merge import FieldPair, Flags, Merged
from tandem.core.pairs import Refusal
from tandem.core.two_way import PairPlan
from tandem.sync import columns

NO_LINK: Final = pa.schema(
    [
        ("external_id", pa.string()),
        ("base_hash", pa.binary()),
        ("local_hash", pa.binary()),
    ]
)
"""What a link says of a pair; nulls where there is none."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Pairs of records that a plan is made for, one a row."""

    external_ids: pa.Array
    """Null where there is no external record and none is known."""
    local_ids: pa.Array
    """Of a local record that would be created: the id that it gets."""
    external: pa.RecordBatch
    """The external records; nulls where there is none."""
    local: pa.RecordBatch
    external_there: Flags
    local_there: Flags
    links: pa.RecordBatch
    """NO_LINK: what their links say."""
    of_local: bool
    """Whether they are looked at because of their local records."""
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    decided: Mapping[int, Decision] = field(default_factory=dict)
    """Row number → what a person has decided."""
    new_external_ids: pa.Array | None = None
    """The ids that external records get if they are created; null where their system chooses."""
    gone_on_purpose: bool = False
    """Whether the record that is missing is known to be gone, or out of the filter."""
    in_scope: Flags | None = None
    """Whether the local record may be uploaded; None: all may."""


@dataclass(slots=True)
class Sides:
    """Both sides' images, and what each would write to the other."""

    external: Image
    local: Image
    agreed: tuple[Texts, Texts]
    """The bases of both sides."""
    after: pa.RecordBatch
    """The local records, as far as is known how they will be."""
    fields: dict[str, FieldPair] = field(default_factory=dict)
    to_local: dict[str, pa.Array] = field(default_factory=dict)
    """Local field → what it would take from the external record."""
    to_external: dict[str, dict[str, pa.Array]] = field(default_factory=dict)
    """Field → external fields and what they would take from the local record."""
    local_problems: dict[str, dict[int, str]] = field(default_factory=dict)


def pair_batch(bound: BoundMapping, rows: Rows, sides: Sides, plan: PairPlan) -> pa.RecordBatch:
    """The plan as it is staged, in the columns of `sync.columns`."""
    count = rows.external.num_rows
    merged = plan.fields
    external_ids = _external_ids(rows, plan)
    local_given = {
        f.local.name: pa.array(merged[f.name].to_local) for f in bound.downloads if f.local
    }
    local = {name: sides.to_local[name] for name in local_given}
    external = {n: v for one in bound.uploads for n, v in sides.to_external[one.name].items()}
    external_given = {
        name: pa.array(np.logical_or.reduce([merged[one].to_external for one in sources]))
        for name, sources in _sources(bound).items()
    }
    after = {
        columns.EXTERNAL_AFTER: {n: m.external_after for n, m in merged.items()},
        columns.LOCAL_AFTER: {n: m.local_after for n, m in merged.items()},
    }
    return pa.RecordBatch.from_pydict(
        {
            columns.ACTION: plan.actions,
            columns.TO_LOCAL: plan.local,
            columns.TO_EXTERNAL: plan.external,
            columns.EXTERNAL_ID: external_ids,
            columns.LOCAL_ID: rows.local_ids,
            columns.BASE_HASH: rows.links.column("base_hash"),
            columns.LOCAL_HASH: rows.links.column("local_hash"),
            columns.MOVED_FROM: _moved(rows, external_ids),
            columns.REASON: plan.reasons,
            columns.WAITS: pa.array(plan.waits),
            columns.OF_LOCAL: pa.array(plan.rejects_local | rows.of_local),
            columns.ACCOUNTED: pa.array(plan.accounted),
            columns.UNLINKS: pa.array(plan.unlinks),
            columns.CLASHES: _clashes(sides, plan),
            columns.ETAG: _etags(rows.external),
            columns.LOCAL: columns.struct_of(local, count),
            columns.LOCAL_GIVEN: columns.struct_of(local_given, count),
            columns.LOCAL_SEEN: _seen(rows.local, bound.local_fields),
            columns.EXTERNAL: columns.struct_of(external, count),
            columns.EXTERNAL_GIVEN: columns.struct_of(external_given, count),
            columns.EXTERNAL_SEEN: _seen(rows.external, bound.external_fields),
            **{name: columns.struct_of(texts, count) for name, texts in after.items()},
        }
    )


def _sources(bound: BoundMapping) -> dict[str, list[str]]:
    """External field → the fields that it is sent for: several where it is made of several."""
    sources: dict[str, list[str]] = {}
    for one in bound.uploads:
        for receiver in one.receivers:
            sources.setdefault(receiver.name, []).append(one.name)
    return sources


def _seen(records: pa.RecordBatch, names: Sequence[str]) -> pa.StructArray:
    """The mapping's fields and the etags: read by id or from a listing, all plans look the same."""
    values = {name: records.column(name) for name in names}
    return columns.struct_of({**values, ETAG: _etags(records)}, records.num_rows)


def _external_ids(rows: Rows, plan: PairPlan) -> pa.Array:
    """The id of each external record, or the one that it is created with."""
    if rows.new_external_ids is None:
        return rows.external_ids
    created = pc.fill_null(pc.equal(plan.external, "create"), fill_value=False)
    return pc.if_else(created, rows.new_external_ids, rows.external_ids)


def _moved(rows: Rows, external_ids: pa.Array) -> pa.Array:
    """The external id that the link had before, where that is another one."""
    before = rows.links.column("external_id")
    stays = pc.fill_null(pc.equal(before, external_ids), fill_value=False)
    return pc.if_else(stays, pa.scalar(None, pa.string()), before)


def _clashes(sides: Sides, plan: PairPlan) -> pa.Array:
    """The fields that both sides changed differently, for people, as JSON text."""
    texts: list[str | None] = [None] * len(plan.clashes)
    for row in np.flatnonzero(plan.clashes).tolist():
        texts[row] = json.dumps(
            {
                name: _clash(sides.fields[name], merged, row)
                for name, merged in plan.fields.items()
                if merged.clashes[row]
            },
            ensure_ascii=False,
        )
    return pa.array(texts, pa.string())


def _clash(pair: FieldPair, merged: Merged, row: int) -> dict[str, str | None]:
    winner = "external" if merged.to_local[row] else "local" if merged.to_external[row] else None
    return {
        "base": pair.external_base[row].as_py(),
        "external": pair.external[row].as_py(),
        "local": pair.local[row].as_py(),
        "winner": winner,
    }


def _etags(records: pa.RecordBatch) -> pa.Array:
    if ETAG in records.schema.names:
        return records.column(ETAG)
    return pa.nulls(records.num_rows, pa.string())
