"""What a condition means while fields that it looks at are still to be made."""

from datetime import UTC, datetime

import pytest

from tandem.core.filters.absent import as_unset
from tandem.core.filters.conditions import satisfies
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity, Field, Kind

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ENTITY = Entity(
    name="contact",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.INT64, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="city", kind=Kind.STRING),
    ),
)


def comparison(field: str, operator: str, value: object = None) -> Comparison:
    return Comparison(field=field, operator=operator, value=value)


@pytest.mark.parametrize(
    "condition",
    [
        comparison("city", "eq", "Brno"),
        comparison("city", "ne", "Brno"),
        comparison("city", "null"),
        comparison("city", "not_null"),
        comparison("city", "not_contains", "r"),
        comparison("city", "between", ("a", "z")),
        comparison("name", "eq", "Ada"),
        AllOf(conditions=(comparison("city", "ne", "Brno"), comparison("name", "eq", "Ada"))),
        AnyOf(conditions=(comparison("city", "eq", "Brno"), comparison("name", "ne", "Ada"))),
        AnyOf(conditions=(AllOf(conditions=(comparison("city", "null"),)),)),
    ],
)
@pytest.mark.parametrize("name", ["Ada", "Bob", None])
def test_what_is_absent_counts_as_null(condition: Condition, name: str | None) -> None:
    asked = as_unset(condition, lambda field: field == "city", "id")
    there = satisfies(asked, {"id": 1, "name": name}, ENTITY, NOW)
    assert there is satisfies(condition, {"id": 1, "name": name, "city": None}, ENTITY, NOW)
