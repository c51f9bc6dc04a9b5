"""A condition as SQL, with the meaning that `tandem.core.filters.conditions` gives it."""

import operator
from collections.abc import Callable
from datetime import datetime
from math import ceil, floor
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Table,
    and_,
    bindparam,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.types import NullType

from tandem.connectors.base import Query
from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.tables import table_of
from tandem.core.filters.conditions import POSITIVE, RELATIVE, TEXTS, operands_of
from tandem.core.filters.relations import Compared, compared
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Field, Kind

_LIMITS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}

_SMALLEST: Final = -(2**63)
_GREATEST: Final = 2**63 - 1
_SPANS: Final[dict[str, Callable[..., tuple[int, int]]]] = {
    "gt": lambda limit: (floor(limit) + 1, _GREATEST),
    "ge": lambda limit: (ceil(limit), _GREATEST),
    "lt": lambda limit: (_SMALLEST, ceil(limit) - 1),
    "le": lambda limit: (_SMALLEST, floor(limit)),
    "between": lambda first, last: (ceil(first), floor(last)),
}
"""Operator → the first and the last integer that satisfy it."""


def where(
    condition: Condition, query: Query, table: Table, dialect: Dialect
) -> ColumnElement[bool]:
    """The condition over the columns of the query's table."""
    if isinstance(condition, AllOf | AnyOf):
        parts = [where(part, query, table, dialect) for part in condition.conditions]
        return and_(*parts) if isinstance(condition, AllOf) else or_(*parts)
    found = compared(condition.field, query.entity, query.relations)
    if found.relation:
        return _of_target(condition, found, query, table, dialect)
    return _compared(condition, found.field, table, dialect, query.now)


def _of_target(
    comparison: Comparison, found: Compared, query: Query, table: Table, dialect: Dialect
) -> ColumnElement[bool]:
    """Among the targets that satisfy it; where a null does, not among those that do not."""
    assert found.relation is not None  # noqa: S101  its caller has looked
    opposite = {**POSITIVE, "null": "not_null"}.get(comparison.operator)
    asked = comparison.model_copy(update={"operator": opposite or comparison.operator})
    target = table_of(found.relation.entity).alias()
    lookup = query.entity.field(found.lookup)
    on = found.relation.entity.field(found.relation.on)
    # A lookup may hold as a text what its target has as something else.
    as_text = lookup.kind is not on.kind and TEXTS & {lookup.kind, on.kind}
    form = dialect.text if as_text else dialect.equal
    mine, theirs = table.c[lookup.name], target.c[on.name]
    holds = _compared(asked, found.field, target, dialect, query.now)
    among = form(mine, lookup).in_(select(form(theirs, on)).where(theirs.is_not(None), holds))
    return or_(mine.is_(None), not_(among)) if opposite else among


def _compared(
    comparison: Comparison, field: Field, table: FromClause, dialect: Dialect, now: datetime
) -> ColumnElement[bool]:
    column = table.c[field.name]
    values = operands_of(comparison, field, now)
    if comparison.operator == "null":
        return column.is_(None)
    if comparison.operator == "not_null":
        return column.is_not(None)
    positive = POSITIVE.get(comparison.operator)
    name = positive or comparison.operator
    if field.kind is Kind.INT64:
        name, values = _whole(name, values)
    operands = [dialect.operand(value) for value in values]
    test = _test(name, column, field, operands, dialect)
    return or_(column.is_(None), not_(test)) if positive else test


def _whole(name: str, values: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Operator and operands in integers of 64 bits alone: with others, databases compare by way of
    a float. What is above 1.5 is between 2 and the greatest integer, and nothing equals 1.5.
    """
    values = tuple(max(2 * _SMALLEST, min(value, 2 * _GREATEST)) for value in values)
    if name in ("eq", "in"):
        whole = (int(value) for value in values if value == floor(value))
        return name, tuple(value for value in whole if _SMALLEST <= value <= _GREATEST)
    first, last = _SPANS[name](*values)
    first, last = max(first, _SMALLEST), min(last, _GREATEST)
    return "between", (first, last) if first <= last else (1, 0)


def _test(
    name: str, column: ColumnElement[Any], field: Field, operands: list[Any], dialect: Dialect
) -> ColumnElement[bool]:
    if name in ("contains", "begins_with", "ends_with"):
        return _text_test(name, dialect.text(column, field), operands[0], dialect)
    if name in ("eq", "in"):
        return dialect.equal(column, field).in_(_parameter(operands, expanding=True))
    ordered = dialect.ordered(column, field)
    if name == "between" or name in RELATIVE:
        first, last = (_parameter(value) for value in operands)
        return and_(ordered >= first, ordered <= last)
    holds: ColumnElement[bool] = _LIMITS[name](ordered, _parameter(operands[0]))
    return holds


def _text_test(
    name: str, text: ColumnElement[Any], part: str, dialect: Dialect
) -> ColumnElement[bool]:
    """Without LIKE: its wildcards and its sense of case differ from database to database."""
    if name == "contains":
        return dialect.contains(text, _parameter(part))
    length = func.length(text)
    start = 1 if name == "begins_with" else length - len(part) + 1
    found: ColumnElement[str] = func.substr(text, start, len(part))
    return and_(length >= len(part), found == _parameter(part))


def _parameter(value: Any, *, expanding: bool = False) -> BindParameter[Any]:
    """A parameter whose type the database infers from what it is compared with."""
    return bindparam(None, value, unique=True, expanding=expanding, type_=NullType())
