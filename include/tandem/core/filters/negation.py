"""The opposite of a condition: exact under the meaning of `core.filters.conditions`."""

from collections.abc import Mapping
from typing import Final

from tandem.model.filters import AllOf, AnyOf, Comparison, Condition, fields_of, moves_with_time
from tandem.model.schema import Entity, Kind

_PAIRS: Final = (
    ("eq", "ne"),
    ("in", "not_in"),
    ("contains", "not_contains"),
    ("begins_with", "not_begins_with"),
    ("ends_with", "not_ends_with"),
    ("null", "not_null"),
)
_OPPOSITES: Final[Mapping[str, str]] = {
    **dict(_PAIRS),
    **{other: one for one, other in _PAIRS},
}
_BEYOND: Final[Mapping[str, str]] = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt"}
"""An order → the one that holds where it does not; neither holds of a null."""


def negated(condition: Condition) -> Condition:
    """The condition that holds of just those records of which this one does not.

    Of conditions that `can_be_negated` only.
    """
    if isinstance(condition, AllOf):
        return AnyOf(conditions=tuple(map(negated, condition.conditions)))
    if isinstance(condition, AnyOf):
        return AllOf(conditions=tuple(map(negated, condition.conditions)))
    name = condition.operator
    if name in _OPPOSITES:
        return _like(condition, _OPPOSITES[name], condition.value)
    tests: list[tuple[str, object]] = [("null", None)]
    if name == "between" and isinstance(condition.value, tuple):
        tests += [("lt", condition.value[0]), ("gt", condition.value[1])]
    else:
        tests.append((_BEYOND[name], condition.value))
    return AnyOf(conditions=tuple(_like(condition, *test) for test in tests))


def can_be_negated(condition: Condition, entity: Entity) -> bool:
    """Whether there is an opposite that means the same at any time.

    There is none where the day counts, where another record's fields do (they change by
    themselves), and where floats are put in order: NaN is neither less nor greater.
    """
    if moves_with_time(condition) or not fields_of(condition) <= entity.by_name.keys():
        return False
    return not any(
        entity.field(one.field).kind is Kind.FLOAT64 and one.operator not in _OPPOSITES
        for one in _comparisons(condition)
    )


def _like(one: Comparison, operator: str, value: object) -> Comparison:
    return Comparison.model_validate({"field": one.field, "operator": operator, "value": value})


def _comparisons(condition: Condition) -> tuple[Comparison, ...]:
    if isinstance(condition, Comparison):
        return (condition,)
    return tuple(one for part in condition.conditions for one in _comparisons(part))
