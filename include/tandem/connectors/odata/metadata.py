"""Metadata documents → Schema: what the service's entity sets look like in our words."""

from collections.abc import Mapping
from dataclasses import dataclass

from tandem.connectors.odata.csdl import LIMIT, Annotations, Csdl, EntitySet, invalid
from tandem.connectors.odata.dialects.dialect import Dialect
from tandem.connectors.odata.dialects.families import dialect, dialect_name
from tandem.connectors.odata.metadata_fields import FieldReader
from tandem.connectors.odata.metadata_json import parse_json
from tandem.connectors.odata.metadata_types import Types
from tandem.connectors.odata.metadata_xml import parse_xml
from tandem.connectors.odata.terms import (
    filter_functions,
    has_etags,
    is_for_reading,
    is_unreadable,
    label,
    takes_batches,
    tracks_changes,
    version_fields,
    with_default_capabilities,
    without,
)
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Schema


def parse_metadata(body: bytes) -> Schema:
    """The schema of a metadata document, in XML or in JSON.

    Raises ConfigurationError for what is not valid OData v4 metadata, and why.
    """
    return schema_of(csdl_of(body))


def csdl_of(body: bytes) -> Csdl:
    """What a metadata document defines; raises as `parse_metadata`."""
    if len(body) > LIMIT:
        raise invalid(f"it has more than {LIMIT // 2**20} MB")
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return parse_json(body) if start.startswith(b"{") else parse_xml(body)


def schema_of(csdl: Csdl) -> Schema:
    """One entity for each entity set whose type the document defines: what can be read as a list.

    Left out are singletons, sets that are said not to be readable, and collections that are
    contained in records and have no set of their own: there is no list of all their records. Where
    there is a set as well, as Business Central has for all that it contains, that is the entity. A
    set has the fields of its type, not those of types derived from it, nor those that an open type
    takes undeclared.
    """
    types = Types(csdl)
    reader = FieldReader(types)
    sets = {entity_set.name: entity_set for entity_set in csdl.sets}
    return Schema(
        entities=tuple(
            _entity(entity_set, said, types, reader)
            for entity_set in sets.values()
            if entity_set.type in csdl.types
            and not is_unreadable((said := _said(entity_set, types)).of_set)
        )
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """The annotations that tell what can be done with a set."""

    of_set: Annotations
    of_type: Annotations
    container: Annotations

    @property
    def of_both(self) -> Annotations:
        return {**self.of_type, **self.of_set}


def _entity(entity_set: EntitySet, said: _Said, types: Types, reader: FieldReader) -> Entity:
    fields = reader.fields(entity_set, said.of_set)
    key = types.key(entity_set.type)
    key = key if all(name in fields for name in key) else ()
    name = dialect_name(entity_set.container)
    able = _able(said, fields, key, dialect(name)).model_copy(update={"dialect": name})
    if types.is_abstract(entity_set.type):  # a new record would have to say of which type it is
        able = able.model_copy(update={"creates": False, "client_keys": False})
    return Entity(
        name=entity_set.name,
        key=key,
        fields=tuple(fields.values()),
        label=label(said.of_set) or label(said.of_type),
        capabilities=able,
    )


def _said(entity_set: EntitySet, types: Types) -> _Said:
    container = types.annotations({}, entity_set.container)
    target = f"{entity_set.container}/{entity_set.name}"
    of_set = types.annotations(entity_set.annotations, target)
    inline = types.lineage(entity_set.type)[-1].annotations
    return _Said(
        with_default_capabilities(of_set, container),
        types.annotations(inline, entity_set.type),
        container,
    )


def _able(
    said: _Said, fields: Mapping[str, Field], key: tuple[str, ...], spoken: Dialect
) -> Capabilities:
    """What can be done, as far as it is not said to be impossible; no writes without a key."""
    writes = bool(key) and not is_for_reading(said.of_both)
    creates = writes and not without(said.of_set, "InsertRestrictions", "Insertable")
    delta = bool(key) and tracks_changes(said.of_set, said.container)
    return Capabilities(
        filter=not without(said.of_set, "FilterRestrictions", "Filterable"),
        filter_functions=filter_functions(said.of_set, said.container),
        sort=not without(said.of_set, "SortRestrictions", "Sortable"),
        version_fields=version_fields(fields, said.of_both),
        delta=delta,
        deletes=_deletes(key, delta=delta),
        creates=creates,
        updates=writes and not without(said.of_set, "UpdateRestrictions", "Updatable"),
        removes=writes and not without(said.of_set, "DeleteRestrictions", "Deletable"),
        client_keys=creates and not any(fields[name].read_only for name in key),
        batch_size=spoken.batch_size if takes_batches(said.container) else 1,
        optimistic_concurrency=has_etags(said.of_both),
    )


def _deletes(key: tuple[str, ...], *, delta: bool) -> Deletes:
    if delta:
        return Deletes.NATIVE
    return Deletes.KEY_SWEEP if key else Deletes.NONE
