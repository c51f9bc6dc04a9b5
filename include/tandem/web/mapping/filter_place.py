"""Where in a draft a filter belongs, and what it is tried out on."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tandem.core.filters.relations import SideName
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, Integration
from tandem.state.protocols import StateReader
from tandem.sync.people.counting import FILTER_KEYS, Tried, tried
from tandem.sync.people.drafted import OpenDraft
from tandem.sync.people.drafted_problems import known_schemas
from tandem.web.access import Visit
from tandem.web.desk import Desk
from tandem.web.mapping.drafts import Drafted, opened


@dataclass(frozen=True, slots=True)
class FilterPlace:
    """The filter of one side of an entity mapping, in a draft."""

    opened: OpenDraft
    at: int
    """Position of the mapping."""
    side: SideName

    @property
    def value(self) -> Any:
        """What the draft says there; None: no filter."""
        return self._mapping.get(FILTER_KEYS[self.side])

    def tried(self, state: StateReader) -> Tried:
        """That side without the filter, with what the systems were seen to have last.

        ConfigurationError where nobody has looked, or the mapping is wrong beside its filter.
        """
        known = known_schemas(state)
        if known.external is None or known.local is None:
            raise ConfigurationError(
                "Nobody has looked yet at what fields there are.", remedy="Use Update Schema first."
            )
        schemas = known.external, known.local
        return tried(self._integration(), self.at, self.side, schemas, state)

    def _integration(self) -> Integration:
        found = self.opened.partly or self.opened.usable()
        if not any(wrong.place[:2] == ("entities", self.at) for wrong in self.opened.wrong):
            return found
        entities = list(found.entities)
        entities[self.at] = self._mapping_without_filter()
        return found.model_copy(update={"entities": tuple(entities)})

    def _mapping_without_filter(self) -> EntityMapping:
        """For a mapping whose filter may be all that is wrong with it."""
        kept = {k: v for k, v in self._mapping.items() if k != FILTER_KEYS[self.side]}
        try:
            return EntityMapping.model_validate(kept)
        except ValidationError:
            raise ConfigurationError(
                "The mapping is wrong in other places, so that its filter cannot be tried out.",
                remedy="Correct what the mapping's problems name first.",
            ) from None

    @property
    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = self.opened.value["entities"][self.at]
        return found


def place_of_filter(desk: Desk, visit: Visit, drafted: Drafted, side: SideName) -> FilterPlace:
    """The filter of the entity that the request is about; ConfigurationError if that is not
    mapped.
    """
    found = opened(desk, visit, drafted)
    at = found.position(drafted.entity) if drafted.entity else None
    if at is None:
        raise ConfigurationError(
            f"{drafted.entity!r} is not mapped.", remedy="Map it to a local entity first."
        )
    return FilterPlace(found, at, side)
