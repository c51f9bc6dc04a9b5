"""Conditions on what is still to be made: a preview is about it before it is there."""

from collections.abc import Callable

from tandem.core.filters.conditions import POSITIVE
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition


def as_unset(condition: Condition, is_absent: Callable[[str], bool], key: str) -> Condition:
    """What the condition means where the fields that are absent are null in every record.

    `key` is a field of the key: it is never null, which tells what always holds from what never
    does.
    """
    if isinstance(condition, AllOf | AnyOf):
        parts = tuple(as_unset(part, is_absent, key) for part in condition.conditions)
        return condition.model_copy(update={"conditions": parts})
    if not is_absent(condition.field):
        return condition
    holds = condition.operator in POSITIVE or condition.operator == "null"
    return Comparison(field=key, operator="not_null" if holds else "null")
