"""Parts of lookups that may refer to records of several types.

A part has the lookup's value where the record's annotation says that the target is of the part's
type (Dataverse's `_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname`, which comes only to
those who ask for it; Microsoft Learn, "Select columns using OData").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.odata.dialects.families import dialect_of
from tandem.model.schema import Entity, Field, Kind

Columns = dict[str, pa.Array]


@dataclass(frozen=True, slots=True)
class Parts:
    """Those parts that are among the fields asked for, and the lookups that they are of."""

    parts: tuple[Field, ...]
    types: Mapping[str, Field]
    """Lookup → its annotation, as a field that is read like others."""

    def columns(self, read: Columns) -> Columns:
        """The parts' columns."""
        return {part.name: self._column(part, read) for part in self.parts}

    def untold(self, read: Columns) -> Iterable[tuple[int, Field]]:
        """Rows in which a lookup has a value, but not the type of what it refers to."""
        for lookup, note in self.types.items():
            missing = pc.and_(read[lookup].is_valid(), read[note.name].is_null())
            yield from ((row, note) for row in pc.indices_nonzero(missing).to_pylist())

    def _column(self, part: Field, read: Columns) -> pa.Array:
        values = read[part.part_of]
        is_it = pc.equal(read[self.types[part.part_of].name], part.lookup[0].type)
        return pc.if_else(is_it, values, pa.scalar(None, values.type))


def parts_among(entity: Entity, names: Iterable[str]) -> Parts:
    """The parts among these fields."""
    fields = [entity.field(name) for name in dict.fromkeys(names)]
    parts = tuple(field for field in fields if field.part_of)
    annotation = dialect_of(entity).target_type
    lookups = dict.fromkeys(part.part_of for part in parts)
    types = {n: Field(name=f"{n}@{annotation}", kind=Kind.STRING) for n in lookups}
    return Parts(parts, types)


def read_fields(entity: Entity, names: Sequence[str]) -> list[Field]:
    """What is read so that these fields are known: of parts the lookup and its annotation."""
    own = [entity.field(source_of(entity, name)) for name in names]
    notes = parts_among(entity, names).types.values()
    return list({field.name: field for field in (*own, *notes)}.values())


def source_of(entity: Entity, name: str) -> str:
    """The property that has the field's value."""
    return entity.field(name).part_of or name


def annotations_wished(entity: Entity, names: Iterable[str]) -> str:
    """The preference without which these fields cannot be read; empty: there is none.

    Never all annotations: with those for people Dataverse was seen to leave out delta links.
    """
    annotation = dialect_of(entity).target_type
    if not annotation or not any(entity.field(name).part_of for name in names):
        return ""
    return f'odata.include-annotations="{annotation}"'


@dataclass(frozen=True, slots=True)
class Asked:
    """What a record has to say so that it is whole."""

    paths: tuple[tuple[str, ...], ...]
    types: Mapping[str, str]
    """Lookup → the annotation that it has to have, where it has a value."""

    def is_said_by(self, record: object) -> bool:
        """Whether the record states something at each path, if only null."""
        return all(_states(record, path) for path in self.paths) and self._types_said_by(record)

    def _types_said_by(self, record: object) -> bool:
        if not isinstance(record, Mapping):
            return True
        return all(
            record.get(lookup) is None or record.get(note) is not None
            for lookup, note in self.types.items()
        )


def asked(entity: Entity, names: Sequence[str], *, outermost: bool = False) -> Asked:
    """What a record has to say of these fields; of complex values with `outermost` just any."""
    sources = dict.fromkeys(source_of(entity, name) for name in names)
    paths = [tuple(name.split("/")) for name in sources]
    notes = parts_among(entity, names).types
    return Asked(
        tuple(path[:1] if outermost else path for path in paths),
        {lookup: note.name for lookup, note in notes.items()},
    )


def _states(record: object, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(record, Mapping):
            return True  # null, or something amiss that its field will complain of
        if name not in record:
            return False
        record = record[name]
    return True
