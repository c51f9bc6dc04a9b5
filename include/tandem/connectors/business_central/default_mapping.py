"""The default mapping: accounts, contacts and work orders.

With Resco's extension for Business Central (public on GitHub: Resconet/RescoIntegrations) the pages
RescoCustomer, RescoContact and RescoServiceOrder are published; otherwise API v2.0 has customers
and contacts. The local fields `integration_bc_pk` and `integration_bc_documenttype` hold the
external primary key (Resco wiki, "Connect Resco Cloud to Business Central").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tandem.connectors.base import DefaultMapping
from tandem.core.anchors import best_version_field
from tandem.model.filters import Comparison
from tandem.model.integration import EntityMapping, FieldMapping, Lookup
from tandem.model.schema import Entity, Schema

PK: Final = "integration_bc_pk"
DOCUMENT_TYPE: Final = "integration_bc_documenttype"
COUNTER: Final = "RowVersionNumber"
"""Set by triggers of the extension, OnAfterInsert and OnAfterModify."""


@dataclass(frozen=True, slots=True)
class _Entity:
    """One entity of the default mapping: more than any service has; what it lacks is left out."""

    external: str
    local: str
    primary_key: tuple[str, ...]
    fields: Mapping[str, str]
    """External field → local one."""
    lookups: Mapping[str, tuple[str, str]]
    """External field → the external entity and field that its value is found in."""
    download_only: frozenset[str] = frozenset()
    """External fields that the service computes."""
    only: tuple[str, str] | None = None
    """A field and the value that it has in all records of this mapping."""


_ADDRESS: Final = {
    "Address": "address1_line1",
    "Address2": "address1_line2",
    "City": "address1_city",
    "State": "address1_stateorprovince",
    "PostCode": "address1_postalcode",
    "CountryRegionCode": "address1_country",
    "PhoneNo": "telephone1",
    "Email": "emailaddress1",
}
_PUBLISHED: Final = (
    _Entity(
        "RescoCustomer",
        "account",
        ("No",),
        {
            "No": PK,
            "Name": "name",
            **_ADDRESS,
            "HomePage": "websiteurl",
            "PrimaryContacNo": "primarycontactid",  # spelt like that there
        },
        {"PrimaryContacNo": ("RescoContact", "No")},
    ),
    _Entity(
        "RescoContact",
        "contact",
        ("No",),
        {"No": PK, "Name": "fullname", **_ADDRESS, "CustomerNo": "parentcustomerid"},
        {"CustomerNo": ("RescoCustomer", "No")},
        download_only=frozenset(("CustomerNo",)),  # of its business relation
    ),
    _Entity(
        "RescoServiceOrder",
        "fs_workorder",
        ("No", "DocumentType"),
        {
            "No": PK,
            "DocumentType": DOCUMENT_TYPE,
            "Description": "name",
            "description": "name",
            "CustomerNo": "customerid",
        },
        {"CustomerNo": ("RescoCustomer", "No")},
    ),
)
_API_ADDRESS: Final = {
    "addressLine1": "address1_line1",
    "addressLine2": "address1_line2",
    "city": "address1_city",
    "state": "address1_stateorprovince",
    "postalCode": "address1_postalcode",
    "country": "address1_country",
    "phoneNumber": "telephone1",
    "email": "emailaddress1",
    "website": "websiteurl",
}
_API: Final = (
    _Entity(
        "customers",
        "account",
        ("number",),
        {"number": PK, "displayName": "name", **_API_ADDRESS},
        {},
    ),
    _Entity(
        "contacts",
        "contact",
        ("number",),
        {
            "number": PK,
            "displayName": "fullname",
            **_API_ADDRESS,
            "mobilePhoneNumber": "mobilephone",
        },
        {},
        only=("type", "Person"),
    ),
)
_NO_WORK_ORDERS: Final = (
    "Work orders are left out: API v2.0 has no service orders, and sales orders are none.",
    "Publish the page RescoServiceOrder of Resco's extension, and set route: ODataV4 in the "
    "connection.",
)


def default_mapping(schema: Schema) -> DefaultMapping | None:
    """What the service has of the default mapping; None where it has nothing of it."""
    published = _mappings(_PUBLISHED, schema)
    if published:
        missing = [known.external for known in _PUBLISHED if known.external not in schema.by_name]
        remarks = [f"{name} is left out: that page is not published." for name in missing]
        return DefaultMapping(published, (*remarks, *_on_versions(published, schema)))
    mappings = _mappings(_API, schema)
    return DefaultMapping(mappings, _NO_WORK_ORDERS) if mappings else None


def _on_versions(mappings: Sequence[EntityMapping], schema: Schema) -> Iterator[str]:
    """Why changes are not found by what Resco's own integration finds them by."""
    entities = [schema.entity(mapping.external) for mapping in mappings]
    counted = [entity for entity in entities if COUNTER in entity.by_name]
    if counted:
        yield (
            f"Changes are found by SystemModifiedAt. The product used {COUNTER}, which misses "
            "writes that run no triggers."
        )
    blind = [entity.name for entity in counted if best_version_field(entity) == COUNTER]
    if blind:
        yield f"Without SystemModifiedAt, {COUNTER} has to do in {', '.join(blind)}."


def _mappings(known: tuple[_Entity, ...], schema: Schema) -> tuple[EntityMapping, ...]:
    there = [(one, schema.by_name[one.external]) for one in known if one.external in schema.by_name]
    return tuple(
        _mapping(one, entity, schema)
        for one, entity in there
        if set(one.primary_key) <= entity.by_name.keys()
    )


def _mapping(known: _Entity, entity: Entity, schema: Schema) -> EntityMapping:
    there = {n: local for n, local in known.fields.items() if n in entity.by_name}
    once = {local: n for n, local in reversed(there.items())}
    lines = [
        line
        for n, local in there.items()
        if once[local] == n and (line := _line(known, n, local, schema))
    ]
    only = known.only if known.only and known.only[0] in entity.by_name else None
    if only:
        lines.append(FieldMapping(external=only[0], constant=only[1]))
    condition = Comparison(field=only[0], operator="eq", value=only[1]) if only else None
    return EntityMapping(
        external=known.external,
        local=known.local,
        direction="bidirectional",
        primary_key=known.primary_key,
        download_filter=condition,
        fields=tuple(lines),
    )


def _line(known: _Entity, external: str, local: str, schema: Schema) -> FieldMapping | None:
    target = known.lookups.get(external)
    if target and target[0] not in schema.by_name:
        return None
    return FieldMapping(
        external=external,
        local=local,
        direction="download_only" if external in known.download_only else None,
        lookup=Lookup(entity=target[0], field=target[1]) if target else None,
    )
