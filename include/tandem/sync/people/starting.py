"""The mapping that an external entity begins with when a person maps it."""

from collections.abc import Sequence

from tandem.errors import is_one_line
from tandem.model.edits import Edit
from tandem.model.integration import FieldMapping, Integration
from tandem.model.schema import Entity, Schema
from tandem.sync.people.draft import column_name, local_name
from tandem.sync.people.suggest import Suggested, accepting_edits, suggested

_SURE = 0.7
"""The score from which a suggestion is taken without being asked."""


def starting_edits(
    integration: Integration, external: Schema, local: Schema, entity: str, ours: str
) -> list[Edit]:
    """The edits that map the external entity to the local one named `ours`, which need not be
    there yet, by its key alone: a mapping that downloads. ConfigurationError if the external side
    has no such entity.
    """
    there = local if ours in local.by_name else _with_entity(local, ours)
    found = suggested(integration, external, there, entity, ours)
    return accepting_edits(integration, found, _key_lines(found))


def column_for(external: Entity | None, field: str, local: Entity | None) -> str:
    """The local field that an external one may meet: one of that name, or one to be made."""
    known = external.by_name.get(field) if external else None
    made = column_name(external, known) if external and known else local_name(field)
    names = {name.lower(): name for name in (local.by_name if local else ())}
    return names.get(field.lower()) or names.get(made.lower()) or made


def _with_entity(local: Schema, name: str) -> Schema:
    return Schema(entities=(*local.entities, Entity(name=name)))


def _key_lines(found: Suggested) -> Sequence[FieldMapping]:
    """The lines of the external key; where it has none, or they have no partner, the first."""
    lines = [*found.accepted(_SURE), *found.new_columns(_SURE)]
    keys = [line for line in lines if line.external in found.external.key]
    return keys or lines[:1] or _first(found.external)


def _first(external: Entity) -> list[FieldMapping]:
    names = [one.name for one in external.fields if is_one_line(one.name)][:1]
    return [FieldMapping(external=name, local=local_name(name)) for name in names]
