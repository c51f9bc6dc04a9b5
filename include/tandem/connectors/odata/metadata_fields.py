"""The properties of an entity type → fields, those of complex types flattened."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tandem.connectors.odata.csdl import (
    Annotations,
    EntitySet,
    Facets,
    Property,
    StructuredType,
    invalid,
)
from tandem.connectors.odata.dialects.families import dialect, dialect_name
from tandem.connectors.odata.lookups import (
    Lookups,
    lookups_of,
    parts_of,
    written_by_navigation,
)
from tandem.connectors.odata.metadata_types import Types
from tandem.connectors.odata.terms import (
    alternate_keys,
    excepted,
    is_computed,
    is_defaulted,
    is_immutable,
    is_read_only,
    is_written_by_navigation,
    label,
    options,
)
from tandem.connectors.odata.values import as_spoken
from tandem.errors import is_one_line
from tandem.model.schema import Field, Kind

_KINDS: Final = {
    "Edm.String": Kind.STRING,
    "Edm.Duration": Kind.STRING,
    "Edm.Boolean": Kind.BOOLEAN,
    **dict.fromkeys(["Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"], Kind.INT64),
    "Edm.Decimal": Kind.DECIMAL,
    "Edm.Single": Kind.FLOAT64,
    "Edm.Double": Kind.FLOAT64,
    "Edm.Date": Kind.DATE,
    "Edm.TimeOfDay": Kind.TIME,
    "Edm.DateTimeOffset": Kind.INSTANT,
    "Edm.Guid": Kind.GUID,
    "Edm.Binary": Kind.BINARY,
}
"""Primitive types that have a canonical kind; all others (geo, untyped, …) are json."""

_STREAM: Final = "Edm.Stream"

MOST_FIELDS: Final = 10_000
"""Properties of one entity, those of complex types included: types of types of types make any
number of a few lines. Dataverse's largest entities have under a thousand."""
MOST_FIELDS_IN_ALL: Final = 1_000_000
_DEEPEST: Final = 32
"""Complex types within each other."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in an entity a property stands."""

    type: str
    prefix: str = ""
    """Path to the complex value: `address/`."""
    above: tuple[str, ...] = ()
    """The complex types that this one is within."""
    lookups: Lookups | None = None
    written_by_navigation: frozenset[str] = frozenset()


