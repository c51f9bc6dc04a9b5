"""Reading texts as values: what does not say exactly one value of the type is refused."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.values import MAX_PRECISION

_MOST_DIGITS: Final = 2 * MAX_PRECISION
_POWER: Final = r"[eE][+-]?(?P<power>[0-9]+)$"
_INFINITE: Final = r"(?i)^[+-]?inf(inity)?$"


def from_text(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """The values of that type that the texts (`pa.string()`) say; ArrowInvalid where one
    says none.

    Reads everything that `tandem.core.ids.id_text` writes. Times of day as in ISO 8601, binary
    values as hexadecimal.
    """
    if pa.types.is_integer(kind):
        return _integers(texts, kind)
    if pa.types.is_decimal(kind):
        return _decimals(texts, kind)
    if pa.types.is_floating(kind):
        return _floats(texts, kind)
    if pa.types.is_time(kind):
        return _times(texts, kind)
    return _octets(texts) if pa.types.is_binary(kind) else texts.cast(kind)


def _integers(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    if _holds(texts, b"x"):  # Arrow takes 0x10 for 16
        _refuse(pc.match_substring_regex(texts, "[xX]"), "not decimal")
    return texts.cast(kind)


def _decimals(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    # Where a text says more digits, before or after the point, than the width has room for,
    # Arrow makes another number of it.
    digits = pc.add(pc.binary_length(texts), kind.scale)
    if _holds(texts, b"e"):
        powers = pc.struct_field(pc.extract_regex(texts, _POWER), "power").cast(pa.int64())
        digits = pc.add(digits, pc.fill_null(powers, 0))
    if (pc.max(digits).as_py() or 0) <= MAX_PRECISION:
        return texts.cast(kind)
    _refuse(pc.greater(digits, _MOST_DIGITS), "too many digits")
    return texts.cast(pa.decimal256(_MOST_DIGITS, kind.scale)).cast(kind)


def _floats(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    numbers = texts.cast(kind)
    infinite = pc.is_inf(numbers)
    if pc.any(infinite).as_py():  # Arrow makes that of 1e400 too
        meant = pc.match_substring_regex(texts, _INFINITE)
        _refuse(pc.and_(infinite, pc.invert(meant)), "too large")
    return numbers


def _times(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    # Arrow reads times only as a part of a date-time.
    moments = pc.binary_join_element_wise("1970-01-01T", texts, "")
    return moments.cast(pa.timestamp("us")).cast(kind)


def _octets(texts: pa.Array) -> pa.Array:
    # Arrow reads no hexadecimal; such values are few.
    try:
        octets = [None if text is None else bytes.fromhex(text) for text in texts.to_pylist()]
    except ValueError as error:
        raise pa.ArrowInvalid("not hexadecimal") from error
    return pa.array(octets, pa.binary())


def _holds(texts: pa.Array, letter: bytes) -> bool:
    """Whether some text has the letter, in either case: a look at the octets, not at each text."""
    _, places, octets = texts.buffers()
    if octets is None or not len(texts):
        return False
    offsets = np.frombuffer(places, np.int32)
    first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
    content = octets.slice(first, last - first).to_pybytes()
    return letter in content or letter.upper() in content


def _refuse(bad: pa.Array, problem: str) -> None:
    if pc.any(bad).as_py():
        raise pa.ArrowInvalid(problem)
