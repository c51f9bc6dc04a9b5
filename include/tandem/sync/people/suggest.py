"""Suggestions for one external entity, and the edits that take them into the file."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.core.anchors import best_version_field
from tandem.core.suggestions.entities import LIKELY, EntitySuggestion, suggest_entity
from tandem.core.suggestions.lookups import MappedEntity, mapped_entity, references
from tandem.core.suggestions.suggest import Question, Suggestion, suggest
from tandem.errors import ConfigurationError, is_one_line
from tandem.mapping_files.plain import plain, plain_entity
from tandem.model.edits import Edit, Insertion
from tandem.model.integration import EntityMapping, FieldMapping, Integration
from tandem.model.schema import Entity, Field, Schema
from tandem.sync.people.draft import column_name, local_name


@dataclass(frozen=True)
class Suggested:
    """What could be mapped of an external entity."""

    external: Entity
    local: Entity
    """One without fields where there is none (yet)."""
    at: int | None
    """Position of its mapping in the file; None: it is not mapped."""
    partners: tuple[EntitySuggestion, ...]
    """Local entities that it may belong to, the likeliest first; none if it is mapped."""
    fields: tuple[Suggestion, ...]
    mapped: tuple[FieldMapping, ...]
    others: Mapping[str, MappedEntity]

    @property
    def has_partner(self) -> bool:
        """Whether there is a local entity to map to."""
        return self.at is not None or bool(self.local.fields)

    def accepted(self, least: float) -> tuple[FieldMapping, ...]:
        """The lines of the suggestions from that score on."""
        return tuple(found.mapping for found in self.fields if found.score >= least)

    def alone(self, least: float) -> tuple[Field, ...]:
        """External fields that neither are mapped nor have a suggestion from that score on."""
        lines = (*self.mapped, *self.accepted(least))
        known = {line.external for line in lines}
        return tuple(field for field in self.external.fields if field.name not in known)

    def to_several(self, least: float) -> tuple[Field, ...]:
        """Those of them that refer to a mapped entity, but to others as well: a lookup has one
        target, and which it is to be, a person has to say.
        """
        return tuple(
            field
            for field in self.alone(least)
            if len(field.lookup) > 1 and references(field, self.external, self.others)
        )

    def new_columns(self, least: float) -> tuple[FieldMapping, ...]:
        """Lines that give each field which is alone a local column of its own.

        Named as `tandem init` does; not for names that the local entity has already, nor for
        fields that refer `to_several` entities.
        """
        lines = (*self.mapped, *self.accepted(least))
        used = {line.local.lower() for line in lines if line.local}
        used |= {name.lower() for name in self.local.by_name}
        several = self.to_several(least)
        found = []
        for field in self.alone(least):
            if field in several:
                continue
            name = column_name(self.external, field)
            if name.lower() not in used and is_one_line(name):
                used.add(name.lower())
                refers = references(field, self.external, self.others)
                lookup = refers[0].lookup if refers and refers[0].stated else None
                found.append(FieldMapping(external=field.name, local=name, lookup=lookup))
        return tuple(found)

    def chosen(
        self, fields: Collection[str], columns: Collection[str], least: float
    ) -> tuple[FieldMapping, ...]:
        """The lines of the suggestions for those external fields, and of the new columns for these;
        a field of both gets the line of its suggestion.

        ConfigurationError if one of them has none.
        """
        lines = [found.mapping for found in self.fields if found.external.name in fields]
        suggested = {line.external for line in lines}
        made = [line for line in self.new_columns(least) if line.external in columns]
        known = {*suggested, *(line.external for line in made)}
        if unknown := {*fields, *columns} - known:
            raise ConfigurationError(
                f"There is no suggestion for {', '.join(sorted(unknown))} any more.",
                remedy="Look at the suggestions again.",
            )
        return (*lines, *(line for line in made if line.external not in suggested))


def suggested(
    integration: Integration, external: Schema, local: Schema, name: str, ours: str | None = None
) -> Suggested:
    """What could be mapped of the external entity of that name.

    `ours` names the local entity; left out, it is the one of its mapping or else the likeliest.
    ConfigurationError if there is no such entity.
    """
    theirs = external.entity(name)
    at = _position(integration, name)
    if at is None:
        return _of_new(integration, external, local, theirs, ours)
    mapping = integration.entities[at]
    here = local.by_name.get(mapping.local) or Entity(name=mapping.local)
    others = _others(integration, external, local)
    question = Question(theirs, here, mapping.direction, mapping.fields, others)
    return Suggested(theirs, here, at, (), suggest(question), mapping.fields, others)


def _of_new(
    integration: Integration, external: Schema, local: Schema, theirs: Entity, ours: str | None
) -> Suggested:
    taken = [mapping.local for mapping in integration.entities]
    partners = suggest_entity(theirs, local, taken)
    likely = (partner.local for partner in partners if partner.score >= LIKELY)
    chosen = ours or next(likely, None)
    made = local_name(theirs.name)
    here = local.entity(chosen) if chosen else local.by_name.get(made) or Entity(name=made)
    others = {
        **_others(integration, external, local),
        theirs.name: MappedEntity(theirs, here),
    }
    found = suggest(Question(theirs, here, others=others))
    return Suggested(theirs, here, None, partners, found, (), others)


def _position(integration: Integration, name: str) -> int | None:
    """Where the entity's mapping is; of several the enabled one."""
    places = [at for at, one in enumerate(integration.entities) if one.external == name]
    return next((at for at in places if integration.entities[at].enabled), (*places, None)[0])


def _others(integration: Integration, external: Schema, local: Schema) -> dict[str, MappedEntity]:
    """The enabled mappings of entities that the external system has."""
    return {
        mapping.external: mapped_entity(
            mapping,
            external.by_name[mapping.external],
            local.by_name.get(mapping.local) or Entity(name=mapping.local),
        )
        for mapping in integration.active_entities
        if mapping.external in external.by_name
    }


def accepting_edits(
    integration: Integration, found: Suggested, lines: Sequence[FieldMapping]
) -> list[Edit]:
    """The edits that add these lines: to the entity's mapping, or as a new one that downloads."""
    if not lines:
        return []
    if found.at is None:
        at = len(integration.entities)
        return [Insertion(("entities",), at, _new_mapping(found.external, found.local, lines))]
    begin = len(integration.entities[found.at].fields)
    return [
        Insertion(("entities", found.at, "fields"), begin + n, plain(line))
        for n, line in enumerate(lines)
    ]


def _new_mapping(external: Entity, local: Entity, lines: Sequence[FieldMapping]) -> dict[str, Any]:
    mapped = {line.external for line in lines if not line.lookup}
    has_key = external.key and mapped >= {*external.key}
    return plain_entity(
        EntityMapping(
            external=external.name,
            local=local.name,
            primary_key=external.key if has_key else (),
            version_number=best_version_field(external),
            fields=tuple(lines),
        )
    )
