"""The schema of a Business Central service: which sets are a company's, and what they can do.

Sources: Microsoft Learn, "Business Central API endpoint structure" (entities below companies),
"Deprecated features in the platform" (delta links are gone since version 24), "System fields"
(SystemModifiedAt is set by the platform, in every write) and the API's own metadata.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from tandem.connectors.business_central.document_lines import header_sets, with_version
from tandem.connectors.business_central.known_sets import (
    FOR_NEW_LINES,
    FOR_NEW_RECORDS,
    NOT_LISTED,
    WITHOUT_CHANGES,
)
from tandem.connectors.odata.csdl import Csdl
from tandem.connectors.odata.metadata import schema_of
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Kind, Schema

_COMPANIES: Final = ("companies", "Company")
_OF_ENVIRONMENT: Final = frozenset(
    (
        *_COMPANIES,
        "apicategoryroutes",
        "entityDefinitions",
        "externalbusinesseventdefinitions",
        "externaleventsubscriptions",
        "subscriptions",
    )
)
"""Sets of the environment, where the type of the companies does not list what they contain."""
_MADE_THERE: Final = ("id", "systemid")
_WRITES: Final = ("creates", "updates", "removes")
_NUMBERS: Final = ("no", "number")
"""Keys that a number series gives where a new record has none."""


def business_central_schema(csdl: Csdl, company: str, *, standard: bool = True) -> Schema:
    """The service's entities, those of a company with their path below `company`.

    What no URL of a company leads to (`companies`, `subscriptions`) stays at the service root, and
    is only read. Of API v2.0 (`standard`) the sets are left out that cannot be listed by themselves
    (`left_out`).
    """
    known = schema_of(csdl)
    of_company = _sets_of_company(csdl)
    unlisted = left_out(csdl) if standard else {}
    placed = {
        entity.name: _entity(entity, company if entity.name in of_company else "")
        for entity in known.entities
        if entity.name not in unlisted
    }
    for lines, headers in header_sets(csdl).items():
        if lines in placed and headers in placed:
            placed[lines] = with_version(_fixed(placed[lines], FOR_NEW_LINES), placed[headers])
    return Schema(entities=tuple(placed.values()))


def left_out(csdl: Csdl) -> dict[str, str]:
    """The sets that cannot be listed by themselves, and why."""
    return {s.name: NOT_LISTED[s.name] for s in csdl.sets if s.name in NOT_LISTED}


def _sets_of_company(csdl: Csdl) -> frozenset[str]:
    """The sets that the type of the companies contains; all but known ones if it says nothing."""
    sets = {entity_set.name: entity_set for entity_set in csdl.sets}
    types = [csdl.types.get(sets[name].type) for name in _COMPANIES if name in sets]
    contained = {
        navigation.name
        for company in types
        if company
        for navigation in company.navigations
        if navigation.collection
    }
    return frozenset(contained & sets.keys() or sets.keys() - _OF_ENVIRONMENT)


def _entity(entity: Entity, company: str) -> Entity:
    stamps = entity.capabilities.version_fields
    fields = {field.name: _field(field, entity.key, stamps) for field in entity.fields}
    placed = entity.model_copy(
        update={
            "path": f"{company}/{quote(entity.name, safe='')}" if company else "",
            "fields": tuple(fields.values()),
            "capabilities": _capabilities(
                entity, fields, _ordering(entity), is_written=bool(company)
            ),
        }
    )
    return _fixed(placed, FOR_NEW_RECORDS.get(entity.name, ()))


def _ordering(entity: Entity) -> tuple[str, ...]:
    """Fields that order changes: timestamps, which the platform sets and which are read with an
    overlap, before numbers. A row version may be committed after a greater one, and
    RowVersionNumber (of Resco's extension) is left alone by writes that run no triggers.
    """
    if entity.name in WITHOUT_CHANGES:
        return ()
    names = entity.capabilities.version_fields
    return tuple(sorted(names, key=lambda name: entity.field(name).kind is not Kind.INSTANT))


def _field(field: Field, key: tuple[str, ...], stamps: tuple[str, ...]) -> Field:
    """An id that is a whole key is made by the system, and so are times and versions, of every
    record: pages show them, and take none.
    """
    if key == (field.name,) and field.kind is Kind.GUID and field.name.lower() in _MADE_THERE:
        return field.model_copy(update={"read_only": True})
    if field.name in stamps:
        return field.model_copy(update={"read_only": True, "nullable": False})
    numbered = field.name in key and field.kind is Kind.STRING and field.name.lower() in _NUMBERS
    return field.model_copy(update={"defaulted": True}) if numbered else field


def _fixed(entity: Entity, names: tuple[str, ...]) -> Entity:
    """The entity with these fields for new records only."""
    fields = (
        field.model_copy(update={"immutable": True}) if field.name in names else field
        for field in entity.fields
    )
    return entity.model_copy(update={"fields": tuple(fields)}) if names else entity


def _capabilities(
    entity: Entity, fields: Mapping[str, Field], ordering: tuple[str, ...], *, is_written: bool
) -> Capabilities:
    """Every record has an etag; nothing tells what was deleted, so that keys are compared."""
    able = entity.capabilities
    done = {name: is_written and getattr(able, name) for name in _WRITES}
    chosen = able.client_keys and not any(fields[name].read_only for name in entity.key)
    return able.model_copy(
        update={
            "version_fields": ordering,
            "delta": False,
            "deletes": Deletes.KEY_SWEEP if entity.key else Deletes.NONE,
            **done,
            "client_keys": chosen and is_written,
            "optimistic_concurrency": any(done.values()),
        }
    )
