"""How many records a filter lets through, by the very meaning that a run reads them with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tandem.connectors.base import TooManyToCount
from tandem.core.filters.relations import Relations, SideName, relations
from tandem.core.validation.checked import Checked
from tandem.core.validation.filters import filter_problems
from tandem.core.validation.renamed import Renamed
from tandem.model.filters import Condition, all_of
from tandem.model.integration import EntityMapping, Integration
from tandem.model.problems import Problem
from tandem.model.schema import Entity, Schema
from tandem.state.protocols import StateReader
from tandem.sync.job import Job
from tandem.sync.provisioning import expected_local
from tandem.sync.sides.held import Side
from tandem.sync.sides.reading import owned

LOOKED_AT: Final = 100_000
"""Records that are read to be counted, where a system does not count them itself."""

FILTER_KEYS: Final[dict[SideName, str]] = {"external": "download_filter", "local": "upload_filter"}
"""Side → where its filter stands in an entity mapping."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of records."""

    number: int
    among_first: int | None = None
    """None: of all records. Otherwise only so many were looked at, and there are more."""

    @property
    def is_exact(self) -> bool:
        """Whether all records were counted."""
        return self.among_first is None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a filter lets through."""

    matching: Amount
    total: Amount
    """Without the filter."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A condition, tried out as the filter of one side of an entity mapping."""

    integration: Integration
    """With the condition in the mapping."""
    at: int
    """Position of the mapping."""
    side: SideName
    external: Schema
    local: Schema
    """As it is now."""
    expected: Schema
    """The local side with what the next run creates."""

    @property
    def mapping(self) -> EntityMapping:
        """The mapping with the condition as its filter."""
        return self.integration.entities[self.at]

    @property
    def condition(self) -> Condition | None:
        """The condition."""
        key = FILTER_KEYS[self.side]
        found: Condition | None = getattr(self.mapping, key)
        return found

    @property
    def schema(self) -> Schema:
        """What that side has."""
        return self.external if self.side == "external" else self.expected

    @property
    def entity(self) -> Entity:
        """The entity that is read; ConfigurationError if there is none."""
        name = self.mapping.external if self.side == "external" else self.mapping.local
        return self.schema.entity(name)

    @property
    def relations(self) -> Relations:
        """Where the lookups of that side lead."""
        return relations(self.integration, self.mapping, self.schema, self.side)

    def having(self, condition: Condition | None) -> "Tried":
        """Another condition, tried out in the same place."""
        integration = _with_filter(self.integration, self.at, self.side, condition)
        return replace(self, integration=integration)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the condition; places begin with the filter's own."""
        schemas: dict[SideName, Schema] = {"external": self.external, "local": self.expected}
        checked = Checked(
            self.integration,
            self.at,
            self.mapping,
            schemas,
            {side: Renamed(None, schema) for side, schema in schemas.items()},
            can_provision=False,
            functions=None,
        )
        place = checked.place(FILTER_KEYS[self.side])
        return (one for one in filter_problems(checked) if one.place[: len(place)] == place)


def tried(
    integration: Integration,
    at: int,
    side: SideName,
    schemas: tuple[Schema, Schema],
    state: StateReader,
) -> Tried:
    """That side of the mapping at that position, enabled or not, without any filter yet.

    `schemas` are what the external and the local side have, as far as anybody has looked.
    """
    changed = _with_filter(integration, at, side, None)
    external, local = schemas
    expected = local
    if side == "local":
        expected = expected_local(changed, state, external, local, _looked_at(changed, at))
    return Tried(changed, at, side, external, local, expected)


def _looked_at(integration: Integration, at: int) -> set[str]:
    """The local entities that a filter of that mapping can look at."""
    mapping = integration.entities[at]
    targets = {line.lookup.entity for line in mapping.active_fields if line.lookup}
    return {mapping.local, *(m.local for m in integration.active_entities if m.external in targets)}


def count_matching(job: Job, asked: Tried) -> Counted:
    """How many records match, and how many there are. The condition has to be free of errors."""
    total = _count(job, asked.having(None))
    return Counted(_count(job, asked) if asked.condition else total, total)


def _count(job: Job, asked: Tried) -> Amount:
    side = _side(job, asked)
    if not side.is_there:
        return Amount(0)
    mine = owned(asked.integration, asked.mapping) if asked.side == "local" else None
    query = replace(side.query(all_of(asked.condition, mine)), limit=LOOKED_AT)
    try:
        return Amount(side.connector.count(query))
    except TooManyToCount as error:
        return Amount(error.found, error.looked_at)


def _side(job: Job, asked: Tried) -> Side:
    entity = asked.entity
    there = entity if asked.side == "external" else asked.local.by_name.get(entity.name)
    return Side(
        asked.side,
        job.external if asked.side == "external" else job.local,
        entity,
        entity.key,
        frozenset(there.by_name) if there else frozenset(),
        asked.relations,
        job,
        asked.local if asked.side == "local" else None,
    )


def _with_filter(
    integration: Integration, at: int, side: SideName, condition: Condition | None
) -> Integration:
    """The integration in which that mapping is enabled and has that filter."""
    changed = {"enabled": True, FILTER_KEYS[side]: condition}
    mapping = integration.entities[at].model_copy(update=changed)
    entities = (*integration.entities[:at], mapping, *integration.entities[at + 1 :])
    return integration.model_copy(update={"entities": entities})
