"""Clean Up: what is gone from the external system goes from the mapping too.

Removed are the lines of missing fields, whole entities that are missing, version numbers that are
gone; and what has lost its sense by that: lookups of a removed entity, all lines of a composite
lookup that lost one (fewer fields could find the wrong record), its name once it has no line left,
and an entity that lost its last line. One that has lines left, if only disabled ones, stays.

What would change which records are synced, or how they are found, is for a person: filters and
primary keys stay as they are. No local field, no record and no link is touched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tandem.core.clean_up.words import left_idle, told
from tandem.errors import ConfigurationError
from tandem.model.edits import Removal
from tandem.model.integration import EntityMapping, FieldMapping, Integration
from tandem.model.problems import Place, Problem, Remedy


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that is removed, and what that means."""

    entity: str
    """External entity of the mapping."""
    place: Place
    """Where it stands in the file before."""
    removed: str
    """What goes: `fax → fax`, `version_number: changedAt`, `Accounts → account`."""
    reason: str
    """Why it goes, in a sentence."""
    consequence: str
    """What is not synced any more and what stays, in sentences."""
    instead: tuple[str, ...] = ()
    """What could be written in its place: it may only have been renamed. The likeliest first."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What cleaning up does to an integration file."""

    edits: tuple[Removal, ...]
    """In the order in which they are to be made, from the end of the file."""
    effects: tuple[Effect, ...]
    """Entity by entity."""
    remaining: tuple[str, ...]
    """What stays without being of use, for a person to decide; one sentence each."""


@dataclass(slots=True)
class _Plan:
    """Place → why it goes."""

    integration: Integration
    reasons: dict[Place, str] = field(default_factory=dict)
    instead: dict[Place, tuple[str, ...]] = field(default_factory=dict)

    def remove(self, place: Place, reason: str, instead: tuple[str, ...] = ()) -> None:
        self.reasons.setdefault(place, reason)
        self.instead.setdefault(place, instead)

    def entities(self) -> Iterator[tuple[int, EntityMapping]]:
        """Enabled ones that stay, with their positions."""
        for index, entity in enumerate(self.integration.entities):
            if entity.enabled and ("entities", index) not in self.reasons:
                yield index, entity

    def lines(self, index: int) -> list[tuple[Place, FieldMapping]]:
        """Enabled lines of an entity that stay, with their places."""
        lines = enumerate(self.integration.entities[index].fields)
        places = ((("entities", index, "fields", at), line) for at, line in lines)
        return [(p, line) for p, line in places if line.enabled and p not in self.reasons]

    def lost(self, index: int) -> list[int]:
        """Positions of the lines that an entity loses."""
        lines = range(len(self.integration.entities[index].fields))
        return [at for at in lines if _line_place(index, at) in self.reasons]

    def is_idle(self, index: int) -> bool:
        """Whether an entity loses its last enabled line."""
        return bool(self.lost(index)) and not self.lines(index)


def clean_up(
    integration: Integration, problems: Sequence[Problem], links: Mapping[str, int]
) -> CleanUp:
    """What to remove for those of the problems that cleaning up mends.

    `links` is the number of links by external entity. ConfigurationError if nothing would be left.
    """
    plan = _Plan(integration)
    for problem in problems:
        place = _removable(problem)
        if place:
            plan.remove(place, problem.text, problem.choices)
    known = -1
    while known < len(plan.reasons):
        known = len(plan.reasons)
        _cascade(plan)
    if plan.reasons and not any(plan.lines(index) for index, _ in plan.entities()):
        raise ConfigurationError(
            f"Cleaning up would leave nothing of integration {integration.name!r}: the external "
            "system has none of its entities.",
            remedy="Check the connection's company or environment and its user's permissions; "
            "if all of it is really gone, delete the file.",
        )
    return CleanUp(_edits(plan), _effects(plan, links), _remaining(plan))


_KEYS: Final = ("version_number", "local_version_number")


def _removable(problem: Problem) -> Place | None:
    """The place of what goes: an entity, a line of its fields or one of its keys."""
    if problem.remedy is not Remedy.CLEAN_UP:
        return None
    match problem.place:
        case ("entities", int(index), "external"):
            return "entities", index
        case ("entities", int(index), "fields", int(at), *_):
            return "entities", index, "fields", at
        case ("entities", int(index), str(key)) if key in _KEYS:
            return "entities", index, key
    return None


def _cascade(plan: _Plan) -> None:
    """Remove what has lost its sense by what is removed already."""
    staying = {entity.external for _, entity in plan.entities()}
    entities = plan.integration.entities
    gone = {entities[int(p[1])].external for p in plan.reasons if _is_entity(p)}
    for index, _ in plan.entities():
        for place, line in plan.lines(index):
            if line.lookup and line.lookup.entity in gone - staying:
                plan.remove(place, f"It looks up {line.lookup.entity}, which is removed.")
        _break_up_composites(plan, index)
        if plan.is_idle(index) and len(plan.lost(index)) == len(entities[index].fields):
            plan.remove(("entities", index), "No field of it is left.")


def _is_entity(place: Place) -> bool:
    return len(place) == 2


def _break_up_composites(plan: _Plan, index: int) -> None:
    entity, lost = plan.integration.entities[index], plan.lost(index)
    broken = {_composite(entity.fields[at]) for at in lost} - {None}
    for place, line in plan.lines(index):
        lookup = _composite(line)
        if lookup and lookup in broken:
            plan.remove(place, f"Its composite lookup {lookup[1]} has lost a field.")
    staying = {_composite(line) for at, line in enumerate(entity.fields) if at not in lost}
    unused = {lookup[1] for lookup in broken if lookup} - {each[1] for each in staying if each}
    for at, name in enumerate(entity.composite_lookups):
        if name in unused:
            plan.remove(("entities", index, "composite_lookups", at), "It has no field left.")


def _line_place(index: int, at: int) -> Place:
    return "entities", index, "fields", at


def _composite(line: FieldMapping) -> tuple[str | None, str] | None:
    """The local field that a line of a composite lookup is about, and the lookup's name."""
    name = line.lookup.composite if line.lookup else None
    return (line.local, name) if name else None


def _edits(plan: _Plan) -> tuple[Removal, ...]:
    """From the end of the file, so that the places of those to come stay what they are."""
    places = {place for place in plan.reasons if _is_entity(place) or place[:2] not in plan.reasons}
    for index, entity in plan.entities():
        names = [
            ("entities", index, "composite_lookups", n)
            for n in range(len(entity.composite_lookups))
        ]
        if names and places.issuperset(names):
            places = (places - set(names)) | {("entities", index, "composite_lookups")}
    return tuple(Removal(place) for place in sorted(places, reverse=True))


def _effects(plan: _Plan, links: Mapping[str, int]) -> tuple[Effect, ...]:
    found = []
    for place in sorted(plan.reasons):
        entity = plan.integration.entities[int(place[1])]
        if _is_entity(place) or place[:2] not in plan.reasons:
            removed, consequence = told(entity, place, links.get(entity.external, 0))
            why, instead = plan.reasons[place], plan.instead[place]
            found.append(Effect(entity.external, place, removed, why, consequence, instead))
    return tuple(found)


def _remaining(plan: _Plan) -> tuple[str, ...]:
    return tuple(left_idle(entity) for index, entity in plan.entities() if plan.is_idle(index))
