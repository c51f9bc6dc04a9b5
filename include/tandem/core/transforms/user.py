"""Transforms that the user has written: pandas functions of whole columns, checked."""

from typing import Any, Final

import pandas as pd
import pyarrow as pa

from tandem.core.transforms.kinds import no_function
from tandem.errors import ConfigurationError
from tandem.model.transforms import UserTransform, UserTransforms

_CANONICAL: Final = (
    (lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind), pa.string()),
    (lambda kind: pa.types.is_null(kind), pa.string()),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), pa.binary()),
    (pa.types.is_boolean, pa.bool_()),
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_date, pa.date32()),
    (pa.types.is_time, pa.time64("us")),
)


def custom(values: pa.Array, name: str, functions: UserTransforms) -> pa.Array:
    """What the user's function of that name makes of the column.

    ConfigurationError names the function, its file and what is wrong, never a value.
    """
    if name not in functions:
        raise ConfigurationError(no_function(name, functions))
    if not len(values):
        return values
    function = functions[name]
    series = pd.Series(pd.arrays.ArrowExtensionArray(values))
    try:
        result = function.function(series)
    except Exception as error:  # noqa: BLE001 - whatever its author did not think of
        raise _failed(function, f"raised {type(error).__name__}") from None
    if not isinstance(result, pd.Series):
        raise _failed(function, f"returned a {type(result).__name__}, not a pandas Series")
    if len(result) != len(values):
        raise _failed(function, f"returned {len(result)} values for {len(values)}")
    return _column(function, result)


def _column(function: UserTransform, result: "pd.Series[Any]") -> pa.Array:
    try:
        column = pa.Array.from_pandas(result)
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        return column.cast(_canonical(column.type))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise _failed(
            function, f"returned values of a type that no field has ({type(error).__name__})"
        ) from None


def _canonical(kind: pa.DataType) -> pa.DataType:
    """The type in which columns carry such values."""
    for belongs, own in _CANONICAL:
        if belongs(kind):
            return own
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if pa.types.is_decimal(kind):
        return kind
    raise pa.ArrowTypeError(str(kind))


def _failed(function: UserTransform, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Function {function.name!r} of {function.place} {why}.",
        remedy="Mend the function: it takes a pandas Series and returns one of the same length.",
    )
