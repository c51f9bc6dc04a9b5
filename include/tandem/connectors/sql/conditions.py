"""A condition as SQL, with the meaning that `tandem.core.conditions` gives it."""

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Table, and_, bindparam, func, not_, or_
from sqlalchemy.types import NullType

from tandem.connectors.sql.dialect import Dialect
from tandem.core.conditions import POSITIVE, RELATIVE, operands_of
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity, Field

_LIMITS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def where(
    condition: Condition, entity: Entity, table: Table, dialect: Dialect, now: datetime
) -> ColumnElement[bool]:
    """The condition over the columns of the entity's table."""
    if isinstance(condition, AllOf | AnyOf):
        parts = [where(part, entity, table, dialect, now) for part in condition.conditions]
        return and_(*parts) if isinstance(condition, AllOf) else or_(*parts)
    return _compared(condition, entity.field(condition.field), table, dialect, now)


def _compared(
    comparison: Comparison, field: Field, table: Table, dialect: Dialect, now: datetime
) -> ColumnElement[bool]:
    column = table.c[field.name]
    operands = [dialect.operand(value) for value in operands_of(comparison, field, now)]
    if comparison.operator == "null":
        return column.is_(None)
    if comparison.operator == "not_null":
        return column.is_not(None)
    positive = POSITIVE.get(comparison.operator)
    test = _test(positive or comparison.operator, column, field, operands, dialect)
    return or_(column.is_(None), not_(test)) if positive else test


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
