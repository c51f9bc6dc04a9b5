"""Texts as they stand in OData JSON → typed columns, whole columns at a time.

OData JSON 4.01, 7.1, says how each primitive type is written. A value that does not fit raises
ArrowInvalid; nothing is rounded or cut, but for fractions of seconds beyond microseconds, which
no column of ours can hold: those digits are dropped.
"""

import base64
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.texts import from_text
from tandem.core.values import arrow_type
from tandem.model.schema import Field, Kind

_GUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_DAY: Final = "1970-01-01T"
_MICROSECONDS: Final = pa.timestamp("us")

EXPECTED: Final = {
    Kind.STRING: "a text",
    Kind.BOOLEAN: "true or false",
    Kind.INT64: "a whole number of 64 bits",
    Kind.FLOAT64: "a number",
    Kind.DATE: "a date",
    Kind.TIME: "a time of day",
    Kind.INSTANT: "an instant with a zone",
    Kind.GUID: "a GUID",
    Kind.BINARY: "base64url",
    Kind.JSON: "JSON",
}
"""What a value of each kind should have been, for people."""


def expected(field: Field) -> str:
    """What a value of the field should have been, for people."""
    if field.kind is not Kind.DECIMAL:
        return EXPECTED[field.kind]
    kind = arrow_type(field)
    return f"a decimal of {kind.precision} digits, {kind.scale} of them after the point"


def from_texts(texts: pa.Array, field: Field) -> pa.Array:
    """A column of the field's Arrow type from its texts; ArrowInvalid if one does not fit."""
    return _FROM_TEXTS.get(field.kind, _cast)(texts, arrow_type(field))


def fitting(texts: pa.Array, field: Field) -> tuple[pa.Array, list[int]]:
    """As `from_texts`, with null for what does not fit, and the rows where that is so.

    Halves the column until the bad values stand alone, so that the good ones move as a whole.
    """
    try:
        return from_texts(texts, field), []
    except pa.ArrowInvalid:
        if len(texts) == 1:
            return pa.nulls(1, arrow_type(field)), [0]
    middle = len(texts) // 2
    first, bad = fitting(texts[:middle], field)
    second, also_bad = fitting(texts[middle:], field)
    return pa.concat_arrays([first, second]), bad + [middle + row for row in also_bad]


def _cast(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    return texts.cast(kind)


def _integers(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Some servers write whole numbers as 1.0."""
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return pc.replace_substring_regex(texts, r"\.0+$", "").cast(kind)


def _instants(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    return _cut_to_microseconds(texts, lambda whole: whole.cast(kind))


def _times(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Arrow reads no times of day, but it reads them behind a date."""
    dated = pc.binary_join_element_wise(_DAY, texts, "")
    return _cut_to_microseconds(dated, lambda whole: whole.cast(_MICROSECONDS).cast(kind))


def _cut_to_microseconds(texts: pa.Array, cast: Callable[[pa.Array], pa.Array]) -> pa.Array:
    try:
        return cast(texts)
    except pa.ArrowInvalid:
        return cast(pc.replace_substring_regex(texts, r"(\.\d{6})\d{1,6}", r"\1"))


def _guids(texts: pa.Array, _kind: pa.DataType) -> pa.Array:
    lower = pc.ascii_lower(texts)
    if pc.all(pc.match_substring_regex(lower, _GUID)).as_py() is False:
        raise pa.ArrowInvalid("not a GUID")
    return lower


def _binaries(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    # Arrow has no base64; binaries are few.
    return pa.array([_decoded(text) for text in texts.to_pylist()], kind)


def _decoded(text: str | None) -> bytes | None:
    """Base64url, or plain base64, which some servers send; padding is optional (7.1)."""
    if text is None:
        return None
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise pa.ArrowInvalid("not base64url") from None


def _floats(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """INF, -INF and NaN are values; a number that a double cannot hold is none."""
    numbers = texts.cast(kind)
    infinite = pc.and_(pc.is_inf(numbers), pc.invert(pc.match_substring_regex(texts, "^-?INF$")))
    if pc.any(infinite).as_py():
        raise pa.ArrowInvalid("not a double")
    return numbers


_FROM_TEXTS: Final[dict[Kind, Callable[[pa.Array, Any], pa.Array]]] = {
    Kind.INT64: _integers,
    Kind.DECIMAL: from_text,
    Kind.FLOAT64: _floats,
    Kind.TIME: _times,
    Kind.INSTANT: _instants,
    Kind.GUID: _guids,
    Kind.BINARY: _binaries,
}
