"""Whether records still are what they were when a write was planned."""

import json
from decimal import Decimal
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, ROW
from tandem.core.fit import fit
from tandem.model.schema import Entity, Field, Kind


def with_marks(entity: Entity) -> Entity:
    """The entity with ROW and ETAG as fields, so that pages can carry them like others."""
    marks = (Field(name=ROW, kind=Kind.INT64), Field(name=ETAG, kind=Kind.STRING))
    return Entity(name=entity.name, key=entity.key, fields=(*entity.fields, *marks))


def differing(now: pa.RecordBatch, seen: pa.RecordBatch, entity: Entity) -> pa.Array:
    """For each row, whether a field of `seen` is another one in `now`, which has its columns.

    Null equals null. An ETAG that is null was not seen, and so is not compared.
    """
    marked = with_marks(entity)
    none = pa.repeat(pa.scalar(False), now.num_rows)
    found = [_differing(now[n], seen[n], marked.field(n)) for n in seen.schema.names]
    return reduce(pc.or_, found, none)


def _differing(now: pa.Array, seen: pa.Array, field: Field) -> pa.Array:
    lenient = field.model_copy(update={"max_length": None, "nullable": True})
    fitted = fit(seen, lenient)
    same = _equal(now, fitted.values)
    if field.kind is Kind.JSON:
        same = _equal_json(now, fitted.values, same)
    if field.name == ETAG:
        same = pc.or_(same, seen.is_null())
    misfits = pa.array([row in fitted.problems for row in range(len(seen))], pa.bool_())
    return pc.or_(pc.invert(same), misfits)


def _equal(one: pa.Array, other: pa.Array) -> pa.Array:
    equal = pc.fill_null(pc.equal(one, other), fill_value=False)
    neither = pc.and_(one.is_null(), other.is_null())
    if pa.types.is_floating(one.type):
        nan = pc.and_(pc.is_nan(one), pc.is_nan(other))
        equal = pc.or_(equal, pc.fill_null(nan, fill_value=False))
    return pc.or_(equal, neither)


def _equal_json(now: pa.Array, seen: pa.Array, same: pa.Array) -> pa.Array:
    """Systems may write a JSON value in their own way; only texts that differ are looked into."""
    if pc.all(same).as_py():
        return same
    return pa.array(
        [
            equal or (one is not None and other is not None and _meaning(one) == _meaning(other))
            for equal, one, other in zip(
                same.to_pylist(), now.to_pylist(), seen.to_pylist(), strict=True
            )
        ],
        pa.bool_(),
    )


def _meaning(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text
