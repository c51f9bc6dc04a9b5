"""What is wrong with an integration's mappings, by what both systems say they have."""

from collections.abc import Collection, Mapping
from typing import Final

from tandem.core.validation.validate import Side, validate
from tandem.model.integration import Integration
from tandem.model.problems import Problem
from tandem.model.schema import Schema
from tandem.state.protocols import StateReader
from tandem.sync.changed_mapping.vanished import MISSING, explained, vanished

_LOOKED_BACK: Final = 10
"""Snapshots of a side in which names are looked for that it does not have any more."""


def validated(  # noqa: PLR0913 - what it is checked by
    integration: Integration,
    external: Schema,
    local: Schema,
    state: StateReader,
    *,
    can_provision: bool = False,
    functions: Collection[str] | None = None,
    about: Collection[str] | None = None,
) -> tuple[Problem, ...]:
    """All problems of all enabled mappings, or of those `about` these external entities; earlier
    snapshots tell what was renamed.
    """
    schemas: dict[Side, Schema] = {"external": external, "local": local}
    before = {
        side: found
        for side, schema in schemas.items()
        if (found := _had_more(integration, side, schema, state))
    }
    problems = validate(
        integration,
        external,
        local,
        before=before,
        can_provision=can_provision,
        functions=functions,
        about=about,
    )
    if not any(problem.code in MISSING for problem in problems):
        return problems
    return explained(problems, integration, vanished(integration, local, state))


def _had_more(
    integration: Integration, side: Side, now: Schema, state: StateReader
) -> Schema | None:
    """The newest snapshot of that side with most of the names that it does not have any more."""
    missing = _names(integration, side) - _known(now)
    best, most = None, 0
    for about in state.schema_snapshots(side, limit=_LOOKED_BACK) if missing else ():
        snapshot = state.schema_snapshot(side, about.version)
        found = len(missing & _known(snapshot.schema)) if snapshot else 0
        if snapshot and found > most:
            best, most = snapshot.schema, found
        if most == len(missing):
            break
    return best


def _names(integration: Integration, side: Side) -> set[tuple[str, str]]:
    """What the mappings name on that side: entities (with an empty field) and their fields."""
    names: set[tuple[str, str]] = set()
    for mapping in integration.active_entities:
        entity = mapping.external if side == "external" else mapping.local
        lines = mapping.active_fields
        fields = {line.external if side == "external" else line.local for line in lines}
        names |= {(entity, ""), *((entity, field) for field in fields if field)}
        if side == "external":
            names |= {(line.lookup.entity, line.lookup.field) for line in lines if line.lookup}
    return names


def _known(schema: Schema) -> set[tuple[str, str]]:
    entities = {(entity.name, "") for entity in schema.entities}
    return entities | {(e.name, field.name) for e in schema.entities for field in e.fields}


def by_entity(problems: tuple[Problem, ...]) -> Mapping[str, list[Problem]]:
    """The problems by the external entity of their mapping, in the order of the file."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(problem.entity, []).append(problem)
    return found
