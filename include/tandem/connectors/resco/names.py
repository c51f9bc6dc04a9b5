"""What lookups are called: by Resco, and in the JSON of its OData service.

OData's names of lookups are not documented. A public client of the service selects and filters
`__primarycontactid_id` for the attribute `primarycontactid`, and binds `primarycontactid`; the
attribute itself and Dataverse's `_primarycontactid_value` are understood too, whichever the
service's `$metadata` declares.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tandem.connectors.base import Query
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition
from tandem.model.schema import Entity, Field

_TYPE: Final = re.compile(r"Lookup \((.+)\)")


def wire_names(lookup: str) -> tuple[str, ...]:
    """What OData may call a lookup's value, the likeliest first."""
    return (f"__{lookup}_id", lookup, f"_{lookup}_value")


def lookup_type(name: str, wire: str) -> str:
    """The type of a lookup, for people and for `wire_name`."""
    return "Lookup" if wire == name else f"Lookup ({wire})"


def wire_name(field: Field) -> str:
    """What OData calls the field; of a part, the lookup."""
    found = _TYPE.fullmatch(field.type_name)
    return found[1] if found else field.part_of or field.name


def wire_entity(entity: Entity) -> Entity:
    """The entity as OData has it: lookups are values like others."""
    fields = {
        name: field.model_copy(
            update={"name": name, "lookup": (), "part_of": "", "by_navigation": False}
        )
        for field in reversed(entity.fields)
        for name in [wire_name(field)]
    }
    return entity.model_copy(update={"fields": tuple(reversed(fields.values()))})


def wire_query(query: Query) -> Query:
    """The query in OData's names. Its condition is about the entity's own fields."""
    names = {field.name: wire_name(field) for field in query.entity.fields}
    return replace(
        query,
        entity=wire_entity(query.entity),
        fields=tuple(dict.fromkeys(names[name] for name in query.fields)),
        condition=query.condition and _renamed(query.condition, names),
        descending_by=query.descending_by and names[query.descending_by],
        relations={},
    )


def _renamed(condition: Condition, names: Mapping[str, str]) -> Condition:
    if isinstance(condition, AllOf | AnyOf):
        inner = tuple(_renamed(part, names) for part in condition.conditions)
        return condition.model_copy(update={"conditions": inner})
    renamed = names.get(condition.field, condition.field)
    return Comparison(**{**dict(condition), "field": renamed})
