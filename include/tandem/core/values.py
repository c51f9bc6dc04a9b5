"""Canonical values: which Arrow column carries which kind, and one text for each value."""

from typing import Final

import pyarrow as pa

from tandem.model.schema import Field, Kind

MAX_PRECISION: Final = 38
DEFAULT_DECIMAL: Final = (38, 20)
"""Precision and scale where the system states none: the widest that Business Central stores."""

_TYPES: Final = {
    Kind.STRING: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.INT64: pa.int64(),
    Kind.FLOAT64: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("us"),
    Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    Kind.LOCAL_DATETIME: pa.timestamp("us"),
    Kind.GUID: pa.string(),
    Kind.BINARY: pa.binary(),
    Kind.JSON: pa.string(),
}


def arrow_type(field: Field) -> pa.DataType:
    """The Arrow type of a column that carries this field's values.

    A guid is lower-case text with hyphens. A decimal without stated scale keeps 20 digits after
    the point; what does not fit is unreadable, never rounded.
    """
    if field.kind is not Kind.DECIMAL:
        return _TYPES[field.kind]
    if field.scale is None:
        return pa.decimal128(*DEFAULT_DECIMAL)
    precision = min(field.precision or MAX_PRECISION, MAX_PRECISION)
    return pa.decimal128(max(precision, field.scale), field.scale)
