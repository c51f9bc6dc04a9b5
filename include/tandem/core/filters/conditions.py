"""What a condition means: one meaning, to which every system is held.

Text compares by code points, upper and lower case apart. A null satisfies only `null`, `ne` and
the `not_…` operators. Days begin at midnight UTC, weeks on Monday. `last_x_days` reaches from the
midnight x days before today until now, `next_x_days` from now to the end of the x-th day after
today; a date field counts whole days.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from tandem.core.filters.relations import NO_RELATIONS, Relations, compared
from tandem.errors import ConfigurationError
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity, Field, Kind

TEXTS: Final = frozenset((Kind.STRING, Kind.GUID, Kind.JSON))
POSITIVE: Final[Mapping[str, str]] = {
    "ne": "eq",
    "not_in": "in",
    "not_contains": "contains",
    "not_begins_with": "begins_with",
    "not_ends_with": "ends_with",
}
"""An operator that a null satisfies → the one whose opposite it is."""
RELATIVE: Final = frozenset(
    (
        "today", "yesterday", "tomorrow", "last_x_hours", "last_x_days", "next_x_days",
        "this_week", "this_month", "this_year",
    )
)  # fmt: skip
"""Operators that compare with the day or hour of the query."""

DATES: Final = frozenset((Kind.DATE, Kind.INSTANT, Kind.LOCAL_DATETIME))
_PARTS_OF_TEXT: Final = frozenset(("contains", "begins_with", "ends_with"))
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def satisfies(
    condition: Condition,
    record: Mapping[str, Any],
    entity: Entity,
    now: datetime,
    relations: Relations = NO_RELATIONS,
) -> bool:
    """Whether the record satisfies the condition; its values are Python's for their kinds.

    The record has the fields of lookups' targets under the names that the condition gives them,
    such as `account_ID.city`: null where the lookup is null or its target is not there. For whole
    batches there is `tandem.core.filters.frame`, which means the same.
    """
    if isinstance(condition, AllOf | AnyOf):
        parts = (satisfies(c, record, entity, now, relations) for c in condition.conditions)
        return all(parts) if isinstance(condition, AllOf) else any(parts)
    operands = operands_of(condition, compared(condition.field, entity, relations).field, now)
    return _holds(condition.operator, record[condition.field], operands)


def check_condition(
    condition: Condition, entity: Entity, now: datetime, relations: Relations = NO_RELATIONS
) -> None:
    """ConfigurationError where a field or a lookup's target is unknown, or a value or an operator
    does not fit the field.
    """
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.conditions:
            check_condition(part, entity, now, relations)
    else:
        operands_of(condition, compared(condition.field, entity, relations).field, now)


def operands_of(comparison: Comparison, field: Field, now: datetime) -> tuple[Any, ...]:
    """What the field is compared with, as Python's values of the field's kind.

    One value; all of a list; first and last for `between` and the relative operators; nothing
    for `null` and `not_null`. ConfigurationError where operator or value do not fit the field.
    """
    name = POSITIVE.get(comparison.operator, comparison.operator)
    if name in ("null", "not_null"):
        return ()
    if not takes(field.kind, name):
        raise ConfigurationError(
            f"Filter: operator {comparison.operator!r} cannot be used with field {field.name!r}, "
            f"which is {field.kind}.",
            remedy="Choose another operator or another field.",
        )
    if name in RELATIVE:
        first, last = _window(name, comparison.value, now.astimezone(UTC))
        return _as_moment(field.kind, first), _as_moment(field.kind, last)
    values = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    if name in _PARTS_OF_TEXT:
        lower = field.kind is Kind.GUID
        return tuple(_text(value).lower() if lower else _text(value) for value in values)
    return tuple(_operand(value, field) for value in values)


def takes(kind: Kind, operator: str) -> bool:
    """Whether fields of that kind can be compared so."""
    name = POSITIVE.get(operator, operator)
    if name in ("null", "not_null"):
        return True
    if name in _PARTS_OF_TEXT:
        return kind in TEXTS
    return kind in DATES if name in RELATIVE else kind is not Kind.BINARY


def _holds(name: str, value: Any, operands: tuple[Any, ...]) -> bool:
    if name in POSITIVE:
        return not _holds(POSITIVE[name], value, operands)
    if name == "null":
        return value is None
    return value is not None and _TESTS[name](value, operands)


def _is_one_of(value: Any, operands: tuple[Any, ...]) -> bool:
    return value in operands


def _is_between(value: Any, operands: tuple[Any, ...]) -> bool:
    return bool(operands[0] <= value <= operands[1])


_TESTS: Final[dict[str, Callable[[Any, tuple[Any, ...]], bool]]] = {
    "not_null": lambda _value, _operands: True,
    "eq": _is_one_of,
    "in": _is_one_of,
    "gt": lambda value, operands: bool(value > operands[0]),
    "ge": lambda value, operands: bool(value >= operands[0]),
    "lt": lambda value, operands: bool(value < operands[0]),
    "le": lambda value, operands: bool(value <= operands[0]),
    "between": _is_between,
    "contains": lambda value, operands: operands[0] in value,
    "begins_with": lambda value, operands: value.startswith(operands[0]),
    "ends_with": lambda value, operands: value.endswith(operands[0]),
    **dict.fromkeys(RELATIVE, _is_between),
}


def _window(name: str, count: Any, now: datetime) -> tuple[datetime, datetime]:
    """The first and the last moment that are meant, to the microsecond."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    monday = today - day * today.weekday()
    month = today.replace(day=1)
    year = month.replace(month=1)
    if name == "last_x_hours":
        return _moved(now, timedelta(hours=1), -count), now
    if name == "last_x_days":
        return _moved(today, day, -count), now
    if name == "next_x_days":
        return now, _moved(today, day, count + 1) - _MICROSECOND
    spans = {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "tomorrow": (today + day, today + 2 * day),
        "this_week": (monday, monday + 7 * day),
        "this_month": (month, (month + 31 * day).replace(day=1)),
        "this_year": (year, year.replace(year=year.year + 1)),
    }
    first, end = spans[name]
    return first, end - _MICROSECOND


