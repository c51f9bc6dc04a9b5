"""The local entity that a mapping needs, for those who let it be created."""

from collections.abc import Iterable, Mapping
from typing import Final

import pyarrow as pa

from tandem.core.fit import fit
from tandem.core.transforms.apply import with_default
from tandem.core.transforms.kinds import kind_after
from tandem.core.transforms.options import option_text
from tandem.core.values import arrow_type
from tandem.model.integration import Constant, EntityMapping, FieldMapping
from tandem.model.schema import Entity, Field, Kind
from tandem.model.transforms import Step, Transform, name_of

_NO_LONGER: Final = frozenset(("trim", "upper", "lower", "split"))
"""Transforms that never make a text longer."""


def wanted_entity(
    mapping: EntityMapping, external: Entity, known: Entity | None, keys: Mapping[str, Field]
) -> Entity:
    """The local entity that this mapping needs, with types taken from the external side.

    `known` is what the local side has by that name; `keys` tells for each external entity the
    local key field of its mapping, which is what lookups to it hold.
    """
    lines = filled_locally(mapping)
    fields = [_wanted_field(name, line, external, keys) for name, line in lines.items()]
    names = lines.keys()
    key = known.key if known and known.key else (_id_among(names),)
    missing_key = [Field(name=name, kind=Kind.GUID, nullable=False) for name in key]
    own_key = [field for field in missing_key if field.name not in names]
    as_key = [field.model_copy(update={"nullable": field.name not in key}) for field in fields]
    return Entity(name=mapping.local, key=key, fields=(*own_key, *as_key))


def filled_locally(mapping: EntityMapping) -> dict[str, FieldMapping]:
    """Local field → the line that says of what type it has to be; none for what is only sent."""
    lines: dict[str, FieldMapping] = {}
    for line in mapping.active_fields:
        if line.local and line.direction != "upload_only":
            lines.setdefault(line.local, line)
    return lines


def _id_among(names: Iterable[str]) -> str:
    """The name of the key of a table that we make; SQL does not tell `ID` from `id`."""
    return next((name for name in names if name.lower() == "id"), "id")


def _wanted_field(
    name: str, mapping: FieldMapping, external: Entity, keys: Mapping[str, Field]
) -> Field:
    if mapping.lookup:
        target = keys.get(mapping.lookup.entity)
        return Field(name=name, kind=target.kind if target else Kind.STRING)
    if mapping.values:
        return _option_field(name, mapping, external)
    if mapping.external is None:
        return _field_for(name, [mapping.constant])
    field = _made_field(name, mapping, external)
    return field if mapping.default is None else _with_room(field, mapping.default)


def _option_field(name: str, line: FieldMapping, external: Entity) -> Field:
    """A field that can hold the partners of options, the default and what is kept."""
    defaults = [] if line.default is None else [line.default]
    field = _field_for(name, [*(line.values or {}).values(), *defaults])
    if line.unmapped != "keep":
        return field
    plain = line.model_copy(update={"values": None})
    kept = kind_after(plain, external, direction="download_only")
    return field if kept is field.kind else Field(name=name, kind=Kind.STRING)


def _with_room(field: Field, default: Constant) -> Field:
    """A field that can hold the default too."""
    if field.kind is Kind.STRING:
        room = field.max_length and max(field.max_length, len(option_text(default)))
        return field.model_copy(update={"max_length": room})
    filled = with_default(pa.nulls(1, arrow_type(field)), default)
    if not fit(filled, field).problems:
        return field
    number = field.kind is Kind.INT64 and not isinstance(default, str)
    return Field(name=field.name, kind=Kind.DECIMAL if number else Kind.STRING)


def _made_field(name: str, line: FieldMapping, external: Entity) -> Field:
    """A field that can hold the source's values, or what transforms make of them; text where they
    can make anything.
    """
    if not line.transform:
        source = external.field(line.external or "")
        return Field(
            name=name,
            kind=source.kind,
            max_length=source.max_length,
            precision=source.precision,
            scale=source.scale,
        )
    kind = kind_after(line, external, direction="download_only") or Kind.STRING
    length = length_made(line.transform, external.field(line.external or "").max_length)
    return Field(name=name, kind=kind, max_length=length if kind is Kind.STRING else None)


def length_made(steps: Iterable[Transform], length: int | None) -> int | None:
    """How long a text can be after these transforms, by how long it is before; None: any length."""
    for step in steps:
        length = _length_after(step, length)
    return length


def _length_after(step: Transform, length: int | None) -> int | None:
    if isinstance(step, Step) and step.truncate:
        return min(step.truncate, length or step.truncate)
    return length if name_of(step) in _NO_LONGER else None


def _field_for(name: str, values: Iterable[object]) -> Field:
    """A field that can hold these constants."""
    kinds = {type(value) for value in values}
    kind = {frozenset({bool}): Kind.BOOLEAN, frozenset({int}): Kind.INT64}.get(
        frozenset(kinds), Kind.STRING
    )
    return Field(name=name, kind=kind)
