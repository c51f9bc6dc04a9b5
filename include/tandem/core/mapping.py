"""An entity mapping bound to the schemas of both sides, and what it makes of external records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from tandem.core.fit import fit
from tandem.core.ids import new_ids, record_ids
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.schema import Entity, Field


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
        values = pa.repeat(pa.scalar(mapping.constant), records.num_rows)
    else:
        values = records.column(download.external.name)
    if mapping.lookup:
        return values, {}
    values, problems = _transformed(mapping, values)
    fitted = fit(values, download.local)
    named = {row: f"field {download.local.name!r}: {why}" for row, why in problems.items()}
    return fitted.values, {**fitted.problems, **named}


def _transformed(mapping: FieldMapping, values: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    if not mapping.transform and not mapping.values:
        return values, {}
    # Loading pandas takes half a second: only who transforms pays for it.
    from tandem.core.transforms import map_options, transform

    if mapping.transform:
        values = transform(values, mapping.transform)
    return map_options(values, mapping.values) if mapping.values else (values, {})


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