def _moved(moment: datetime, unit: timedelta, count: int) -> datetime:
    """The moment `count` units later; the first or last that there is, where that is too far."""
    try:
        return moment + unit * count
    except OverflowError:
        return _LAST if count > 0 else _FIRST


def _as_moment(kind: Kind, moment: datetime) -> Any:
    if kind is Kind.DATE:
        return moment.date()
    return moment if kind is Kind.INSTANT else moment.replace(tzinfo=None)


def _operand(value: Any, field: Field) -> Any:
    try:
        return _OPERANDS[field.kind](value)
    except (ValueError, TypeError, KeyError, InvalidOperation, OverflowError):
        raise ConfigurationError(
            f"Filter: {value!r} is no value of field {field.name!r}, which is {field.kind}.",
            remedy=f"Write for example {_EXAMPLES[field.kind]}.",
        ) from None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _boolean(value: Any) -> bool:
    return {"true": True, "false": False, "1": True, "0": False}[_text(value).lower()]


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError
    return number


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        raise TypeError
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return datetime.fromisoformat(str(value))


def _instant(value: Any) -> datetime:
    moment = _datetime(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _time(value: Any) -> time:
    moment = time.fromisoformat(str(value))
    if moment.tzinfo is not None:
        raise ValueError
    return moment


def _local(value: Any) -> datetime:
    moment = _datetime(value)
    if moment.tzinfo is not None:
        raise ValueError
    return moment


_OPERANDS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.STRING: _text,
    Kind.JSON: _text,
    Kind.GUID: lambda value: str(UUID(_text(value))),
    Kind.BOOLEAN: _boolean,
    Kind.INT64: _number,
    Kind.DECIMAL: _number,
    Kind.FLOAT64: lambda value: float(_number(value)),
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.INSTANT: _instant,
    Kind.LOCAL_DATETIME: _local,
}

_EXAMPLES: Final[dict[Kind, str]] = {
    Kind.GUID: "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    Kind.BOOLEAN: "true",
    Kind.INT64: "42",
    Kind.DECIMAL: "12.50",
    Kind.FLOAT64: "1.5",
    Kind.DATE: "2026-01-31",
    Kind.TIME: '"14:30:00"',
    Kind.INSTANT: '"2026-01-31T14:30:00Z"',
    Kind.LOCAL_DATETIME: '"2026-01-31T14:30:00"',
}
