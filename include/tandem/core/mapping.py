"""An entity mapping bound to the schemas of both sides, and what it makes of external records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property

import pyarrow as pa

from tandem.core.fields import BoundField, bound_fields
from tandem.core.fit import fit
from tandem.core.ids import new_ids, record_ids
from tandem.core.transforms.apply import Given, cut_values, transform, with_default
from tandem.core.transforms.options import mapped_options
from tandem.core.transforms.results import refuse_for_field
from tandem.core.transforms.transformed import nulled
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping
from tandem.model.schema import Entity
from tandem.model.transforms import LOSES, UserTransforms, name_of


@dataclass(frozen=True)
class BoundMapping:
    """An entity mapping with the entities that it names."""

    mapping: EntityMapping
    external: Entity
    local: Entity
    functions: UserTransforms = attribute(default_factory=dict)
    """The user's own transforms."""

    @cached_property
    def fields(self) -> tuple[BoundField, ...]:
        """The enabled fields, in the order of their names."""
        return bound_fields(self.mapping, self.external, self.local, self.functions)

    @cached_property
    def downloads(self) -> tuple[BoundField, ...]:
        """The fields that are written to the local side, in the order of their local names."""
        return tuple(field for field in self.fields if field.downloads)

    @cached_property
    def uploads(self) -> tuple[BoundField, ...]:
        """The fields that are written to the external side."""
        return tuple(field for field in self.fields if field.uploads)

    @property
    def is_uploaded(self) -> bool:
        """Whether local records travel to the external side."""
        return self.mapping.direction != "download_only"

    @property
    def is_downloaded(self) -> bool:
        """Whether external records travel to the local side."""
        return self.mapping.direction != "upload_only"

    @cached_property
    def external_fields(self) -> tuple[str, ...]:
        """The external fields that have to be read: the key, match fields and mapped ones."""
        compared = self.fields if self.is_uploaded else self.downloads
        mapped = [name for field in compared for name in field.reads_externally]
        aged = self.ages[:1] if self.ages else ()
        return tuple(dict.fromkeys([*self.external.key, *self.mapping.primary_key, *mapped, *aged]))

    @cached_property
    def local_fields(self) -> tuple[str, ...]:
        """The local fields that have to be read where records are uploaded."""
        mapped = [name for field in self.fields for name in field.reads_locally]
        aged = self.ages[1:] if self.ages else ()
        return tuple(dict.fromkeys([*self.local.key, *mapped, *aged]))

    @cached_property
    def ages(self) -> tuple[str, str] | None:
        """The fields of both sides that say when a record was changed last, where both have one."""
        external, local = self.mapping.version_number, self.mapping.local_version_number
        return (external, local) if external and local else None

    def local_name(self, external: str) -> str:
        """The local field that an external one is mapped to; ConfigurationError if to none."""
        for field in self.fields:
            if field.local and field.external and field.external.name == external:
                if self._tells_apart(field, external):
                    return field.local.name
                raise ConfigurationError(
                    f"External field {external!r} is joined, cut or sent by another line, so no "
                    "record can be found by it.",
                    remedy="Map it to a local field of its own, as it is.",
                )
        raise ConfigurationError(
            f"External field {external!r} of {self.external.name!r} is not mapped.",
            remedy=f"Map it to a local field: {{external: {external}, local: …}}.",
        )

    def _tells_apart(self, field: BoundField, external: str) -> bool:
        """Whether the local field has the same value exactly where the external one has."""
        loses = any(name_of(step) in LOSES for step in field.mapping.transform)
        elsewhere = any(one.made and one.made.external.name == external for one in self.fields)
        return not (loses or elsewhere)

    @cached_property
    def match_fields(self) -> tuple[str, ...]:
        """The local fields that find the partner of a record that has no link.

        Those that the primary key is mapped to; without one the local key, where it is mapped.
        """
        if self.mapping.primary_key:
            return tuple(self.local_name(name) for name in self.mapping.primary_key)
        return self.local.key if self._is_mapped(self.local.key, self.fields) else ()

    def spells_external_key(self, names: Sequence[str]) -> bool:
        """Whether these local fields spell the external key, so that no two records share them."""
        sources = [field for field in self.fields if field.name in names]
        as_they_are = not any(f.mapping.transform or f.mapping.values for f in sources)
        spelt = {external.name for field in sources for external in field.externals}
        return as_they_are and spelt == set(self.external.key)

    @cached_property
    def shape(self) -> str:
        """What records are written to, as text: another shape means that all are written anew."""
        fields = [
            [
                field.name,
                field.target.kind,
                field.mapping.lookup and field.mapping.lookup.model_dump(),
            ]
            for field in (self.fields if self.is_uploaded else self.downloads)
        ]
        return json.dumps([self.local.name, fields])

    @cached_property
    def maps_local_key(self) -> bool:
        """Whether mapped fields fill the whole local key."""
        return self._is_mapped(
            self.local.key, self.downloads if self.is_downloaded else self.fields
        )

    @staticmethod
    def _is_mapped(key: Sequence[str], fields: Sequence[BoundField]) -> bool:
        """Whether these fields have external ones for the whole key."""
        return set(key) <= {field.name for field in fields if field.externals}


