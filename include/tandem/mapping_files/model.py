"""What a mapping file holds."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field

from tandem.errors import ConfigurationError
from tandem.model.config import Config
from tandem.model.integration import EntityMapping, Integration, OnConflict, Text
from tandem.model.problems import Problem

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
    problems: tuple[Problem, ...] = ()
    """What could not be carried over though it decides what is synced: it stands in the way."""


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
        entities=_chosen(integration.entities, entity),
    )


def _chosen(entities: tuple[EntityMapping, ...], entity: str | None) -> tuple[EntityMapping, ...]:
    """The mappings of that external entity; all if none is named."""
    found = tuple(one for one in entities if entity is None or one.external == entity)
    if not found:
        raise no_mapping_of(entity, (one.external for one in entities))
    return found


def no_mapping_of(entity: str | None, known: Iterable[str]) -> ConfigurationError:
    """That entity is not mapped; those are."""
    names = ", ".join(dict.fromkeys(known)) or "none"
    return ConfigurationError(
        f"There is no mapping of entity {entity!r}.", remedy=f"There are: {names}."
    )


def refuse_repeated(entities: Iterable[EntityMapping]) -> None:
    """ConfigurationError if two enabled mappings are of one external entity."""
    counts = Counter(entity.external for entity in entities if entity.enabled)
    for name, count in counts.items():
        if count > 1:
            raise ConfigurationError(
                f"The mapping file maps external entity {name!r} more than once.",
                remedy="Remove one of its mappings from that file, or disable it there.",
            )
