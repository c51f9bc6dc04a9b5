"""An entity mapping bound to the schemas of both sides, and what it makes of external records."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from tandem.core.fit import CONVERTIBLE, fit
from tandem.core.ids import new_ids, record_ids
from tandem.core.transforms import constant, map_options, transform
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.schema import Entity, Field, Kind


@dataclass(frozen=True, slots=True)
class Download:
    """One field that is downloaded: where it comes from and where it goes."""

    mapping: FieldMapping
    local: Field
    external: Field | None
    """None for a constant."""


@dataclass(frozen=True)
class BoundMapping:
    """An entity mapping with the entities that it names."""

    mapping: EntityMapping
    external: Entity
    local: Entity

    @cached_property
    def downloads(self) -> tuple[Download, ...]:
        """The fields that are written to the local side, in the order of their local names."""
        fields = [
            Download(
                field,
                self.local.field(field.local),
                self.external.field(field.external) if field.external else None,
            )
            for field in self.mapping.active_fields
            if field.local and field.direction != "upload_only"
        ]
        return tuple(sorted(fields, key=lambda download: download.local.name))

    @cached_property
    def external_fields(self) -> tuple[str, ...]:
        """The external fields that have to be read: the key, match fields and mapped ones."""
        mapped = [download.external.name for download in self.downloads if download.external]
        return tuple(dict.fromkeys([*self.external.key, *self.mapping.primary_key, *mapped]))

    def local_name(self, external: str) -> str:
        """The local field that an external one is mapped to; ConfigurationError if to none."""
        for download in self.downloads:
            if download.external and download.external.name == external:
                return download.local.name
        raise ConfigurationError(
            f"External field {external!r} of {self.external.name!r} is not mapped.",
            remedy=f"Map it to a local field: {{external: {external}, local: …}}.",
        )

    @cached_property
    def match_fields(self) -> tuple[str, ...]:
        """The local fields that find the partner of a record that has no link.

        Those that the primary key is mapped to; without one the local key, where it is mapped.
        """
        if self.mapping.primary_key:
            return tuple(self.local_name(name) for name in self.mapping.primary_key)
        return self.local.key if self.maps_local_key else ()

    def spells_external_key(self, names: Sequence[str]) -> bool:
        """Whether these local fields spell the external key, so that no two records share them."""
        sources = [d for d in self.downloads if d.local.name in names]
        as_they_are = not any(d.mapping.transform or d.mapping.values for d in sources)
        return as_they_are and {d.external.name for d in sources if d.external} == set(
            self.external.key
        )

    @cached_property
    def shape(self) -> str:
        """What records are written to, as text: another shape means that all are written anew."""
        fields = [
            [d.local.name, d.local.kind, d.mapping.lookup and d.mapping.lookup.model_dump()]
            for d in self.downloads
        ]
        return json.dumps([self.local.name, fields])

    @cached_property
    def maps_local_key(self) -> bool:
        """Whether mapped fields fill the whole local key."""
        return set(self.local.key) <= {download.local.name for download in self.downloads}


@dataclass(frozen=True, slots=True)
class Mapped:
    """External records as the local side would store them."""

    columns: dict[str, pa.Array]
    """Local field → its values; a lookup's are the external system's until it is resolved."""
    external_ids: pa.Array
    problems: dict[int, str]
    """Row number → why this record cannot be applied."""


def map_records(bound: BoundMapping, records: pa.RecordBatch) -> Mapped:
    """External records in local fields."""
    columns: dict[str, pa.Array] = {}
    problems: dict[int, str] = {}
    for download in bound.downloads:
        columns[download.local.name], found = _column(download, records)
        problems = {**found, **problems}
    return Mapped(columns, record_ids(records, bound.external.key), problems)


def map_fields(
    bound: BoundMapping, names: Sequence[str], records: pa.RecordBatch
) -> dict[str, pa.Array]:
    """These local fields of external records; a lookup's values are the external system's."""
    chosen = [download for download in bound.downloads if download.local.name in names]
    return {download.local.name: _column(download, records)[0] for download in chosen}


def mapped_value(bound: BoundMapping, external: str, texts: pa.Array) -> pa.Array:
    """What the mapping of an external field makes of these texts of its values."""
    download = next(d for d in bound.downloads if d.external and d.external.name == external)
    values = fit(texts, bound.external.field(external)).values
    return _column(download, pa.RecordBatch.from_arrays([values], names=[external]))[0]


def _column(download: Download, records: pa.RecordBatch) -> tuple[pa.Array, dict[int, str]]:
    mapping = download.mapping
    if download.external is None:
        values = constant(mapping.constant, records.num_rows)
    else:
        values = records.column(download.external.name)
    if mapping.lookup:
        return values, {}
    if mapping.transform:
        values = transform(values, mapping.transform)
    problems: dict[int, str] = {}
    if mapping.values:
        values, unmapped = map_options(values, mapping.values)
        problems = {row: f"field {download.local.name!r}: {why}" for row, why in unmapped.items()}
    fitted = fit(values, download.local)
    return fitted.values, {**fitted.problems, **problems}


def local_ids(bound: BoundMapping, resolved: Mapped, scope: str) -> pa.Array:
    """The ids that the local records get if they have to be created; null where the key is not
    known, because a lookup in it waits. `scope` keeps generated ids of mappings apart.
    """
    if not bound.maps_local_key:
        return new_ids(scope, resolved.external_ids)
    key = pa.RecordBatch.from_arrays(
        [resolved.columns[name] for name in bound.local.key], names=list(bound.local.key)
    )
    return record_ids(key, bound.local.key)


def wanted_entity(
    mapping: EntityMapping, external: Entity, known: Entity | None, keys: Mapping[str, Field]
) -> Entity:
    """The local entity that this mapping needs, with types taken from the external side.

    `known` is what the local side has by that name; `keys` tells for each external entity the
    local key field of its mapping, which is what lookups to it hold.
    """
    fields = [
        _wanted_field(field.local, field, external, keys)
        for field in mapping.active_fields
        if field.local and field.direction != "upload_only"
    ]
    names = {field.name for field in fields}
    key = known.key if known and known.key else (_id_among(names),)
    missing_key = [Field(name=name, kind=Kind.GUID, nullable=False) for name in key]
    own_key = [field for field in missing_key if field.name not in names]
    as_key = [field.model_copy(update={"nullable": field.name not in key}) for field in fields]
    return Entity(name=mapping.local, key=key, fields=(*own_key, *as_key))


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
        return _field_for(name, list(mapping.values.values()))
    if mapping.external is None:
        return _field_for(name, [mapping.constant])
    source = external.field(mapping.external)
    return source.model_copy(
        update={"name": name, "nullable": True, "read_only": False, "lookup": ()}
    )


def _field_for(name: str, values: Iterable[object]) -> Field:
    """A field that can hold these constants."""
    kinds = {type(value) for value in values}
    kind = {frozenset({bool}): Kind.BOOLEAN, frozenset({int}): Kind.INT64}.get(
        frozenset(kinds), Kind.STRING
    )
    return Field(name=name, kind=kind)


def problems_of(bound: BoundMapping) -> list[str]:
    """Why this mapping cannot download, one sentence each; empty if it can."""
    checks = [
        _key_problem(bound),
        *(_kind_problem(download) for download in bound.downloads),
        *(_match_problem(bound, name) for name in bound.mapping.primary_key),
        *_not_there_yet(bound.mapping),
    ]
    return [problem for problem in checks if problem]


def _kind_problem(download: Download) -> str:
    source, target = download.external, download.local
    if target.read_only:
        return f"Local field {target.name!r} is read-only; choose another."
    if source is None or download.mapping.lookup or download.mapping.values:
        return ""
    if download.mapping.transform and source.kind is not Kind.STRING:
        return f"Transforms work on text; external field {source.name!r} is {source.kind}."
    if target.kind in CONVERTIBLE[source.kind]:
        return ""
    return (
        f"External field {source.name!r} ({source.kind}) cannot be kept in local field "
        f"{target.name!r} ({target.kind}); choose a field of the same kind."
    )


def _not_there_yet(mapping: EntityMapping) -> list[str]:
    """What may be written in the file already but is not done: it must not be skipped silently."""
    problems = []
    if mapping.direction != "download_only":
        problems.append(
            f"direction: {mapping.direction} needs uploads, which are not there yet; "
            "write direction: download_only."
        )
    if mapping.filter_exit == "delete":
        problems.append("filter_exit: delete is not there yet; write filter_exit: keep.")
    if mapping.composite_lookups:
        problems.append("composite_lookups are not there yet; remove them.")
    return problems


def _match_problem(bound: BoundMapping, name: str) -> str:
    try:
        bound.local_name(name)
    except ConfigurationError as error:
        return f"primary_key: {error}"
    return ""


def _key_problem(bound: BoundMapping) -> str:
    if not bound.external.key:
        return f"External entity {bound.external.name!r} has no key, so records have no identity."
    if not bound.local.key:
        return f"Local entity {bound.local.name!r} has no primary key; give it one."
    if bound.maps_local_key:
        return ""
    key = [bound.local.field(name) for name in bound.local.key]
    if len(key) == 1 and key[0].kind in (Kind.GUID, Kind.STRING):
        return ""
    return (
        f"Local key {', '.join(bound.local.key)} of {bound.local.name!r} is not a guid or text, "
        "so its values cannot be chosen here; map external fields onto it."
    )


def bind(mapping: EntityMapping, external: Entity, local: Entity) -> BoundMapping:
    """The mapping bound to its entities; ConfigurationError names every problem at once."""
    bound = BoundMapping(mapping, external, local)
    names = [field.external for field in mapping.active_fields if field.external]
    problems = _unknown(external, [*names, *mapping.primary_key], "external")
    problems += _unknown(local, [f.local for f in mapping.active_fields if f.local], "local")
    if mapping.version_number:
        problems += _unknown(external, [mapping.version_number], "external")
    problems = problems or problems_of(bound)
    if problems:
        raise ConfigurationError(
            f"Mapping {mapping.external} → {mapping.local}: " + " ".join(problems)
        )
    return bound


def _unknown(entity: Entity, names: Iterable[str], side: str) -> list[str]:
    problems = []
    for name in dict.fromkeys(names):
        try:
            entity.field(name)
        except ConfigurationError as error:
            problems.append(f"{side}: {error}")
    return problems
