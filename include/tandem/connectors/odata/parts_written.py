"""Parts of lookups that are written: of one lookup one of them, by its navigation property."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.odata.body import Column
from tandem.model.schema import Entity


def chosen_parts(columns: Sequence[Column]) -> Iterator[Column]:
    """The columns, parts of lookups with those rows only in which they are written.

    Of the parts that a row gives the one that has a value is; if none has, the first is set to
    null, which clears the lookup.
    """
    lookups: dict[str, list[Column]] = {}
    for column in columns:
        if column.field.part_of:
            lookups.setdefault(column.field.part_of, []).append(column)
        else:
            yield column
    for parts in lookups.values():
        yield from _chosen(parts)


def of_several_parts(
    entity: Entity, values: Mapping[str, pa.Array], given: Mapping[str, pa.Array]
) -> Iterator[tuple[int, str]]:
    """Rows in which a lookup would have to refer to several records at once, and why not."""
    parts = [field for name in values if (field := entity.field(name)).part_of]
    for one, other in combinations(parts, 2):
        if one.part_of != other.part_of:
            continue
        both = pc.and_(*(_has_value(values[f.name], given.get(f.name)) for f in (one, other)))
        why = f"fields {one.name!r} and {other.name!r} are one lookup, and cannot both have a value"
        yield from ((row, why) for row in pc.indices_nonzero(both).to_pylist())


def _chosen(parts: Sequence[Column]) -> Iterator[Column]:
    rows = len(parts[0].values)
    settled = pa.repeat(pa.scalar(value=False), rows)
    for part in parts:
        settled = pc.or_(settled, _has_value(part.values, part.given))
    for part in parts:
        given = _given(part.given, rows)
        empties = pc.and_(given, pc.invert(settled))
        settled = pc.or_(settled, empties)
        yield Column(part.field, part.values, pc.or_(_has_value(part.values, given), empties))


def _has_value(values: pa.Array, given: pa.Array | None) -> pa.Array:
    return pc.and_(values.is_valid(), _given(given, len(values)))


def _given(given: pa.Array | None, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(value=True), rows) if given is None else given
