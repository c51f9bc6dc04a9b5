"""The condition tree of a filter: what the user writes, one meaning wherever it is evaluated."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from tandem.model.config import Config

Scalar = bool | int | Decimal | datetime | date | str

ONE_VALUE = frozenset(
    [
        "eq",
        "ne",
        "gt",
        "ge",
        "lt",
        "le",
        "contains",
        "not_contains",
        "begins_with",
        "not_begins_with",
        "ends_with",
        "not_ends_with",
    ]
)
A_COUNT = frozenset(("last_x_hours", "last_x_days", "next_x_days"))
A_LIST = frozenset(("in", "not_in"))
NO_VALUE = frozenset(
    ["null", "not_null", "today", "yesterday", "tomorrow", "this_week", "this_month", "this_year"]
)

Operator = Literal[
    "eq", "ne", "gt", "ge", "lt", "le", "in", "not_in", "between",
    "contains", "not_contains", "begins_with", "not_begins_with", "ends_with", "not_ends_with",
    "null", "not_null", "today", "yesterday", "tomorrow",
    "last_x_hours", "last_x_days", "next_x_days", "this_week", "this_month", "this_year",
]  # fmt: skip


class Comparison(Config):
    """One test of one field, in the names of the side that is read.

    `lookup.field` is a field of the record that a lookup refers to, unless a field has that very
    name. Nulls: a null field satisfies only `null`, `ne` and the `not_…` operators; a field of
    the target is null where the lookup is, and where there is no such record.
    """

    field: str = Field(
        description="Field of the side being read; lookup.field for a field of the record that "
        "a lookup refers to."
    )
    operator: Operator = Field(description="How the field is compared.")
    value: Scalar | tuple[Scalar, ...] | None = Field(
        None,
        description="A value; a list for in and not_in, two values for between, "
        "a whole number for the …_x_… operators, nothing for null, today and the like.",
    )

    @model_validator(mode="after")
    def _value_fits_operator(self) -> "Comparison":
        wanted = _wanted(self.operator)
        if not _fits(self.operator, self.value):
            raise ValueError(f"operator {self.operator!r} takes {wanted}")
        return self


class AllOf(Config):
    """Every condition holds."""

    conditions: tuple["Condition", ...] = Field(alias="and", min_length=1)


class AnyOf(Config):
    """At least one condition holds."""

    conditions: tuple["Condition", ...] = Field(alias="or", min_length=1)


def _shape(value: Any) -> str:
    """Which model a piece of a filter is, so that errors speak of that one only."""
    if isinstance(value, AllOf) or (isinstance(value, dict) and "and" in value):
        return "and"
    if isinstance(value, AnyOf) or (isinstance(value, dict) and "or" in value):
        return "or"
    return "comparison"


Condition = Annotated[
    Annotated[AllOf, Tag("and")]
    | Annotated[AnyOf, Tag("or")]
    | Annotated[Comparison, Tag("comparison")],
    Discriminator(_shape),
]

AllOf.model_rebuild()
AnyOf.model_rebuild()


MOVING = A_COUNT | NO_VALUE - {"null", "not_null"}


def moves_with_time(condition: Condition) -> bool:
    """Whether a record may satisfy the condition tomorrow that does not today, unchanged."""
    if isinstance(condition, Comparison):
        return condition.operator in MOVING
    return any(moves_with_time(part) for part in condition.conditions)


def fields_of(condition: Condition | None) -> frozenset[str]:
    """The fields that the condition looks at."""
    if condition is None:
        return frozenset()
    if isinstance(condition, Comparison):
        return frozenset((condition.field,))
    return frozenset().union(*map(fields_of, condition.conditions))


def lookup_path(name: str) -> tuple[str, str] | None:
    """The lookup, and the field of its target, in a name such as `account_ID.city`; None where
    the name cannot mean that.
    """
    lookup, dot, field = name.partition(".")
    return (lookup, field) if lookup and dot and field else None


def all_of(*conditions: Condition | None) -> Condition | None:
    """The conditions that are there, all of which must hold; None if there is none."""
    present = tuple(condition for condition in conditions if condition is not None)
    if len(present) < 2:
        return present[0] if present else None
    return AllOf(conditions=present)


def _wanted(operator: str) -> str:
    if operator in NO_VALUE:
        return "no value"
    if operator in A_LIST:
        return "a list of values"
    if operator == "between":
        return "a list of two values"
    return "a whole number above 0" if operator in A_COUNT else "one value"


def _fits(operator: str, value: object) -> bool:
    if operator in NO_VALUE:
        return value is None
    if operator in A_LIST:
        return isinstance(value, tuple) and len(value) > 0
    if operator == "between":
        return isinstance(value, tuple) and len(value) == 2
    if operator in A_COUNT:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value is not None and not isinstance(value, tuple)
