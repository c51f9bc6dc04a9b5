"""Making values fit the field they are written to; what does not fit is named, never cut."""

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.ids import id_text
from tandem.core.texts import from_text
from tandem.core.values import MAX_PRECISION, arrow_type
from tandem.model.schema import Field, Kind

_WORDS: Final = frozenset((Kind.STRING, Kind.GUID, Kind.JSON))
_NUMBERS: Final = frozenset((Kind.INT64, Kind.DECIMAL, Kind.FLOAT64, Kind.BOOLEAN))

CONVERTIBLE: Final = {
    **{kind: frozenset((kind, Kind.STRING)) for kind in Kind},
    Kind.STRING: frozenset(Kind) - {Kind.BINARY},
    Kind.JSON: _WORDS - {Kind.GUID},
    Kind.BOOLEAN: frozenset((Kind.BOOLEAN, Kind.INT64, Kind.STRING)),
    Kind.INT64: _NUMBERS | {Kind.STRING},
    Kind.DECIMAL: frozenset((Kind.DECIMAL, Kind.INT64, Kind.STRING)),
    Kind.FLOAT64: frozenset((Kind.FLOAT64, Kind.STRING)),
    Kind.BINARY: frozenset((Kind.BINARY,)),
}
"""Kind of a value → kinds of field that can hold it without loss. Dates never pass a zone."""

_INTEGERS: Final = pa.decimal128(19, 0)
"""Has room for every int64."""

_GUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A column in the type of its field, and the rows whose value does not fit."""

    values: pa.Array
    problems: dict[int, str] = field(default_factory=dict)
    """Row number → what is wrong. The value of such a row is null."""


def fit(values: pa.Array, target: Field, *, required: bool | None = None) -> Fitted:
    """The values as the target field takes them.

    `required` says whether null is a problem; left out, the field's own `nullable` says so.
    """
    kind = arrow_type(target)
    problems: dict[int, str] = {}
    if values.type != kind:
        values = _Cast(kind, _words(target), problems).apply(values)
    if target.kind is Kind.GUID:
        values = pc.ascii_lower(values)  # a fortieth of what the check of its form takes
    for problem, bad in _violations(values, target, required=required):
        _note(bad, f"field {target.name!r}: {problem}", problems)
    problems = {row: _named(target, reason) for row, reason in problems.items()}
    if problems:
        values = pc.if_else(_mask(problems, len(values)), pa.scalar(None, kind), values)
    return Fitted(values, problems)


def _violations(
    values: pa.Array, target: Field, *, required: bool | None
) -> list[tuple[str, pa.Array]]:
    found = []
    if target.max_length is not None and target.kind in (Kind.STRING, Kind.BINARY):
        lengths = pc.binary_length(values)
        # Characters are counted only where there are more octets than the field takes.
        if (pc.max(lengths).as_py() or 0) > target.max_length:
            lengths = pc.utf8_length(values) if target.kind is Kind.STRING else lengths
            too_long = pc.greater(lengths, target.max_length)
            found.append((f"longer than {target.max_length}", too_long))
    if target.kind is Kind.GUID:
        found.append(("not a guid", pc.invert(pc.match_substring_regex(values, _GUID))))
    if required if required is not None else not target.nullable:
        found.append(("must have a value", values.is_null()))
    return found


@dataclass(frozen=True, slots=True)
class _Cast:
    """A conversion by columns; where that fails, by halves, until the bad values are found."""

    kind: pa.DataType
    words: str
    """The target, for messages."""
    problems: dict[int, str]

    def apply(self, values: pa.Array, start: int = 0) -> pa.Array:
        """The values in the target's type; those that do not fit are null and noted."""
        try:
            return _convert(values, self.kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OverflowError):
            if len(values) > 1:
                half = len(values) // 2
                first = self.apply(values.slice(0, half), start)
                return pa.concat_arrays([first, self.apply(values.slice(half), start + half)])
            for value in values:
                self.problems[start] = f"{_shown(value)} does not fit {self.words}"
            return pa.nulls(len(values), self.kind)


def _convert(values: pa.Array, kind: pa.DataType) -> pa.Array:
    source = values.type
    if pa.types.is_string(source):
        return from_text(values, kind)
    if pa.types.is_string(kind):
        return id_text(values)
    if pa.types.is_boolean(kind):
        return _booleans(values)
    if pa.types.is_decimal(kind):
        return _decimals(values, kind)
    return values.cast(kind)


def _decimals(numbers: pa.Array, kind: pa.DataType) -> pa.Array:
    """By way of a type that has room for all: Arrow overlooks overflows of 128 bits."""
    if pa.types.is_boolean(numbers.type):
        numbers = numbers.cast(pa.int64())
    source = numbers.type if pa.types.is_decimal(numbers.type) else _INTEGERS
    room = source.precision + max(kind.scale - source.scale, 0)
    if room <= MAX_PRECISION:  # much the quicker one
        wide = pa.decimal128(MAX_PRECISION, kind.scale)
    else:
        wide = pa.decimal256(2 * MAX_PRECISION, kind.scale)
    return numbers.cast(wide).cast(kind)


def _booleans(numbers: pa.Array) -> pa.Array:
    """0 and 1 as what they mean; Arrow takes every other number for true."""
    if pc.any(pc.not_equal(numbers, numbers.cast(pa.bool_()).cast(numbers.type))).as_py():
        raise pa.ArrowInvalid("neither 0 nor 1")
    return numbers.cast(pa.bool_())


def _note(bad: pa.Array, problem: str, problems: dict[int, str]) -> None:
    if pc.any(bad).as_py():
        for row in pc.indices_nonzero(pc.fill_null(bad, fill_value=False)).to_pylist():
            problems.setdefault(row, problem)


def _named(target: Field, reason: str) -> str:
    return reason if reason.startswith("field ") else f"field {target.name!r}: {reason}"


def _mask(problems: dict[int, str], length: int) -> pa.Array:
    return pa.array([row in problems for row in range(length)])


def _shown(value: pa.Scalar, limit: int = 40) -> str:
    text = str(value.as_py())
    return f"'{text}'" if len(text) <= limit else f"'{text[: limit - 1]}…'"


def _words(field: Field) -> str:
    """The field's type, for people."""
    if field.kind is Kind.DECIMAL and field.scale is not None:
        return f"decimal({field.precision or MAX_PRECISION}, {field.scale})"
    return str(field.kind)
