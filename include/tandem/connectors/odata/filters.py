"""A filter as an OData `$filter` expression (OData 4.01 URL Conventions, 5.1.1)."""

from collections.abc import Callable, Sequence
from datetime import MAXYEAR, datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from tandem.connectors.odata.dialects.dialect import FUNCTIONS, Dialect
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.literals import is_enumeration, is_guid, literal
from tandem.connectors.odata.parts import source_of
from tandem.connectors.odata.values import wire_value
from tandem.core.filters.conditions import POSITIVE, RELATIVE, operands_of
from tandem.core.filters.relations import NO_RELATIONS, Compared, Relations, compared
from tandem.errors import ConfigurationError
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity, Field, Kind


def filter_expression(
    condition: Condition, entity: Entity, now: datetime, relations: Relations = NO_RELATIONS
) -> str:
    """The condition as `$filter` takes it, not yet percent-encoded.

    What the service makes of it is not asked here (`splitting`). Raises ConfigurationError for an
    unknown field, or a value or operator that does not fit it.
    """
    if isinstance(condition, AllOf | AnyOf):
        joint = " and " if isinstance(condition, AllOf) else " or "
        parts = [filter_expression(c, entity, now, relations) for c in condition.conditions]
        return _joined(joint, parts)
    field = _located(compared(condition.field, entity, relations))
    return _comparison(condition, field, now, dialect_of(entity))


def _located(found: Compared) -> Field:
    """The field under the path that leads to it (OData 4.01 URL Conventions, 5.1.1.15); null
    where there is no target (Protocol, 11.2.6.1.1).
    """
    if found.relation is None:
        return found.field
    path = f"{found.relation.navigation}/{found.field.name}"
    return found.field.model_copy(update={"name": path, "nullable": True})


def key_expressions(entity: Entity, keys: pa.RecordBatch) -> list[str]:
    """For each row of `keys` the expression that only its record satisfies.

    Rows with a null are left out: a null never matches, nor does what is no GUID where there are
    only GUIDs. Rows that are equal count once.
    """
    fields = [entity.field(source_of(entity, name)) for name in keys.schema.names]
    spoken = dialect_of(entity)
    # Literals are made one by one: these are keys to look up, not whole listings.
    rows = zip(*(column.to_pylist() for column in keys.columns), strict=True)
    there = (row for row in rows if _can_match(fields, row))
    wires = ([wire_value(v, f, spoken) for f, v in zip(fields, row, strict=True)] for row in there)
    return list(dict.fromkeys(_same(fields, row) for row in wires))


def after_expression(fields: Sequence[Field], values: Sequence[Any]) -> str:
    """What all records satisfy that come after these key values in the order of the key."""
    return _joined(
        " or ",
        [
            _joined(
                " and ",
                [
                    *(f"{f.name} eq {literal(f, v)}" for f, v in before),
                    f"{field.name} gt {literal(field, value)}",
                ],
            )
            for i, (field, value) in enumerate(zip(fields, values, strict=True))
            for before in [list(zip(fields[:i], values[:i], strict=True))]
        ],
    )


def _can_match(fields: Sequence[Field], values: Sequence[Any]) -> bool:
    pairs = zip(fields, values, strict=True)
    return None not in values and all(f.kind is not Kind.GUID or is_guid(v) for f, v in pairs)


def _same(fields: Sequence[Field], values: Sequence[Any]) -> str:
    pairs = zip(fields, values, strict=True)
    return _joined(" and ", [f"{field.name} eq {literal(field, value)}" for field, value in pairs])


def _comparison(comparison: Comparison, field: Field, now: datetime, spoken: Dialect) -> str:
    operator = comparison.operator
    if operator == "null":
        return f"{field.name} eq {spoken.blanks.get(field.kind, 'null')}"
    operands = operands_of(comparison, field, now)
    if operator in RELATIVE:
        return _within(field, *operands)
    literals = [literal(field, wire_value(operand, field, spoken)) for operand in operands]
    expression = _OPERATORS[operator](field, literals)
    if operator in POSITIVE and field.nullable and not spoken.blanks:
        # A null satisfies these; what servers make of it varies.
        return f"({expression} or {field.name} eq null)"
    return expression


def _all(operator: str) -> Callable[[Field, list[str]], str]:
    return lambda field, literals: _joined(
        " and ", [f"{field.name} {operator} {text}" for text in literals]
    )


def _any(operator: str) -> Callable[[Field, list[str]], str]:
    """`in` as a chain of `eq`: `in` came with OData 4.01, and Business Central lacks it."""
    return lambda field, literals: _joined(
        " or ", [f"{field.name} {operator} {text}" for text in literals]
    )


def _between(field: Field, literals: list[str]) -> str:
    low, high = literals
    return f"({field.name} ge {low} and {field.name} le {high})"


def _function(name: str, before: str = "") -> Callable[[Field, list[str]], str]:
    def call(field: Field, literals: list[str]) -> str:
        if field.kind is not Kind.STRING or is_enumeration(field):
            raise ConfigurationError(
                f"OData cannot search within field {field.name!r} ({field.type_name}).",
                remedy="Compare it as a whole: eq, ne, in or not_in.",
            )
        return f"{before}{name}({field.name},{literals[0]})"

    return call


_OPERATORS: Final[dict[str, Callable[[Field, list[str]], str]]] = {
    **{operator: _all(operator) for operator in ("eq", "ne", "gt", "ge", "lt", "le")},
    "in": _any("eq"),
    "not_in": _all("ne"),
    "between": _between,
    **{name: _function(function) for name, function in FUNCTIONS.items()},
    **{f"not_{name}": _function(function, "not ") for name, function in FUNCTIONS.items()},
    "not_null": lambda field, _: f"{field.name} ne null",
}


def _within(field: Field, first: Any, last: Any) -> str:
    """From the first to the last moment. The last microsecond of a day is written as before the
    next one, for servers that keep fewer digits.
    """
    upper = "le"
    if field.kind is Kind.INSTANT and last.microsecond == 999_999 and last.year < MAXYEAR:
        upper, last = "lt", last + timedelta(microseconds=1)
    low, high = literal(field, first), literal(field, last)
    return f"({field.name} ge {low} and {field.name} {upper} {high})"


def _joined(joint: str, parts: Sequence[str]) -> str:
    return f"({joint.join(parts)})" if len(parts) > 1 else parts[0]
