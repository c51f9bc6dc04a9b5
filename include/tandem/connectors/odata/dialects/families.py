"""The families of services that are known, and how a metadata document tells which it is.

Sources: OData 4.01 URL Conventions, 5.1.1; Microsoft Learn, "Filter rows using OData" (Dataverse),
"Page results" (Dataverse), "Using filter expressions in OData URIs" and "Operational limits"
(Business Central); Resco wiki,
"OData service".
"""

from typing import Final

from tandem.connectors.odata.dialects.dialect import (
    ALL,
    AS_SPECIFIED,
    EXACT,
    NULL,
    ORDER,
    OTHER,
    PARTS,
    SAME,
    WIDER,
    Dialect,
    Form,
    each,
)
from tandem.core.filters.conditions import POSITIVE, RELATIVE
from tandem.model.schema import Entity, Kind

STANDARD: Final = Dialect(AS_SPECIFIED)
"""Keeps to the specification; texts by code points."""

DATAVERSE: Final = Dialect(
    # Upper and lower case are one, and so are accents; nothing orders texts by code points.
    reach={**AS_SPECIFIED, Form.TEXT: {**each(EXACT, NULL), **each(WIDER, SAME, PARTS)}},
    # What becomes of records without target is not documented.
    navigation=ALL - POSITIVE.keys() - {"null"},
    # LIKE: % and _ only widen what is found, [ begins a set of characters.
    patterns="[",
    target_type="Microsoft.Dynamics.CRM.lookuplogicalname",
    lookups_by_key=True,  # users: the key is ownerid, constraints name systemuserid, the same GUID
    skips=False,
    steady_pages=True,
    json_batches=False,
)

BUSINESS_CENTRAL: Final = Dialect(
    # A blank value may stand for null: what it satisfies then is looked at here again.
    reach={
        Form.TEXT: each(WIDER, ["null"], SAME, PARTS),
        Form.MEMBER: each(EXACT, SAME, OTHER),
        Form.NAME: each(WIDER, ["null"], SAME, OTHER),
        Form.NUMBER: each(EXACT, SAME, OTHER, ORDER),
        Form.MOMENT: each(WIDER, ["null"], SAME, OTHER, ORDER, RELATIVE),
    },
    navigation=frozenset(),
    or_across_fields=False,
    patterns="*?@&|<>=()'\"",  # its own filter language
    blanks={
        Kind.STRING: "''",
        Kind.GUID: "00000000-0000-0000-0000-000000000000",
        Kind.DATE: "0001-01-01",
        Kind.INSTANT: "0001-01-01T00:00:00Z",
    },
    coded_members=True,
    batch_size=100,
    requests_at_once=4,  # five a user; others are queued
)

RESCO: Final = Dialect(
    # SQL Server's collation is not known: upper and lower case may be one.
    reach={**AS_SPECIFIED, Form.TEXT: {**each(EXACT, NULL), **each(WIDER, SAME, PARTS)}},
    navigation=frozenset(),
    patterns="%_[",
    quoted_guids=True,
    skips=False,
    page_size=1_000,
    batch_size=1,  # batches go by its REST service
)

DIALECTS: Final = {
    "": STANDARD,
    "dataverse": DATAVERSE,
    "business_central": BUSINESS_CENTRAL,
    "resco": RESCO,
}
_BY_NAMESPACE: Final = {
    "Microsoft.Dynamics.CRM": "dataverse",
    "Microsoft.NAV": "business_central",
    "NAV": "business_central",
    "RescoCrm": "resco",
}


def dialect_name(container: str) -> str:
    """The dialect of the service whose entity container has that full name; empty: standard."""
    return _BY_NAMESPACE.get(container.rpartition(".")[0], "")


def dialect(name: str) -> Dialect:
    """The dialect of that name."""
    return DIALECTS.get(name, STANDARD)


def dialect_of(entity: Entity) -> Dialect:
    """The dialect in which the entity's service speaks."""
    return dialect(entity.capabilities.dialect)
