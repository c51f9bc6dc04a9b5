"""Rows that are about the same thing, where some of their ids may be null."""

import pyarrow as pa
import pyarrow.compute as pc

_NULL = "\x00"
"""No id holds it: neither JSON nor a database's text brings it here."""


def keys(*columns: pa.Array) -> pa.Array:
    """One text for each row; equal where all columns are equal, nulls among them."""
    return pc.binary_join_element_wise(
        *columns, _NULL, null_handling="replace", null_replacement=_NULL
    )
