"""What a mapping file holds."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field

from tandem.errors import ConfigurationError
from tandem.model.config import Config
from tandem.model.integration import EntityMapping, Integration, OnConflict, Text

Format = Literal["yaml", "resco-xml"]

LARGEST: Final = 10_000_000
"""Bytes of a mapping file that are read."""


class Side(Config):
    """Which kind of system a side was."""

    connector: Text = Field(description="Name of the connector.")


class MappingFile(Config):
    """The mappings of an integration, without what belongs to its place: connections, schedule."""

    name: Text | None = None
    description: str = ""
    external: Side | None = None
    local: Side | None = None
    on_conflict: OnConflict | None = None
    entities: tuple[EntityMapping, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Carried:
    """What a file brought along."""

    entities: tuple[EntityMapping, ...]
    notes: tuple[str, ...] = ()
    """What could not be carried over, or was taken otherwise than it stands; a sentence each."""
    on_conflict: OnConflict | None = None
    """The policy of the integration that the mappings are from, where the file says so."""


def mapping_file_of(integration: Integration, entity: str | None = None) -> MappingFile:
    """What is carried along of an integration, or of one entity (disabled ones too).

    ConfigurationError if it has no such entity.
    """
    return MappingFile(
        name=integration.name,
        description=integration.description,
        external=Side(connector=integration.external.connector),
        local=Side(connector=integration.local.connector),
        on_conflict=integration.on_conflict,
        entities=chosen(integration.entities, entity),
    )


def chosen(entities: tuple[EntityMapping, ...], entity: str | None) -> tuple[EntityMapping, ...]:
    """The mappings of that external entity; all if none is named."""
    found = tuple(one for one in entities if entity is None or one.external == entity)
    if not found:
        names = ", ".join(one.external for one in entities) or "none"
        raise ConfigurationError(
            f"There is no mapping of entity {entity!r}.", remedy=f"There are: {names}."
        )
    return found
