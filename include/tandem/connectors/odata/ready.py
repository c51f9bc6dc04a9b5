"""Rows made ready to be written: in the types of their fields, and what does not fit aside."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.odata.body import Column, not_json
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.parts_written import chosen_parts, of_several_parts
from tandem.connectors.odata.values import without_blanks
from tandem.core.fit import fit
from tandem.core.values import arrow_type
from tandem.model.schema import Entity, Kind


@dataclass(frozen=True, slots=True)
class Ready:
    """The rows of one write."""

    entity: Entity
    records: pa.RecordBatch
    """In the types of the entity's fields."""
    given: Mapping[str, pa.Array]
    """Column → in which rows it is given, for those that are not given in all."""
    problems: Mapping[int, str]
    """Row → why it cannot be sent."""
    altered: frozenset[int] = frozenset()
    """Rows that are not sent, because their record is not as it was seen."""

    @property
    def fit(self) -> list[int]:
        """The rows that can be sent."""
        aside = {*self.problems, *self.altered}
        return [row for row in range(self.records.num_rows) if row not in aside]

    def key(self, row: int) -> dict[str, Any] | None:
        """The key of a row; None where it is not known."""
        names = self.entity.key
        if not set(names) <= set(self.records.schema.names):
            return None
        key = {name: self.records.column(name)[row].as_py() for name in names}
        return None if None in key.values() else key

    def for_create(self) -> list[Column]:
        """What is written of new records: no key where it is null, so that the service makes it,
        no reference that refers to nothing, and no null for what the service fills itself.
        """
        return [
            Column(field, values, values.is_valid() if implied else self.given.get(field.name))
            for field, values in self._writable()
            for implied in [
                field.name in self.entity.key
                or field.by_navigation
                or (field.defaulted and not field.nullable)
            ]
        ]

    def for_update(self) -> list[Column]:
        """What is written of records that are there."""
        return list(chosen_parts(self.given_for_update()))

    def given_for_update(self) -> list[Column]:
        """What is given of records that are there: all but the key."""
        return [
            Column(field, values, self.given.get(field.name))
            for field, values in self._writable()
            if field.name not in self.entity.key
        ]

    def _writable(self) -> list[tuple[Any, pa.Array]]:
        named = zip(self.records.schema.names, self.records.columns, strict=True)
        fields = [(self.entity.field(name), values) for name, values in named]
        return [(field, values) for field, values in fields if not field.read_only]


def made_ready(
    entity: Entity, records: pa.RecordBatch, given: pa.RecordBatch | None = None
) -> Ready:
    """The rows as they can be sent. Whether null is allowed, the service knows better than we."""
    masks: dict[str, pa.Array] = {}
    if given is not None:
        masks = {n: pc.fill_null(given.column(n), fill_value=False) for n in given.schema.names}
    problems: dict[int, str] = {}
    columns: dict[str, pa.Array] = {}
    spoken = dialect_of(entity)
    for name, values in zip(records.schema.names, records.columns, strict=True):
        field = entity.field(name)
        fitted = fit(values, field, required=False)
        bad = dict(fitted.problems)
        if field.kind is Kind.JSON:
            bad |= dict.fromkeys(not_json(fitted.values), f"field {name!r}: not JSON")
        mask = masks.get(name)
        problems |= {row: why for row, why in bad.items() if mask is None or mask[row].as_py()}
        own = name in entity.key
        columns[name] = fitted.values if own else without_blanks(fitted.values, field, spoken)
    fields = [pa.field(name, arrow_type(entity.field(name))) for name in columns]
    ready = pa.RecordBatch.from_arrays(list(columns.values()), schema=pa.schema(fields))
    several = dict(of_several_parts(entity, columns, masks))
    return Ready(entity, ready, masks, {**several, **problems})


def must_have_keys(ready: Ready) -> Ready:
    """Rows without a key are put aside too: they name no record."""
    without = {
        row: "it has no key" for row in range(ready.records.num_rows) if ready.key(row) is None
    }
    return replace(ready, problems={**without, **ready.problems})
