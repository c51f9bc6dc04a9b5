"""Fields of lookups' targets, as conditions see them in the memory connector."""

from typing import Any

from tandem.connectors.base import Query
from tandem.connectors.memory_store import Record, Store
from tandem.core.filters.relations import Relation, compared
from tandem.model.filters import Condition, fields_of


class Followed:
    """The targets of those lookups that a condition follows."""

    def __init__(self, store: Store, query: Query, condition: Condition) -> None:
        names = fields_of(condition)
        found = {name: compared(name, query.entity, query.relations) for name in names}
        self._paths = {
            name: (path.lookup, path.field.name, _by_value(store, path.relation))
            for name, path in found.items()
            if path.relation
        }

    def seen(self, record: Record) -> Record:
        """The record with the targets' fields under their names in the condition."""
        if not self._paths:
            return record
        there = {
            name: targets.get(_text(record[lookup]), {}).get(field)
            for name, (lookup, field, targets) in self._paths.items()
        }
        return {**record, **there}


def _by_value(store: Store, relation: Relation) -> dict[str | None, Record]:
    targets = store.records.get(relation.entity.name, {}).values()
    return {_text(r[relation.on]): r for r in targets if r[relation.on] is not None}


def _text(value: Any) -> str | None:
    """A lookup may hold as a text what its target has as a number."""
    return None if value is None else str(value)
