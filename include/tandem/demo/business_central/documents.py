"""Lines and their headers: numbers, amounts, and what a change of one means for the other."""

import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tandem.demo.business_central.pages import Document
from tandem.demo.conditions import column
from tandem.demo.model import EntitySet
from tandem.demo.store import table
from tandem.demo.values import Stored

STEP: Final = 10_000
"""Between the numbers of two lines."""
_CENT: Final = Decimal("0.01")


def next_number(
    connection: sqlite3.Connection, lines: EntitySet, document: Document, header: Stored
) -> int:
    """The number of a new line of the document."""
    found = connection.execute(
        f"SELECT coalesce(max({column(document.order)}), 0) FROM {table(lines)} "  # noqa: S608 names of the model
        f"WHERE {column(document.property)} = ?",
        (header,),
    ).fetchone()
    return int(found[0]) + STEP


def line_amounts(line: dict[str, Stored]) -> dict[str, Stored]:
    """The computed amounts of a line."""
    net = _number(line["quantity"]) * _number(line["unitPrice"]) - _number(line["discountAmount"])
    tax = (net * _number(line["taxPercent"]) / 100).quantize(_CENT)
    return {
        "amountExcludingTax": _text(net),
        "totalTaxAmount": _text(tax),
        "amountIncludingTax": _text(net + tax),
        "netAmount": _text(net),
        "netTaxAmount": _text(tax),
        "netAmountIncludingTax": _text(net + tax),
    }


def totals(
    connection: sqlite3.Connection, lines: EntitySet, document: Document, header: Stored
) -> dict[str, Stored]:
    """The computed amounts of a header."""
    rows = connection.execute(
        f'SELECT "amountExcludingTax", "totalTaxAmount" FROM {table(lines)} '  # noqa: S608 names of the model
        f"WHERE {column(document.property)} = ?",
        (header,),
    ).fetchall()
    return header_amounts(rows)


def header_amounts(lines: Iterable[tuple[Stored, Stored]]) -> dict[str, Stored]:
    """The computed amounts of a header, of net and tax of each line."""
    net, tax = Decimal(0), Decimal(0)
    for own_net, own_tax in lines:
        net += _number(own_net)
        tax += _number(own_tax)
    return {
        "totalAmountExcludingTax": _text(net),
        "totalTaxAmount": _text(tax),
        "totalAmountIncludingTax": _text(net + tax),
    }


def _number(value: Stored) -> Decimal:
    return Decimal(str(value))


def _text(number: Decimal) -> str:
    return format(number, "f")
