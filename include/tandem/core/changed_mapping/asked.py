"""What a mapping asked for, kept beside what was done under it, to be compared later."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tandem.core.anchors import version_field
from tandem.core.mapping import BoundMapping
from tandem.model.asked import Asked
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.schema import Entity, Field

NO_MATTER: Final = frozenset(
    (
        "enabled",
        "first_sync",
        "overlap",
        "deletes",
        "sweep_every",
        "parallel_reads",
        "filter_exit",
        "on_conflict",
        "composite_lookups",
    )
)
"""Keys of an entity mapping that ask for no other records and no other values."""
NO_MATTER_OF_FIELDS: Final = frozenset(("enabled", "on_conflict"))


def asked_of(bound: BoundMapping) -> Asked:
    """What this mapping asks for."""
    kinds, facets = {}, {}
    for field in bound.fields:
        ends = [*field.externals, *([field.local] if field.local else [])]
        kinds[field.name] = " ".join(end.kind for end in ends)
        facets[field.name] = " ".join(map(_facets, ends))
    return Asked(
        mapping=bound.mapping,
        kinds=kinds,
        facets=facets,
        keys={"external": bound.external.key, "local": bound.local.key},
        version_field=version_field(bound.mapping, bound.external),
        order=_order(bound, bound.local),
    )


def is_alike(one: Asked, other: Asked) -> bool:
    """Whether both ask for the same, of systems that are alike."""
    return one.model_copy(update={"versions": other.versions}) == other


def significant(mapping: EntityMapping) -> dict[str, Any]:
    """What the mapping asks for, without what makes no difference to it, as JSON has it."""
    dump = mapping.model_dump(mode="json", by_alias=True, exclude=set(NO_MATTER))
    return {**dump, "fields": field_lines(mapping)}


def field_lines(mapping: EntityMapping) -> dict[str, list[str]]:
    """The enabled fields by what they fill: what each asks for, as texts."""
    lines: dict[str, list[str]] = {}
    for field in mapping.active_fields:
        lines.setdefault(place_of(field), []).append(_line(mapping, field))
    return lines


def lines_of(asked: Asked) -> dict[str, list[str]]:
    """The same, with the kinds that the fields had."""
    return {
        place: [*lines, asked.kinds.get(place, "")]
        for place, lines in field_lines(asked.mapping).items()
    }


def place_of(field: FieldMapping) -> str:
    """What a field fills; the lines of a composite lookup fill one field."""
    return field.local or f"@{field.external}"


def way_of(mapping: EntityMapping, field: FieldMapping) -> str:
    """Which way a field travels."""
    return field.direction or mapping.direction


def made_anew(before: Asked, now: Asked) -> frozenset[str]:
    """Local fields that stand behind others that they stood before: dropped and made again since,
    without the values that they had.
    """
    common = set(before.order) & set(now.order)
    places = [before.order.index(name) for name in now.order if name in common]
    names = [name for name in now.order if name in common]
    kept = next(n for n in range(len(places), -1, -1) if places[:n] == sorted(places[:n]))
    return frozenset(names[kept:])


def _line(mapping: EntityMapping, field: FieldMapping) -> str:
    dump = field.model_dump(mode="json", exclude=set(NO_MATTER_OF_FIELDS))
    return json.dumps({**dump, "direction": way_of(mapping, field)}, sort_keys=True)


def _facets(field: Field) -> str:
    facets: Mapping[str, object] = field.model_dump(
        include={"nullable", "max_length", "precision", "scale", "read_only", "options"}
    )
    return json.dumps(facets)


def _order(bound: BoundMapping, local: Entity) -> tuple[str, ...]:
    mapped = set(bound.local_fields)
    return tuple(field.name for field in local.fields if field.name in mapped)
