"""A condition as SQL, with the meaning that `tandem.core.filters.conditions` gives it."""

import operator
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR
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


_ROUNDINGS: Final = {
    "gt": (ROUND_FLOOR,),
    "ge": (ROUND_CEILING,),
    "lt": (ROUND_CEILING,),
    "le": (ROUND_FLOOR,),
    "between": (ROUND_CEILING, ROUND_FLOOR),
}


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
    if field.kind is Kind.INT64:
        values = _whole(POSITIVE.get(comparison.operator, comparison.operator), values)
    operands = [dialect.operand(value) for value in values]
    if comparison.operator == "null":
        return column.is_(None)
    if comparison.operator == "not_null":
        return column.is_not(None)
    positive = POSITIVE.get(comparison.operator)
    test = _test(positive or comparison.operator, column, field, operands, dialect)
    return or_(column.is_(None), not_(test)) if positive else test


def _whole(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands without a fraction, which databases compare by way of a float: what is above 1.5
    is above 1, what is at least 1.5 is at least 2, and nothing equals it.
    """
    if name in ("eq", "in"):
        return tuple(value for value in values if value == value.to_integral_value())
    roundings = _ROUNDINGS.get(name, ())
    return tuple(
        value.to_integral_value(rounding) for value, rounding in zip(values, roundings, strict=True)
    )


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
