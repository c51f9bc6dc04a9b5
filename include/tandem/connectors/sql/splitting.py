"""A table cut into ranges of its key, so that each can be read by itself."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from tandem.connectors import parts as splitting
from tandem.connectors.base import Query
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.read import count_records, page_at
from tandem.model.schema import Field


def split_records(
    connection: Connection, query: Query, dialect: Dialect, parts: int, least: int
) -> tuple[str, ...]:
    """As `Splitter.split`; none where some records are in no range, since their key is null."""
    field = splitting.ordered_by(query)
    if field is None:
        return ()
    there = count_records(connection, query, dialect)

    def at(place: int) -> Any:
        return _key_at(connection, query, dialect, field, place)

    ranges = splitting.ranges(query, parts, least, there, at)
    inside = (splitting.within(query, part) for part in ranges)
    # Others may write between these statements: then one reading in one part is no loss.
    counted = sum(count_records(connection, part, dialect) for part in inside)
    return ranges if counted == count_records(connection, query, dialect) else ()


def _key_at(
    connection: Connection, query: Query, dialect: Dialect, field: Field, place: int
) -> Any:
    """The key of the record at that place; None if there is none, or it does not fit its kind."""
    asked = replace(query, fields=(field.name,), descending_by=None, limit=None)
    pages = page_at(connection, asked, dialect, field, place)
    found = [key for page in pages for key in page.records.column(field.name).to_pylist()]
    return found[0] if found else None
