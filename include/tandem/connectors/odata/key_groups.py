"""Filters that find records by key, for services that take no `or` across different fields."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.filters import key_expressions
from tandem.connectors.odata.query import key_filters
from tandem.model.schema import Entity


def filters_by_key(entity: Entity, keys: pa.RecordBatch) -> Iterator[str]:
    """Expressions that together name the records with these keys, as few as the service takes.

    Business Central refuses `(a eq 1 and b eq 2) or (a eq 1 and b eq 3)`, and takes
    `a eq 1 and (b eq 2 or b eq 3)` (Microsoft Learn, "OData known limitations").
    """
    if keys.num_columns == 1 or dialect_of(entity).or_across_fields:
        yield from key_filters(key_expressions(entity, keys))
        return
    apart = max(keys.schema.names, key=lambda name: len(pc.unique(keys.column(name))))
    shared = [name for name in keys.schema.names if name != apart]
    rows = pa.table(keys).group_by(shared, use_threads=False).aggregate([(apart, "list")])
    kind = keys.schema.field(apart).type
    for row in range(rows.num_rows):
        same = rows.slice(row, 1).select(shared).combine_chunks().to_batches()[0]
        values = pa.array(rows.column(f"{apart}_list")[row].as_py(), kind)
        others = pa.RecordBatch.from_arrays([values], names=[apart])
        for expression in key_expressions(entity, same):
            for named in key_filters(key_expressions(entity, others)):
                yield f"{expression} and {named}"
