"""A condition over whole batches: what `core.filters.conditions` means, column by column."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from functools import reduce
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.filters.conditions import POSITIVE, RELATIVE, operands_of
from tandem.core.filters.relations import NO_RELATIONS, Compared, Relation, Relations, compared
from tandem.core.id_set import IdSet
from tandem.core.values import canonical_text
from tandem.errors import ConfigurationError
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity

BatchTest = Callable[[pa.RecordBatch], pa.BooleanArray]
"""For each record of a batch whether it satisfies a condition; never null."""

IdsOf = Callable[[Relation, Comparison], IdSet]
"""The canonical texts of `on` of those records of a lookup's target that satisfy the comparison,
which is about a field of the target."""

_MOST_DIGITS: Final = 100
"""A number of more digits before the point is beyond every column."""


def no_targets(_relation: Relation, comparison: Comparison) -> IdSet:
    """For conditions that follow no lookup."""
    raise ConfigurationError(f"Filter: the records behind {comparison.field!r} cannot be read.")


def batch_test(
    condition: Condition,
    entity: Entity,
    now: datetime,
    relations: Relations = NO_RELATIONS,
    ids_of: IdsOf = no_targets,
) -> BatchTest:
    """The condition as a test of batches that have the fields it needs, in their Arrow types.

    `ids_of` is asked once for each comparison with a field of a lookup's target, at once.
    ConfigurationError where the condition does not fit the entity.
    """
    if isinstance(condition, AllOf | AnyOf):
        parts = [batch_test(c, entity, now, relations, ids_of) for c in condition.conditions]
        joint = pc.and_ if isinstance(condition, AllOf) else pc.or_
        return lambda records: reduce(joint, (part(records) for part in parts))
    found = compared(condition.field, entity, relations)
    operands = operands_of(condition, found.field, now)
    if found.relation:
        return _target_test(condition, found, found.relation, ids_of)
    positive = POSITIVE.get(condition.operator)
    test = _TESTS[positive or condition.operator]

    def holds(records: pa.RecordBatch) -> pa.BooleanArray:
        satisfied = pc.fill_null(test(records.column(found.field.name), operands), False)
        return pc.invert(satisfied) if positive else satisfied

    return holds


def _target_test(
    comparison: Comparison, found: Compared, relation: Relation, ids_of: IdsOf
) -> BatchTest:
    """By the targets that satisfy the comparison; where a null does, by those that do not."""
    opposite = {**POSITIVE, "null": "not_null"}.get(comparison.operator)
    asked = {"field": found.field.name, "operator": opposite or comparison.operator}
    ids = ids_of(relation, comparison.model_copy(update=asked))

    def holds(records: pa.RecordBatch) -> pa.BooleanArray:
        inside = ids.holds(canonical_text(records.column(found.lookup)))
        return pc.invert(inside) if opposite else inside

    return holds


def _is_one_of(values: pa.Array, operands: tuple[Any, ...]) -> pa.BooleanArray:
    if pa.types.is_floating(values.type):  # is_in tells 0.0 from -0.0
        return reduce(pc.or_, (pc.equal(values, operand) for operand in operands))
    sortable = _sortable(values)
    sought = [_exact(operand, values.type) for operand in operands]
    known = [operand for operand in sought if operand is not None]
    return pc.is_in(sortable, value_set=pa.array(known, sortable.type))


def _order(name: str) -> Callable[[pa.Array, tuple[Any, ...]], pa.BooleanArray]:
    return lambda values, operands: _ordered(name, values, operands[0])


def _is_between(values: pa.Array, operands: tuple[Any, ...]) -> pa.BooleanArray:
    return pc.and_(_ordered("ge", values, operands[0]), _ordered("le", values, operands[1]))


def _ordered(name: str, values: pa.Array, operand: Any) -> pa.BooleanArray:
    sortable = _sortable(values)
    if isinstance(operand, Decimal):
        # An integer column has no 1.5: what is above 1.5 is above 1, what is at least 1.5 above 1.
        rounding = ROUND_FLOOR if name in ("gt", "le") else ROUND_CEILING
        operand = _rounded(operand, values.type, rounding)
        if edge := _beyond(operand, values.type):
            return _constant(values, (edge < 0) == (name in ("gt", "ge")))
    return _COMPARISONS[name](sortable, pa.scalar(_raw(operand), sortable.type))


def _text(
    test: Callable[..., pa.BooleanArray],
) -> Callable[[pa.Array, tuple[Any, ...]], pa.BooleanArray]:
    def holds(values: pa.Array, operands: tuple[str, ...]) -> pa.BooleanArray:
        try:
            operands[0].encode()
        except UnicodeEncodeError:  # half a surrogate, which no text holds
            return _constant(values, holds=False)
        return test(values, pattern=operands[0])

    return holds


def _sortable(values: pa.Array) -> pa.Array:
    """Texts as UTF-8, whose order is that of the code points."""
    return values.cast(pa.binary()) if pa.types.is_string(values.type) else values


def _raw(operand: Any) -> Any:
    return operand.encode("utf-8", "surrogatepass") if isinstance(operand, str) else operand


def _exact(operand: Any, kind: pa.DataType) -> Any:
    """The operand as a value of the column's type; None where there is none that equals it."""
    if not isinstance(operand, Decimal):
        return _raw(operand)
    rounded = _rounded(operand, kind, ROUND_FLOOR)
    return None if rounded != operand or _beyond(rounded, kind) else rounded


def _rounded(operand: Decimal, kind: pa.DataType, rounding: str) -> int | Decimal:
    """The nearest number below or above that has the column's scale."""
    if operand and operand.adjusted() > _MOST_DIGITS:
        operand = Decimal(10**_MOST_DIGITS).copy_sign(operand)
    with localcontext(prec=3 * _MOST_DIGITS):
        scale = kind.scale if pa.types.is_decimal(kind) else 0
        number = operand.quantize(Decimal(1).scaleb(-scale), rounding=rounding)
    return number if pa.types.is_decimal(kind) else int(number)


def _beyond(number: int | Decimal, kind: pa.DataType) -> int:
    """-1 below all values of the type, 1 above them, else 0."""
    if pa.types.is_decimal(kind):
        most = Decimal(10) ** int(kind.precision - kind.scale)
        return (number >= most) - (number <= -most)
    return (number >= 2**63) - (number < -(2**63))


def _constant(values: pa.Array, holds: bool) -> pa.BooleanArray:  # noqa: FBT001 - a value
    """That for every value, but for nulls."""
    return pc.if_else(values.is_valid(), holds, pa.scalar(None, pa.bool_()))


_COMPARISONS: Final[Mapping[str, Callable[..., pa.BooleanArray]]] = {
    "gt": pc.greater,
    "ge": pc.greater_equal,
    "lt": pc.less,
    "le": pc.less_equal,
}
_TESTS: Final[Mapping[str, Callable[[pa.Array, tuple[Any, ...]], pa.BooleanArray]]] = {
    "null": lambda values, _operands: values.is_null(),
    "not_null": lambda values, _operands: values.is_valid(),
    "eq": _is_one_of,
    "in": _is_one_of,
    **{name: _order(name) for name in _COMPARISONS},
    "between": _is_between,
    "contains": _text(pc.match_substring),
    "begins_with": _text(pc.starts_with),
    "ends_with": _text(pc.ends_with),
    **dict.fromkeys(RELATIVE, _is_between),
}
