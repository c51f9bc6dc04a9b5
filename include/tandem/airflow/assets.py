"""Entities as Airflow's assets, so that other DAGs can wait for them.

An asset is known by its connection's id and the entity's name: neither by the integration, so that
all that write an entity share its asset, nor by what the connection says, which may be a secret or
not there yet.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from airflow.sdk import Asset

from tandem.airflow.travels import Kind
from tandem.core.lineage import Way
from tandem.model.integration import EntityMapping, Integration

SCHEME: Final = "x-tandem"
"""Airflow takes URIs of private schemes (`x-…`) as they are."""
DIRECTIONS: Final[dict[Way, tuple[str, str]]] = {
    "download": ("external", "local"),
    "upload": ("local", "external"),
}
"""Direction → the side that is read, and the one that is written."""
_ONLY: Final = {"sync": "", "import": "download_only", "export": "upload_only"}
_LONGEST: Final = 1000
"""Characters; Airflow allows 1,500 for a name."""


def asset_of(integration: Integration, mapping: EntityMapping, side: str) -> Asset:
    """The asset of that side of an entity: `crm_local/account`, `x-tandem://crm_local/account`."""
    system = integration.external if side == "external" else integration.local
    entity = mapping.external if side == "external" else mapping.local
    return _asset(system.connection, entity)


@lru_cache(4096)  # both sides of an entity are told by several DAGs and tasks
def _asset(connection: str, entity: str) -> Asset:
    system = quote(connection, safe="")
    name = f"{system}/{_short(quote(entity, safe='/ '))}"
    return Asset(name, f"{SCHEME}://{system}/{_short(quote(entity, safe=''))}", group="tandem")


def _short(text: str) -> str:
    """The text; of a very long one the beginning, and a hash in place of the rest."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}-{sha256(text.encode()).hexdigest()[:16]}"


def directions(mapping: EntityMapping, kind: Kind) -> tuple[Way, ...]:
    """The directions in which records of the mapping travel in a run of that kind."""
    refused = {mapping.direction, _ONLY[kind]}
    ways: dict[str, Way] = {"upload_only": "download", "download_only": "upload"}
    return tuple(way for other, way in ways.items() if other not in refused)


def read(integration: Integration, mapping: EntityMapping, kind: Kind) -> list[Asset]:
    """The assets that an extract of the entity reads."""
    sides = (DIRECTIONS[direction][0] for direction in directions(mapping, kind))
    return [asset_of(integration, mapping, side) for side in sides]


def written(integration: Integration, mapping: EntityMapping, kind: Kind) -> list[Asset]:
    """The assets that a load of the entity writes."""
    sides = (DIRECTIONS[direction][1] for direction in directions(mapping, kind))
    return [asset_of(integration, mapping, side) for side in sides]
