"""Nulls of parts of lookups: one clears the lookup, whatever that refers to.

Where all parts are given, that is what is meant. Where some are not, the lookup may refer to a
record of a type that the writer knows nothing of, and only a look at the record tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ROW
from tandem.connectors.odata.guard import doubtful
from tandem.connectors.odata.made import Look, joined
from tandem.connectors.odata.ready import Ready
from tandem.model.schema import Entity

Masks = Mapping[str, pa.Array]
"""Part → in which rows."""


def lone_nulls(ready: Ready) -> Masks:
    """The parts that are given as null in rows that give no part a value, nor all of them."""
    found: dict[str, pa.Array] = {}
    for parts in _written_lookups(ready):
        given = {name: _given(ready, name) for name in parts}
        names = [name for name in parts if name in ready.records.schema.names]
        valued = reduce(pc.or_, (pc.and_(given[n], _valid(ready, n)) for n in names))
        alone = pc.invert(pc.or_(valued, reduce(pc.and_, given.values())))
        found |= {name: pc.and_(given[name], alone) for name in names}
    return {name: mask for name, mask in found.items() if pc.any(mask).as_py()}


def rows_of(nulls: Masks) -> set[int]:
    """The rows in which any is null."""
    return {row for mask in nulls.values() for row in pc.indices_nonzero(mask).to_pylist()}


def sparing_others(ready: Ready, nulls: Masks, looks: Sequence[Look], rows: list[int]) -> Ready:
    """These nulls only where the part has a value now, as it was seen in these rows' records. A
    record that cannot be read is left alone.
    """
    why = "what its lookups refer to cannot be read, so that none is cleared"
    problems = dict.fromkeys(doubtful(looks, rows), why)
    there = joined(look.records for look in looks)
    given = dict(ready.given)
    if there is not None:
        numbers = pa.array(range(ready.records.num_rows), there.column(ROW).type)
        for name, mask in nulls.items():
            empty = there.column(ROW).filter(there.column(name).is_null())
            spared = pc.and_(mask, pc.is_in(numbers, value_set=empty))
            given[name] = pc.and_(_given(ready, name), pc.invert(spared))
    return replace(ready, given=given, problems={**problems, **ready.problems})


def _written_lookups(ready: Ready) -> list[list[str]]:
    """The parts that can be written of each lookup of which any is among the columns."""
    names = ready.records.schema.names
    lookups = {part for name in names if (part := ready.entity.field(name).part_of)}
    return [_parts(ready.entity, lookup) for lookup in lookups] if lookups else []


def _parts(entity: Entity, lookup: str) -> list[str]:
    return [f.name for f in entity.fields if f.part_of == lookup and not f.read_only]


def _given(ready: Ready, name: str) -> pa.Array:
    is_there = name in ready.records.schema.names
    mask = ready.given.get(name) if is_there else None
    return pa.repeat(pa.scalar(is_there), ready.records.num_rows) if mask is None else mask


def _valid(ready: Ready, name: str) -> pa.Array:
    return ready.records.column(name).is_valid()