@dataclass(frozen=True, slots=True)
class Mapped:
    """External records as the local side would store them."""

    columns: dict[str, pa.Array]
    """Local field → its values; a lookup's are the external system's until it is resolved."""
    external_ids: pa.Array
    problems: dict[int, str]
    """Row number → why this record cannot be applied."""


def map_records(bound: BoundMapping, records: pa.RecordBatch) -> Mapped:
    """External records in the local fields that are downloaded."""
    columns: dict[str, pa.Array] = {}
    problems: dict[int, str] = {}
    for field in bound.downloads:
        columns[field.name], found = mapped_values(field, records)
        problems = {**found, **problems}
    return Mapped(columns, record_ids(records, bound.external.key), problems)


def map_fields(
    bound: BoundMapping, names: Sequence[str], records: pa.RecordBatch
) -> dict[str, pa.Array]:
    """These local fields of external records; a lookup's values are the external system's."""
    chosen = [field for field in bound.fields if field.name in names]
    return {field.name: mapped_values(field, records)[0] for field in chosen}


def mapped_value(bound: BoundMapping, external: str, texts: pa.Array) -> pa.Array:
    """What the mapping of an external field makes of these texts of its values."""
    field = next(f for f in bound.fields if f.local and f.external and f.external.name == external)
    values = fit(texts, bound.external.field(external)).values
    return mapped_values(field, pa.RecordBatch.from_arrays([values], names=[external]))[0]


def mapped_values(field: BoundField, records: pa.RecordBatch) -> tuple[pa.Array, dict[int, str]]:
    """A field of external records in the local side's terms, and why some have no value there.

    A lookup's values are the external system's: one field's as they are, several joined.
    """
    mapping, target = field.mapping, field.target
    names = tuple(external.name for external in field.externals)
    if len(names) > 1:
        return record_ids(records, names), {}
    values = records.column(names[0]) if names else pa.repeat(mapping.constant, records.num_rows)
    if field.reference or field.local is None:
        return values, {}
    done = transform(values, mapping.transform, _given(field, records))
    values, problems = done.values, done.problems
    if not mapping.values:
        refuse_for_field(values, mapping.transform, target, field.functions)
    else:
        two_way = field.downloads and field.sends_itself
        values, unknown = mapped_options(values, mapping, mapping.values, there_and_back=two_way)
        problems = {**unknown, **problems}
    if mapping.default is not None:
        values = with_default(values, mapping.default)
    fitted = fit(values, target)
    named = {row: f"field {target.name!r}: {why}" for row, why in problems.items()}
    return nulled(fitted.values, named), {**fitted.problems, **named}


def cut_texts(
    fields: Sequence[BoundField], records: pa.RecordBatch, rows: pa.Array
) -> dict[str, int]:
    """How many values of these rows of external records are cut to fit, by local field."""
    counts = {}
    for field in fields:
        if field.external and field.cuts:
            chosen = records.select(field.reads_externally).filter(rows)
            values, steps = chosen.column(field.external.name), field.mapping.transform
            counts[field.name] = cut_values(values, steps, _given(field, chosen))
    return {name: count for name, count in counts.items() if count}


def _given(field: BoundField, records: pa.RecordBatch) -> Given:
    beside = {other.name: records.column(other.name) for other in field.also_reads}
    return Given(beside, field.functions)


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
