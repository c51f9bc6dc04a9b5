"""The fields in which the records of both sides meet: mappings bound to what the systems have."""

from dataclasses import dataclass
from itertools import groupby

from tandem.model.integration import Direction, EntityMapping, FieldMapping, OnConflict
from tandem.model.schema import Entity, Field


@dataclass(frozen=True, slots=True)
class Reference:
    """What a lookup's value refers to: the record of `entity` whose `fields` have that value."""

    entity: str
    fields: tuple[str, ...]
    """External fields of the target, in the order in which a composite value joins them."""


@dataclass(frozen=True, slots=True)
class BoundField:
    """One field of a pair of records."""

    mapping: FieldMapping
    """Of a composite lookup the first of its lines."""
    externals: tuple[Field, ...]
    """One external field; none for a constant of the local side, several for a composite lookup."""
    local: Field | None
    """None for a constant of the external side."""
    downloads: bool
    uploads: bool
    identifies: bool
    """Whether it is a part of the external key, which is only sent with a new record."""
    reference: Reference | None
    on_conflict: OnConflict | None
    """The field's own policy or its entity's; None: the integration's."""

    @property
    def name(self) -> str:
        """The local field; a constant of the external side has a name that none can have."""
        return self.target.name if self.local else f"@{self.target.name}"

    @property
    def target(self) -> Field:
        """The local field; the external one for a constant that is only sent there."""
        return self.local or self.externals[0]

    @property
    def external(self) -> Field | None:
        """The external field, where there is just one."""
        return self.externals[0] if len(self.externals) == 1 else None


def bound_fields(mapping: EntityMapping, external: Entity, local: Entity) -> tuple[BoundField, ...]:
    """The enabled fields of the mapping, in the order of their names.

    The lines of a composite lookup are one field. What the external system sets itself is never
    uploaded.
    """
    lines = sorted(mapping.active_fields, key=_place)
    fields = [_bound(mapping, list(group), external, local) for _, group in groupby(lines, _place)]
    return tuple(sorted(fields, key=lambda field: field.name))


def _place(line: FieldMapping) -> tuple[str, str]:
    return line.local or "", "" if line.local else line.external or ""


def _bound(
    mapping: EntityMapping, lines: list[FieldMapping], external: Entity, local: Entity
) -> BoundField:
    first = lines[0]
    externals = tuple(external.field(line.external) for line in lines if line.external)
    lookups = [line.lookup for line in lines if line.lookup]
    return BoundField(
        mapping=first,
        externals=externals,
        local=local.field(first.local) if first.local else None,
        downloads=bool(first.local) and _goes(mapping, first, "download_only"),
        uploads=bool(externals)
        and _goes(mapping, first, "upload_only")
        and not any(field.read_only for field in externals),
        identifies=any(field.name in external.key for field in externals),
        reference=Reference(lookups[0].entity, tuple(lookup.field for lookup in lookups))
        if lookups
        else None,
        on_conflict=first.on_conflict or mapping.on_conflict,
    )


def _goes(mapping: EntityMapping, line: FieldMapping, way: Direction) -> bool:
    return {mapping.direction, line.direction or way} <= {way, "bidirectional"}
