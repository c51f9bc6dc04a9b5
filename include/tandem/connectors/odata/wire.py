"""How one service writes the values of one entity's fields, learnt from its pages.

JSON numbers or texts for Int64 and Decimal depend on the server, not only on what was asked for
(SAP CAP writes texts whatever `IEEE754Compatible` says). Arrow reads a whole page at once, but
has to know the form beforehand.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

import pyarrow as pa

from tandem.connectors.odata.documents import Number, dig
from tandem.core.values import arrow_type
from tandem.model.schema import Field, Kind


class Wire(Enum):
    """How Arrow is to read a column."""

    NATIVE = "as the JSON type that the kind suggests"
    TEXT = "as JSON texts"
    PARSED = "not at all: it is taken from the document, value by value"


_NATIVE: Final = frozenset((Kind.BOOLEAN, Kind.INT64, Kind.DECIMAL, Kind.FLOAT64))
_NUMERIC: Final = _NATIVE - {Kind.BOOLEAN}

Wires = dict[str, Wire]
"""Field name → its form."""


def first_guess(fields: Sequence[Field]) -> Wires:
    """Numbers as JSON numbers (Arrow takes a Decimal as text too), everything else as texts."""
    return {field.name: _guess(field) for field in fields}


def learn(fields: Sequence[Field], records: Sequence[Any], known: Wires) -> Wires:
    """The forms that these loaded records have; what they do not show stays as it is known."""
    return {field.name: _seen(field, records) or known[field.name] for field in fields}


def read_type(field: Field, wire: Wire) -> pa.DataType:
    """The Arrow type in which the column is read from JSON."""
    return arrow_type(field) if wire is Wire.NATIVE else pa.string()


def _guess(field: Field) -> Wire:
    if field.kind is Kind.JSON:
        return Wire.PARSED
    return Wire.NATIVE if field.kind in _NATIVE else Wire.TEXT


def _seen(field: Field, records: Sequence[Any]) -> Wire | None:
    if field.kind not in _NUMERIC:
        return None
    path = tuple(field.name.split("/"))
    try:
        values = [value for record in records if (value := dig(record, path)) is not None]
    except TypeError:
        return None
    types = {type(value) for value in values}
    if types == {Number}:
        odd = field.kind is Kind.INT64 and any(not v.lstrip("-").isdecimal() for v in values)
        return Wire.PARSED if odd else Wire.NATIVE
    return {frozenset(): None, frozenset([str]): Wire.TEXT}.get(frozenset(types), Wire.PARSED)
