"""Transforms of text, by whole columns. Nulls stay null, but where texts are joined."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.ids import id_text
from tandem.core.transforms.transformed import Transformed, refused
from tandem.model.transforms import Split

_GUID: Final = r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"
_PARTS: Final = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
"""Where the digits of a guid are parted by hyphens."""


def trim(texts: pa.Array) -> pa.Array:
    """Without white space at both ends."""
    return pc.utf8_trim_whitespace(texts)


def upper(texts: pa.Array) -> pa.Array:
    """In upper case, character by character (so `ß` stays one)."""
    return pc.utf8_upper(texts)


def lower(texts: pa.Array) -> pa.Array:
    """In lower case, character by character."""
    return pc.utf8_lower(texts)


def truncate(texts: pa.Array, length: int) -> pa.Array:
    """The first so many characters."""
    return pc.utf8_slice_codeunits(texts, 0, length)


def is_cut(texts: pa.Array, length: int) -> pa.Array:
    """Which texts `truncate` cuts."""
    return pc.fill_null(pc.greater(pc.utf8_length(texts), length), fill_value=False)


def guid(texts: pa.Array) -> Transformed:
    """Unique identifiers as Tandem writes them: lower case, with hyphens, without braces."""
    plain = pc.ascii_lower(pc.utf8_trim_whitespace(texts))
    braced = pc.and_(pc.starts_with(plain, "{"), pc.ends_with(plain, "}"))
    plain = pc.if_else(braced, pc.utf8_slice_codeunits(plain, 1, -1), plain)
    digits = pc.replace_substring(plain, "-", "")
    parts = [pc.utf8_slice_codeunits(digits, *part) for part in _PARTS]
    return refused(
        pc.binary_join_element_wise(*parts, "-"),
        pc.invert(pc.match_substring_regex(plain, _GUID)),
        "is not a unique identifier",
        texts,
    )


def split(texts: pa.Array, by: Split) -> pa.Array:
    """That part of each text; null where it has fewer."""
    before = by.part - 1
    missing = pc.less(pc.count_substring(texts, by.separator), before)
    # Arrow takes no element that some list lacks: those texts are made long enough first.
    filled = pc.if_else(missing, by.separator * before, texts)
    part = pc.list_element(pc.split_pattern(filled, by.separator, max_splits=by.part), before)
    return pc.if_else(missing, pa.scalar(None, pa.string()), part)


def concat(columns: Sequence[pa.Array], separator: str) -> pa.Array:
    """The values of each row joined, without nulls; null where all are."""
    joined, *others = (id_text(column) for column in columns)
    for texts in others:
        # Arrow's own way to skip nulls loses the rows that have nothing else.
        both = pc.binary_join_element_wise(joined, texts, separator)
        joined = pc.coalesce(both, joined, texts)
    return joined
