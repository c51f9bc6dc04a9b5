"""Which part of a condition the service evaluates, and which is left to us."""

from typing import Final
from urllib.parse import quote

from tandem.connectors.base import Query
from tandem.connectors.odata.dialects.dialect import FUNCTIONS, Dialect, Reach, form_of
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.filters import filter_expression
from tandem.connectors.odata.literals import literal
from tandem.connectors.odata.values import blank_of, is_coded
from tandem.core.filters.conditions import POSITIVE, operands_of
from tandem.core.filters.relations import Compared, compared
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition, all_of, fields_of
from tandem.model.schema import Entity

Split = tuple[Condition | None, Condition | None]
"""What the service is asked for, which lets through at least what the whole condition does, and
what is left to be looked at in the records that come."""

LONGEST: Final = 6_000
"""Characters that a comparison may have in the URL; longer ones are left to us."""


def split(condition: Condition | None, query: Query) -> Split:
    """The condition's two parts, for the dialect that the query's entity is read in.

    ConfigurationError where the condition does not fit the entity.
    """
    if condition is None:
        return None, None
    if isinstance(condition, Comparison):
        return _split_comparison(condition, query)
    parts = [split(part, query) for part in condition.conditions]
    if isinstance(condition, AllOf):
        return all_of(*(pushed for pushed, _ in parts)), all_of(*(rest for _, rest in parts))
    return _split_alternatives(condition, parts, query)


def _split_alternatives(condition: AnyOf, parts: list[Split], query: Query) -> Split:
    """Only what is pushed of all alternatives lets through what any of them does."""
    pushed = [asked for asked, _ in parts if asked is not None]
    if len(pushed) < len(parts):
        return None, condition
    asked = AnyOf(conditions=tuple(pushed))
    spoken = dialect_of(query.entity)
    if len(fields_of(asked)) > 1 and not spoken.or_across_fields:
        return None, condition
    return asked, condition if any(rest is not None for _, rest in parts) else None


def _split_comparison(comparison: Comparison, query: Query) -> Split:
    if _is_always_so(comparison, query):
        return None, None
    reach = _reach(comparison, query)
    return (
        comparison if reach is not Reach.UNKNOWN else None,
        comparison if reach is not Reach.EXACT else None,
    )


def _is_always_so(comparison: Comparison, query: Query) -> bool:
    """Whether it asks for a value of a field that has one in every record. Where blanks stand for
    null, only what the system itself fills is never blank.
    """
    found = compared(comparison.field, query.entity, query.relations)
    if comparison.operator != "not_null" or found.relation is not None or found.field.nullable:
        return False
    blank = blank_of(found.field, dialect_of(query.entity))
    return blank is None or found.field.name in query.entity.capabilities.version_fields


def _reach(comparison: Comparison, query: Query) -> Reach:
    entity = query.entity
    found = compared(comparison.field, entity, query.relations)
    operands = operands_of(comparison, found.field, query.now)
    spoken = dialect_of(entity)
    reach = spoken.reach.get(form_of(found.field), {}).get(comparison.operator, Reach.UNKNOWN)
    if reach is Reach.UNKNOWN or not _is_taken(comparison, found, entity, spoken):
        return Reach.UNKNOWN
    if _means_otherwise(comparison, found, operands, spoken):
        return Reach.UNKNOWN
    text = filter_expression(comparison, entity, query.now, query.relations)
    return reach if len(quote(text)) <= LONGEST else Reach.UNKNOWN


def _is_taken(comparison: Comparison, found: Compared, entity: Entity, spoken: Dialect) -> bool:
    """Whether the service evaluates such a comparison at all, as far as it tells."""
    listed = entity.capabilities.filter_functions
    function = FUNCTIONS.get(comparison.operator.removeprefix("not_"))
    if not (entity.capabilities.filter and found.field.filterable):
        return False
    if function and listed and function not in listed:
        return False
    if found.relation is None:
        return True
    own = entity.field(found.lookup)
    leads = own.filterable and found.relation.navigation
    return bool(leads) and comparison.operator in spoken.navigation


def _means_otherwise(
    comparison: Comparison, found: Compared, operands: tuple[object, ...], spoken: Dialect
) -> bool:
    """Whether the operands make the service find less than is meant."""
    operator = comparison.operator
    if operator.removeprefix("not_") in FUNCTIONS:
        return any(character in str(operands[0]) for character in spoken.patterns)
    if is_coded(found.field, spoken):  # a blank one is null here
        return any(not str(operand).strip() for operand in operands)
    blank = spoken.blanks.get(found.field.kind)
    if operator == "null":
        return bool(spoken.blanks) and blank is None
    if operator in POSITIVE and blank is not None:  # null satisfies it, and is the blank value
        return blank in [literal(found.field, operand) for operand in operands]
    return False
