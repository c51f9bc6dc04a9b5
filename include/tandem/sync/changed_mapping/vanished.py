"""Local tables and columns that were there, and hold what Tandem believes of linked records.

Made again they would be empty, and an empty field looks like one that somebody cleared: its
emptiness would travel to the other side. So they are not made again by themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tandem.model.asked import Asked, parsed
from tandem.model.integration import EntityMapping, Integration
from tandem.model.problems import Problem, Remedy
from tandem.model.schema import Schema
from tandem.state.protocols import StateReader

MISSING: Final = ("local_entity_missing", "local_field_missing")
"""Codes of the problems that may be about something that vanished."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """What one mapping had on the local side and has no more."""

    table: bool
    fields: frozenset[str]

    def __or__(self, other: "Vanished") -> "Vanished":
        return Vanished(self.table or other.table, self.fields | other.fields)


def vanished(integration: Integration, local: Schema, state: StateReader) -> dict[str, Vanished]:
    """External entity → what is gone of its local entity, where records are linked to that."""
    gone: dict[str, Vanished] = {}
    for mapping in integration.active_entities:
        if state.has_links(mapping.external):
            here = _of(mapping, local, state)
            gone[mapping.local] = here | gone[mapping.local] if mapping.local in gone else here
    return {
        mapping.external: found
        for mapping in integration.active_entities
        if (found := gone.get(mapping.local)) and (found.table or found.fields)
    }


def _of(mapping: EntityMapping, local: Schema, state: StateReader) -> Vanished:
    known = local.by_name.get(mapping.local)
    asked = parsed(state.links_asked(mapping.external))
    there = _believed(mapping, asked) | _last_seen(mapping, state)
    if known is None:
        chosen_anew = asked is not None and asked.mapping.local != mapping.local
        return Vanished(table=bool(there) or not chosen_anew, fields=frozenset())
    wanted = {field.local for field in mapping.active_fields if field.local}
    names = {name.lower() for name in known.by_name}
    return Vanished(False, frozenset(n for n in wanted & there if n.lower() not in names))


def _believed(mapping: EntityMapping, asked: Asked | None) -> set[str]:
    """The local fields that the links tell of."""
    if asked is None or asked.mapping.local != mapping.local:
        return set()
    return {field.local for field in asked.mapping.active_fields if field.local}


def _last_seen(mapping: EntityMapping, state: StateReader) -> set[str]:
    """The local fields that were there when the last run looked."""
    snapshot = state.schema_snapshot("local")
    entity = snapshot.schema.by_name.get(mapping.local) if snapshot else None
    return set(entity.by_name) if entity else set()


def explained(
    problems: tuple[Problem, ...], integration: Integration, gone: Mapping[str, Vanished]
) -> tuple[Problem, ...]:
    """The problems; those about something that vanished say why it is not made again."""
    return tuple(
        _explained(problem, integration) if _is_about(problem, integration, gone) else problem
        for problem in problems
    )


def _is_about(problem: Problem, integration: Integration, gone: Mapping[str, Vanished]) -> bool:
    found = gone.get(problem.entity)
    if found is None or problem.code not in MISSING:
        return False
    if problem.code == "local_entity_missing":
        return found.table
    at, line = problem.place[1], problem.place[3]
    fields = integration.entities[int(at)].fields
    return fields[int(line)].local in found.fields


def _explained(problem: Problem, integration: Integration) -> Problem:
    what = "table" if problem.code == "local_entity_missing" else "column"
    return replace(
        problem,
        text=f"{problem.text} It was there when records were synced before, so it is not created "
        "by itself: it would be empty.",
        remedy=Remedy.PROVISION,
        advice=f"Restore the {what} with its values; or {_first_lower(problem.advice)} Or have it "
        f"created anew (tandem schema {integration.name} --provision --yes): the external values "
        "are read again and fill it; values that only the local side had are lost.",
    )


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]