class FieldReader:
    """Reads the fields of one entity set after the other, and stops where it is too many."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._seen_in_all = 0

    def fields(self, entity_set: EntitySet, restrictions: Annotations) -> dict[str, Field]:
        """The fields of an entity set by name, those of complex types with the path to them, such
        as `address/city`. Collections are json, and so is a type within itself. Streams, and what
        navigation properties lead to, are left out.

        `restrictions` are all annotations of the set.
        """
        refuse_unprintable(entity_set.name)
        walk = _Walk(self._types, entity_set, restrictions)
        fields = {}
        for field in walk.fields(walk.start()):
            if not (field.part_of and field.name in fields):  # what is declared has its name
                fields[field.name] = field
        self._seen_in_all += walk.seen
        if self._seen_in_all > MOST_FIELDS_IN_ALL:
            raise invalid(f"it has more than {MOST_FIELDS_IN_ALL:,} properties")
        return fields


class _Walk:
    """Through the properties of one entity set's type."""

    def __init__(self, types: Types, entity_set: EntitySet, restrictions: Annotations) -> None:
        self._types = types
        self._set = entity_set
        self._key = types.key(entity_set.type)
        self._unique = alternate_keys(restrictions).union(
            *(
                alternate_keys(types.annotations(owner.annotations, owner.name))
                for owner in types.lineage(entity_set.type)
            )
        )
        self._not_insertable = excepted(
            restrictions, "InsertRestrictions", "NonInsertableProperties"
        )
        self._not_updatable = excepted(restrictions, "UpdateRestrictions", "NonUpdatableProperties")
        self._not_filterable = excepted(
            restrictions, "FilterRestrictions", "NonFilterableProperties"
        )
        self._spoken = dialect(dialect_name(entity_set.container))
        self.seen = 0

    def start(self) -> _Place:
        lookups = lookups_of(self._types, self._set.type, "", self._set)
        bound = written_by_navigation(self._types, self._set.type, self._set, lookups)
        return _Place(self._set.type, lookups=lookups, written_by_navigation=bound)

    def fields(self, place: _Place) -> Iterator[Field]:
        for owner in self._types.lineage(place.type):
            for item in owner.properties:
                self._refuse_flood(place)
                refuse_unprintable(item.name)
                yield from self._of_property(owner, item, place)

    def _of_property(self, owner: StructuredType, item: Property, place: _Place) -> Iterator[Field]:
        facets = self._types.beneath(item.facets)
        if facets.type == _STREAM:
            return
        known = self._annotations(owner, item, place)
        if self._types.is_flattened(facets) and facets.type not in place.above:
            for field in self.fields(self._inside(place, item, facets)):
                yield self._within(field, facets, known, item)
        else:
            field = self._field(item, facets, known, place)
            spoken = as_spoken(field, self._spoken, is_key=field.name in self._key)
            yield from self._with_parts(spoken)

    def _with_parts(self, field: Field) -> Iterator[Field]:
        """The field; a lookup that its parts write cannot be written itself."""
        unwritable = field.by_navigation or field.read_only
        parts = parts_of(field, self._types) if unwritable and "/" not in field.name else ()
        self.seen += len(parts)
        written_so = {"by_navigation": False, "read_only": True}
        yield field.model_copy(update=written_so) if parts else field
        yield from parts

    def _inside(self, place: _Place, item: Property, facets: Facets) -> _Place:
        prefix = f"{place.prefix}{item.name}/"
        lookups = lookups_of(self._types, facets.type, prefix, self._set)
        return _Place(facets.type, prefix, (*place.above, facets.type), lookups)

    def _annotations(self, owner: StructuredType, item: Property, place: _Place) -> Annotations:
        """Those of the property, and of its path from the entity type and from the set."""
        path = place.prefix + item.name
        return self._types.annotations(
            item.annotations,
            f"{owner.name}/{item.name}",
            f"{self._set.type}/{path}",
            f"{self._set.container}/{self._set.name}/{path}",
        )

    def _field(self, item: Property, facets: Facets, known: Annotations, place: _Place) -> Field:
        path = place.prefix + item.name
        members = self._types.members(facets.type)
        kind = Kind.STRING if members is not None else _KINDS.get(facets.type, Kind.JSON)
        kind = Kind.JSON if facets.collection else kind
        lookup = (place.lookups or {}).get(path, ())
        return Field(
            name=path,
            kind=kind,
            nullable=facets.nullable and path not in self._key,
            max_length=facets.max_length,
            precision=facets.precision,
            scale=facets.scale,
            defaulted=self._is_defaulted(path, item, facets, known),
            unique=path in self._unique,
            filterable=kind is not Kind.JSON and not _covers(self._not_filterable, path),
            label=label(known),
            type_name=f"Collection({facets.type})" if facets.collection else facets.type,
            lookup=lookup,
            options=members or self._options(item, known),
            **self._writing(item, known, place, is_lookup=bool(lookup)),
        )

    def _writing(
        self, item: Property, known: Annotations, place: _Place, *, is_lookup: bool
    ) -> dict[str, bool]:
        """Whether the field is immutable, read-only, and written by a navigation property.

        What can be given to new records only counts as read-only, but for the key.
        """
        path = place.prefix + item.name
        immutable = is_immutable(known) or _covers(self._not_updatable, path)
        if is_lookup and not immutable and is_written_by_navigation(item.name, known):
            bound = path in place.written_by_navigation
            return {"by_navigation": bound, "read_only": not bound}
        is_key = path in self._key
        never = _covers(self._not_insertable, path) and (immutable or is_key)
        read_only = is_computed(known) or never or (immutable and not is_key)
        return {"immutable": immutable, "read_only": read_only}

    def _is_defaulted(self, path: str, item: Property, facets: Facets, known: Annotations) -> bool:
        """Collections that are left out are empty; what may not be given is filled."""
        said = item.defaulted or is_defaulted(known)
        return said or facets.collection or _covers(self._not_insertable, path)

    def _options(self, item: Property, known: Annotations) -> tuple[str, ...]:
        """Those of the property, or else of its type definition."""
        return options(known) or options(self._types.annotations({}, item.facets.type))

    def _within(self, field: Field, facets: Facets, known: Annotations, item: Property) -> Field:
        """A field of a complex value: what holds of the value holds of all that is in it."""
        nullable = field.nullable or facets.nullable
        return field.model_copy(
            update={
                "nullable": nullable and field.name not in self._key,
                "read_only": field.read_only or is_read_only(known),
                "immutable": field.immutable or is_immutable(known),
                "defaulted": field.defaulted or item.defaulted or is_defaulted(known),
            }
        )

    def _refuse_flood(self, place: _Place) -> None:
        self.seen += 1
        if self.seen > MOST_FIELDS or len(place.above) > _DEEPEST:
            raise invalid(
                f"{self._set.name} has more than {MOST_FIELDS:,} properties or {_DEEPEST} levels "
                "of them, complex types flattened"
            )


def refuse_unprintable(name: str) -> None:
    """Names are identifiers (CSDL 4.01, 15.2), and appear in messages, files and SQL."""
    if not name or not is_one_line(name):
        raise invalid(f"{name[:60]!r} is no name")


def _covers(paths: frozenset[str], path: str) -> bool:
    """Whether the list has the path, or that of a complex value which it is within."""
    return bool(paths) and any(path == p or path.startswith(p + "/") for p in paths)
