"""Transforms that the user has written: pandas functions of whole columns, checked."""

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.transforms.kinds import no_function
from tandem.core.transforms.transformed import Transformed
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
_MOST_CALLS: Final = 400
"""So often a function is called to find the values of a batch that it does not take."""
_FORM: Final = "Mend the function: it takes a pandas Series and returns one of the same length."
_VALUES: Final = "Mend the function, so that it takes all values of the field."


def custom(values: pa.Array, name: str, functions: UserTransforms) -> Transformed:
    """What the user's function of that name makes of the column.

    Values of which it makes nothing are problems of their rows, but for a function that takes
    nothing at all, or too little: ConfigurationError names it, its file, the line and what is
    wrong, never a value.
    """
    if name not in functions:
        raise ConfigurationError(no_function(name, functions))
    function = functions[name]
    if function.broken:
        raise ConfigurationError(function.broken)
    if not len(values):
        return Transformed(values)
    try:
        return Transformed(_called(function, values))
    except _NotMade as error:
        if not _takes_nothing_well(function, values):
            raise _failed(function, str(error), _VALUES) from None
        return _without_bad(function, values)


class _NotMade(Exception):
    """The function made nothing of these values: why, in words."""


def _called(function: UserTransform, values: pa.Array) -> pa.Array:
    """_NotMade where it fails, ConfigurationError where it is no such function."""
    series = pd.Series(pd.arrays.ArrowExtensionArray(values))
    index = series.index
    try:
        result = function.function(series)
    except Exception as error:  # noqa: BLE001 - whatever its author did not think of
        where = _line(error, function.place)
        raise _NotMade(f"raised {type(error).__name__}{where}") from None
    if not isinstance(result, pd.Series):
        raise _failed(function, f"returned a {type(result).__name__}, not a pandas Series", _FORM)
    if len(result) != len(values):
        raise _failed(function, f"returned {len(result)} values for {len(values)}", _FORM)
    return _column(_in_order(function, result, index))


def _in_order(function: UserTransform, result: "pd.Series[Any]", index: pd.Index) -> Any:
    """The result's rows in the order of what the function was given, by their labels."""
    if result.index.equals(index):
        return result
    if not result.index.is_unique or not result.index.isin(index).all():
        raise _failed(function, "returned rows with labels that it was not given", _FORM)
    return result.reindex(index)


def _column(result: "pd.Series[Any]") -> pa.Array:
    try:
        column = pa.Array.from_pandas(result)
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        return column.cast(_canonical(column.type))
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        why = f"returned values of a type that no field has ({type(error).__name__})"
        raise _NotMade(why) from None


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


def _takes_nothing_well(function: UserTransform, values: pa.Array) -> bool:
    """Whether it works at all, so that it must be the values: it does of no values."""
    try:
        _called(function, values.slice(0, 0))
    except (_NotMade, ConfigurationError):
        return False
    return True


def _without_bad(function: UserTransform, values: pa.Array) -> Transformed:
    """What it makes of all values but those of which it makes nothing, at once as ever."""
    search = _Search(function)
    search.look(values)
    good = pc.invert(pc.is_in(pa.array(range(len(values))), pa.array([*search.problems])))
    try:
        made = _called(function, values.filter(good))
    except _NotMade as error:
        raise _failed(function, str(error), _VALUES) from None
    places = pc.if_else(good, pc.subtract(pc.cumulative_sum(good.cast(pa.int64())), 1), None)
    return Transformed(made.take(places), search.problems)


@dataclass(slots=True)
class _Search:
    """Finds, by halves, the rows whose value the function does not take."""

    function: UserTransform
    problems: dict[int, str] = field(default_factory=dict)
    calls: int = 0

    def look(self, values: pa.Array, start: int = 0) -> None:
        """Note the bad rows among these; ConfigurationError where that takes too many calls."""
        self.calls += 1
        try:
            _called(self.function, values)
        except _NotMade as error:
            if self.calls > _MOST_CALLS:
                raise _failed(self.function, f"{error}, of too many values", _VALUES) from None
            if len(values) == 1:
                self.problems[start] = f"function {self.function.name!r} {error}"
                return
            half = len(values) // 2
            self.look(values.slice(0, half), start)
            self.look(values.slice(half), start + half)


def _line(error: Exception, place: str) -> str:
    """Where in the user's file it was raised."""
    found, trace = "", error.__traceback__
    while trace:
        if PurePath(trace.tb_frame.f_code.co_filename).name == place:
            found = f" in line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


def _failed(function: UserTransform, why: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"Function {function.name!r} of {function.place} {why}.", remedy=remedy
    )
