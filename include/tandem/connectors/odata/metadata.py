"""Metadata documents → Schema: what the service's entity sets look like in our words."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from tandem.connectors.odata.csdl import (
    LIMIT,
    Annotations,
    Csdl,
    EntitySet,
    Facets,
    Navigation,
    Property,
    StructuredType,
    invalid,
)
from tandem.connectors.odata.lookups import written_by_navigation
from tandem.connectors.odata.metadata_json import parse_json
from tandem.connectors.odata.metadata_xml import parse_xml
from tandem.connectors.odata.terms import (
    has_etags,
    is_computed,
    is_read_only,
    is_written_by_navigation,
    label,
    not_insertable,
    options,
    takes_batches,
    tracks_changes,
    version_fields,
    without,
)
from tandem.errors import is_one_line
from tandem.model.schema import (
    Capabilities,
    Deletes,
    Entity,
    Field,
    Kind,
    LookupTarget,
    Schema,
)

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
LARGEST_BATCH: Final = 1_000
"""Requests in one `$batch`: what Dataverse takes."""
_DEEPEST: Final = 32
"""Complex types within each other."""


def parse_metadata(body: bytes) -> Schema:
    """The schema of a metadata document, in XML or in JSON.

    Raises ConfigurationError for what is not valid OData v4 metadata, and why.
    """
    if len(body) > LIMIT:
        raise invalid(f"it has more than {LIMIT // 2**20} MB")
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return schema_of(parse_json(body) if start.startswith(b"{") else parse_xml(body))


def schema_of(csdl: Csdl) -> Schema:
    """One entity for each entity set whose type the document defines. Singletons are left out."""
    reader = _Reader(csdl)
    sets = {entity_set.name: entity_set for entity_set in csdl.sets}
    return Schema(entities=tuple(reader.entity(s) for s in sets.values() if s.type in csdl.types))


class _Reader:
    def __init__(self, csdl: Csdl) -> None:
        self._csdl = csdl
        self._sets_of_type: dict[str, list[str]] = {}
        for entity_set in csdl.sets:
            self._sets_of_type.setdefault(entity_set.type, []).append(entity_set.name)
        self._seen = 0
        self._seen_in_all = 0

    def entity(self, entity_set: EntitySet) -> Entity:
        _refuse_unprintable(entity_set.name)
        self._seen = 0
        lineage = self._lineage(entity_set.type)
        fields = {field.name: field for field in self._fields(lineage, "", entity_set, ())}
        key = self._key(lineage, fields)
        for name in key:
            fields[name] = fields[name].model_copy(update={"nullable": False})
        annotations = self._annotations(
            f"{entity_set.container}/{entity_set.name}", entity_set.annotations
        )
        of_type = self._annotations(entity_set.type, lineage[-1].annotations)
        container = self._annotations(entity_set.container, {})
        delta = bool(key) and tracks_changes(annotations, container)
        creates = bool(key) and not without(annotations, "InsertRestrictions", "Insertable")
        return Entity(
            name=entity_set.name,
            key=key,
            fields=tuple(fields.values()),
            label=label(annotations) or label(of_type),
            capabilities=Capabilities(
                filter=not without(annotations, "FilterRestrictions", "Filterable"),
                sort=not without(annotations, "SortRestrictions", "Sortable"),
                version_fields=version_fields(fields, {**of_type, **annotations}),
                delta=delta,
                deletes=_deletes(delta, key),
                creates=creates,
                updates=bool(key) and not without(annotations, "UpdateRestrictions", "Updatable"),
                removes=bool(key) and not without(annotations, "DeleteRestrictions", "Deletable"),
                client_keys=creates and self._chosen(key, fields, annotations),
                batch_size=LARGEST_BATCH if takes_batches(container) else 1,
                optimistic_concurrency=has_etags({**of_type, **annotations}),
            ),
        )

    def _chosen(
        self, key: tuple[str, ...], fields: Mapping[str, Field], annotations: Mapping[str, Any]
    ) -> bool:
        """Whether the keys of new records are ours to choose."""
        refused = not_insertable(annotations)
        return not any(fields[name].read_only or name in refused for name in key)

    def _lineage(self, type_name: str) -> list[StructuredType]:
        """The type and all it inherits from, the root first."""
        lineage: list[StructuredType] = []
        name: str | None = type_name
        while name in self._csdl.types:
            lineage.insert(0, self._csdl.types[name])
            if len(lineage) > len(self._csdl.types):
                raise invalid(f"type {type_name} inherits from itself")
            name = lineage[0].base
        return lineage

    def _key(self, lineage: list[StructuredType], known: Mapping[str, Field]) -> tuple[str, ...]:
        """The key; derived types may repeat what they inherit, as Dataverse's do."""
        key = next((t.key for t in reversed(lineage) if t.key), ())
        return key if all(name in known for name in key) else ()

    def _fields(
        self,
        lineage: list[StructuredType],
        prefix: str,
        entity_set: EntitySet,
        above: tuple[str, ...],
    ) -> Iterator[Field]:
        """The fields; those of complex types with the path to them, such as `address/city`."""
        lookups = self._lookups(lineage, prefix, entity_set)
        bound_by = frozenset() if prefix else written_by_navigation(lineage, self._lineage, lookups)
        key = next((t.key for t in reversed(lineage) if t.key), ())
        for owner in lineage:
            for item in owner.properties:
                self._refuse_flood(entity_set.name, above)
                _refuse_unprintable(item.name)
                known = self._annotations(f"{owner.name}/{item.name}", item.annotations)
                facets = self._beneath(item.facets)
                if facets.type == _STREAM:
                    continue
                if self._is_flattened(facets, above):
                    inner = self._lineage(facets.type)
                    path = f"{prefix}{item.name}/"
                    nested = self._fields(inner, path, entity_set, (*above, facets.type))
                    yield from (_within(field, facets, known) for field in nested)
                else:
                    named = replace(item, name=prefix + item.name, facets=facets)
                    field = self._field(named, known, lookups.get(named.name, ()))
                    if field.lookup and is_written_by_navigation(item.name, known):
                        bound = item.name in bound_by
                        written_by = {"by_navigation": bound, "read_only": not bound}
                        field = field.model_copy(update=written_by)
                    elif not prefix and item.name in key and not is_computed(known):
                        # A key is given to new records only, whatever the service says of it.
                        field = field.model_copy(update={"read_only": False})
                    yield field

    def _refuse_flood(self, entity: str, above: tuple[str, ...]) -> None:
        self._seen += 1
        self._seen_in_all += 1
        if self._seen > MOST_FIELDS or len(above) > _DEEPEST:
            raise invalid(
                f"{entity} has more than {MOST_FIELDS:,} properties or {_DEEPEST} levels of them, "
                "complex types flattened"
            )
        if self._seen_in_all > MOST_FIELDS_IN_ALL:
            raise invalid(f"it has more than {MOST_FIELDS_IN_ALL:,} properties")

    def _beneath(self, facets: Facets) -> Facets:
        """Type definitions replaced by the type beneath; facets of the property win."""
        definition = self._csdl.definitions.get(facets.type)
        if definition is None:
            return facets
        return replace(
            facets,
            type=definition.type,
            max_length=facets.max_length or definition.max_length,
            precision=facets.precision or definition.precision,
            scale=definition.scale if facets.scale is None else facets.scale,
        )

    def _is_flattened(self, facets: Facets, above: tuple[str, ...]) -> bool:
        """Complex types are, but for collections and for a type within itself."""
        return (
            facets.type in self._csdl.types and not facets.collection and facets.type not in above
        )

    def _field(self, item: Property, known: Annotations, lookup: tuple[LookupTarget, ...]) -> Field:
        facets = item.facets
        members = self._csdl.enums.get(facets.type)
        kind = Kind.STRING if members is not None else _KINDS.get(facets.type, Kind.JSON)
        return Field(
            name=item.name,
            kind=Kind.JSON if facets.collection else kind,
            nullable=facets.nullable,
            max_length=facets.max_length,
            precision=facets.precision,
            scale=facets.scale,
            read_only=is_read_only(known),
            label=label(known),
            type_name=f"Collection({facets.type})" if facets.collection else facets.type,
            lookup=lookup,
            options=members or options(known),
        )

    def _lookups(
        self, lineage: list[StructuredType], prefix: str, entity_set: EntitySet
    ) -> dict[str, tuple[LookupTarget, ...]]:
        """Field → entity sets it refers to, from referential constraints.

        Only those of single-valued navigation properties count (CSDL 4.01, 8.5); Business Central
        writes others the wrong way round.
        """
        found: dict[str, tuple[LookupTarget, ...]] = {}
        for navigation in (n for owner in lineage for n in owner.navigations if not n.collection):
            targets = self._targets(navigation, prefix, entity_set)
            path = prefix + navigation.name
            for own, referenced in navigation.constraints:
                name = prefix + own
                named = [
                    LookupTarget(entity=target, field=referenced, navigation=path)
                    for target in targets
                ]
                found[name] = (*found.get(name, ()), *named)
        return found

    def _targets(
        self, navigation: Navigation, prefix: str, entity_set: EntitySet
    ) -> tuple[str, ...]:
        """Where a navigation property leads: as its binding says, or the sets of its type."""
        path = prefix + navigation.name
        for bound, target in entity_set.bindings.items():
            if bound == path or bound.endswith("/" + path):
                return (target.rpartition("/")[2],)
        return tuple(self._sets_of_type.get(navigation.type, ()))

    def _annotations(self, target: str, inline: Annotations) -> Mapping[str, Any]:
        apart = self._csdl.annotations.get(target)
        return {**inline, **apart} if apart else inline


def _deletes(delta: bool, key: tuple[str, ...]) -> Deletes:  # noqa: FBT001
    if delta:
        return Deletes.NATIVE
    return Deletes.KEY_SWEEP if key else Deletes.NONE


def _refuse_unprintable(name: str) -> None:
    """Names are identifiers (CSDL 4.01, 15.2), and appear in messages, files and SQL."""
    if not name or not is_one_line(name):
        raise invalid(f"{name[:60]!r} is no name")


def _within(field: Field, facets: Facets, known: Annotations) -> Field:
    """A field of a complex value: it may be null and must not be sent where that value is so."""
    return field.model_copy(
        update={
            "nullable": field.nullable or facets.nullable,
            "read_only": field.read_only or is_read_only(known),
        }
    )
