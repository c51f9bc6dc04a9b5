"""Numbers read from text and written as text, exactly, by whole columns."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.fit import fit
from tandem.core.transforms.transformed import Transformed, refused
from tandem.core.values import decimal_text
from tandem.model.schema import Field, Kind
from tandem.model.transforms import NumberFormat, WrittenNumber

_DECIMAL: Final = Field(name="", kind=Kind.DECIMAL)
_SPACES: Final = "[\u00a0\u202f]"
"""No-break spaces, which typists and systems put between thousands."""
_PARTS: Final = r"^(?P<sign>-?)(?P<whole>[0-9]+)(?:\.(?P<rest>[0-9]+))?$"


def number(texts: pa.Array, how: NumberFormat) -> Transformed:
    """The number that each text writes; null for a blank one. Digits are grouped by three, or
    not at all.
    """
    plain = pc.utf8_trim_whitespace(texts)
    if how.thousands == " ":
        plain = pc.replace_substring_regex(plain, _SPACES, " ")
    blank = pc.equal(plain, "")
    written = pc.match_substring_regex(plain, _pattern(how))
    if how.thousands:
        plain = pc.replace_substring(plain, how.thousands, "")
    plain = pc.replace_substring(plain, how.decimal, ".")
    usable = pc.if_else(written, plain, pa.scalar(None, pa.string()))
    values = fit(usable, _DECIMAL).values
    bad = pc.and_(values.is_null(), pc.and_(texts.is_valid(), pc.invert(blank)))
    return refused(values, bad, "is not a number of this format, or has too many digits", texts)


def format_number(values: pa.Array, how: WrittenNumber) -> pa.Array:
    """Each number as text."""
    parts = pc.extract_regex(_plain(values, how.decimals), _PARTS)
    sign, whole, rest = (pc.struct_field(parts, name) for name in ("sign", "whole", "rest"))
    if how.thousands:
        whole = _grouped(whole, how.thousands)
    if how.decimals is not None:
        rest = pc.utf8_rpad(rest, how.decimals, padding="0")
    mark = pc.if_else(pc.equal(rest, ""), "", how.decimal)
    return pc.binary_join_element_wise(sign, whole, mark, rest, "")


def _pattern(how: NumberFormat) -> str:
    whole = r"[0-9]+"
    if how.thousands:
        whole = rf"(?:[0-9]{{1,3}}(?:{re.escape(how.thousands)}[0-9]{{3}})+|[0-9]+)"
    return rf"^[+-]?{whole}(?:{re.escape(how.decimal)}[0-9]+)?$"


def _plain(values: pa.Array, decimals: int | None) -> pa.Array:
    if not pa.types.is_decimal(values.type):
        return values.cast(pa.string())
    if decimals is not None and values.type.scale > decimals:
        wide = values.cast(pa.decimal256(76, values.type.scale))  # has room for what it rounds to
        values = pc.round(wide, decimals, round_mode="half_towards_infinity")
    return decimal_text(values)


def _grouped(digits: pa.Array, mark: str) -> pa.Array:
    """From the right, three by three."""
    backwards = pc.replace_substring_regex(
        pc.utf8_reverse(digits), r"([0-9]{3})", rf"\1{_escaped(mark)}"
    )
    return pc.utf8_ltrim(pc.utf8_reverse(backwards), characters=mark)


def _escaped(mark: str) -> str:
    return r"\\" if mark == "\\" else mark
