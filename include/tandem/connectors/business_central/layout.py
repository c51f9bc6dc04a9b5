"""The schema of a Business Central service: which sets are a company's, and what they can do.

Sources: Microsoft Learn, "Business Central API endpoint structure" (entities below companies),
"Deprecated features in the platform" (delta links are gone since version 24) and the API's own
metadata.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from tandem.connectors.business_central.document_lines import header_sets, with_version
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


def business_central_schema(csdl: Csdl, company: str) -> Schema:
    """The service's entities, those of a company with their path below `company`.

    What no URL of a company leads to (`companies`, `subscriptions`) stays at the service root.
    """
    known = schema_of(csdl)
    of_company = _sets_of_company(csdl)
    placed = {
        entity.name: _entity(entity, company if entity.name in of_company else "")
        for entity in known.entities
    }
    for lines, headers in header_sets(csdl).items():
        if lines in placed and headers in placed:
            placed[lines] = with_version(placed[lines], placed[headers])
    return Schema(entities=tuple(placed.values()))


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
    return entity.model_copy(
        update={
            "path": f"{company}/{quote(entity.name, safe='')}" if company else "",
            "fields": tuple(fields.values()),
            "capabilities": _capabilities(entity, fields),
        }
    )


def _field(field: Field, key: tuple[str, ...], stamps: tuple[str, ...]) -> Field:
    """An id that is a whole key is made by the system, and so is what orders changes: pages show
    them, and take none.
    """
    is_id = key == (field.name,) and field.kind is Kind.GUID and field.name.lower() in _MADE_THERE
    return field.model_copy(update={"read_only": True}) if is_id or field.name in stamps else field


def _capabilities(entity: Entity, fields: Mapping[str, Field]) -> Capabilities:
    """Every record has an etag; nothing tells what was deleted, so that keys are compared."""
    able = entity.capabilities
    chosen = able.client_keys and not any(fields[name].read_only for name in entity.key)
    return able.model_copy(
        update={
            "delta": False,
            "deletes": Deletes.KEY_SWEEP if entity.key else Deletes.NONE,
            "client_keys": chosen,
            "optimistic_concurrency": able.writes or able.removes,
        }
    )
