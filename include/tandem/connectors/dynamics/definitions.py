"""What the table definitions say besides `$metadata`: which tables track changes, which keys hold.

Microsoft Learn, "Query table definitions using the Web API", "Define alternate keys".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.connectors.dynamics.labels import user_label
from tandem.connectors.odata.documents import load
from tandem.errors import ConfigurationError

_PROPERTIES: Final = (
    "LogicalName",
    "EntitySetName",
    "PrimaryIdAttribute",
    "ChangeTrackingEnabled",
    "IsOptimisticConcurrencyEnabled",
    "IsIntersect",
    "DataProviderId",
    "DisplayName",
)
URL: Final = (
    f"EntityDefinitions?$select={','.join(_PROPERTIES)}"
    "&$expand=Keys($select=KeyAttributes,EntityKeyIndexStatus)"
)
"""All tables in one request: definitions come without paging."""


@dataclass(frozen=True, slots=True)
class Definition:
    """The definition of a table."""

    logical_name: str
    entity_set: str
    key: str
    label: str
    tracks_changes: bool
    guards_edits: bool
    """Whether an etag can be given back with a change."""
    is_intersect: bool
    """Whether it only joins two tables: its rows are made by associating records."""
    is_standard: bool
    """Whether Dataverse's own database has it: neither virtual nor elastic."""
    unique: frozenset[str] | None
    """Columns that are an alternate key alone, one that is in force; None: not told."""


Definitions = Mapping[str, Definition]
"""Entity set → its table's definition."""


def parse_definitions(body: bytes) -> Definitions:
    """The tables that have an entity set. ConfigurationError if it is no such document."""
    try:
        found = [_definition(each) for each in load(body)["value"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            "What the service gives as its table definitions cannot be read."
        ) from None
    return {each.entity_set: each for each in found if each.entity_set}


def _definition(table: Mapping[str, Any]) -> Definition:
    return Definition(
        logical_name=str(table["LogicalName"]),
        entity_set=str(table.get("EntitySetName") or ""),
        key=str(table.get("PrimaryIdAttribute") or ""),
        label=user_label(table.get("DisplayName")),
        tracks_changes=table.get("ChangeTrackingEnabled") is True,
        guards_edits=table.get("IsOptimisticConcurrencyEnabled") is not False,
        is_intersect=table.get("IsIntersect") is True,
        is_standard=table.get("DataProviderId") is None,
        unique=frozenset(_alone(table["Keys"] or [])) if "Keys" in table else None,
    )


def _alone(keys: list[Mapping[str, Any]]) -> Iterator[str]:
    """A key whose index is not built, or could not be, forbids no duplicates."""
    for key in keys:
        columns = key.get("KeyAttributes") or []
        if len(columns) == 1 and key.get("EntityKeyIndexStatus", "Active") == "Active":
            yield str(columns[0])
