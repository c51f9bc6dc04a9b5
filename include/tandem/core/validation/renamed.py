"""What names that a side no longer has look to be called now."""

from collections.abc import Mapping
from functools import cached_property

from tandem.core.drift.renames import likely_entity_renames, likely_renames
from tandem.model.schema import Schema


class Renamed:
    """Likely renames of one side since an earlier schema, each table worked out once, when it is
    asked for: many names may be missing at a time.
    """

    def __init__(self, before: Schema | None, now: Schema) -> None:
        self._before = before or Schema()
        self._now = now
        self._fields: dict[str, Mapping[str, str]] = {}

    def entity(self, name: str) -> str:
        """What that missing entity looks to be called; empty if nothing looks like it."""
        return self._entities.get(name, "") if name in self._before.by_name else ""

    def field(self, entity: str, name: str) -> str:
        """What that missing field of the entity looks to be called; empty if nothing does."""
        if entity not in self._fields:
            self._fields[entity] = self._fields_of(entity)
        return self._fields[entity].get(name, "")

    @cached_property
    def _entities(self) -> Mapping[str, str]:
        return likely_entity_renames(self._before, self._now)

    def _fields_of(self, entity: str) -> Mapping[str, str]:
        before, now = (schema.by_name.get(entity) for schema in (self._before, self._now))
        return likely_renames(before, now) if before and now else {}
