"""What changed in both systems, and which mappings that is about."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tandem.core.drift.diff import Change, ChangeKind
from tandem.model.integration import EntityMapping, Integration
from tandem.model.schema import Schema
from tandem.sync.job import Run
from tandem.sync.people.schemas import external_names, local_names
from tandem.sync.schema import Seen, keep_seen
from tandem.sync.system_schema import SIDES, Side, system_schema


@dataclass(frozen=True, slots=True)
class Touching:
    """A change, and whom it is about."""

    change: Change
    mappings: tuple[str, ...]
    """External entities of the mappings that use what has changed."""


@dataclass(frozen=True, slots=True)
class SideNow:
    """What one side has now."""

    seen: Seen
    entities: int
    changes: tuple[Touching, ...]
    """Since the version before, in order of names; none unless the snapshot is new."""


def refresh_and_compare(run: Run) -> list[SideNow]:
    """Read both systems now, keep what is new, and say whom it is about."""
    return [_side(run, side) for side in SIDES]


def _side(run: Run, side: Side) -> SideNow:
    schema = system_schema(run, side)
    seen = keep_seen(run, side, schema)
    return SideNow(seen, len(schema.entities), touched(run.integration, side, schema, seen.changes))


def touched(
    integration: Integration, side: Side, schema: Schema, changes: Sequence[Change]
) -> tuple[Touching, ...]:
    """Each change of that side with the external entities of the mappings that it is about.

    A change is about a mapping that uses what has changed, or looks it up; a new field that has to
    be filled is about all mappings of its entity. `schema` is what the side has now.
    """
    uses = [(one, _uses(one, side, schema)) for one in integration.active_entities]
    entities = (c for c in changes if c.kind is ChangeKind.RENAMED and c.field is None)
    old_names = {change.after: change.before for change in entities}
    return tuple(
        Touching(change, tuple(m.external for m, used in uses if _names(change, old_names) & used))
        for change in changes
    )


def _uses(mapping: EntityMapping, side: Side, schema: Schema) -> set[tuple[str, str]]:
    """Entities (with an empty field) and their fields."""
    entity = mapping.external if side == "external" else mapping.local
    named = external_names(mapping, schema) if side == "external" else local_names(mapping, schema)
    used: defaultdict[str, set[str]] = defaultdict(set, {entity: {"", _NEW, *named}})
    for line in mapping.active_fields if side == "external" else ():
        if line.lookup:
            used[line.lookup.entity] |= {"", line.lookup.field}
    return {(name, field) for name, fields in used.items() for field in fields}


_NEW = "\0"
"""In place of a new field that has to be filled: no field is called so."""


def _names(change: Change, old_names: dict[str, str]) -> set[tuple[str, str]]:
    """What mappings call it that the change is about."""
    entity = old_names.get(change.entity, change.entity)
    has_to_be_filled = change.kind is ChangeKind.ADDED and not change.is_harmless
    fields = [change.field or "", *([_NEW] if has_to_be_filled else [])]
    return {(entity, field) for field in fields}
