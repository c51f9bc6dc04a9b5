"""Mappings that were carried along, taken into an integration file."""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Final

from tandem.mapping_files.model import Carried
from tandem.mapping_files.plain import plain_entity
from tandem.model.edits import Insertion, Replacement
from tandem.model.integration import EntityMapping, Integration

REASON = "import"

_ALIKE: Final[tuple[Callable[[EntityMapping], object], ...]] = (
    repr,
    lambda entity: (entity.external, entity.local, entity.enabled),
    lambda entity: entity.external if entity.enabled else None,
    lambda entity: (entity.external, entity.local),
    lambda entity: entity.external,
)
"""What two mappings have in common, from the most to the least; None: this is not asked."""


def importing_edits(
    integration: Integration, entities: Sequence[EntityMapping]
) -> list[Insertion | Replacement]:
    """The edits that bring these mappings into the integration's file.

    A mapping takes the place of the one that is most like it (see `_ALIKE`); one that has no such
    place is added at the end. What is the same already stays as it stands.
    """
    places = _places(integration, entities)
    edits: list[Insertion | Replacement] = []
    end = len(integration.entities)
    for number, entity in enumerate(entities):
        at = places.get(number)
        if at is None:
            edits.append(Insertion(("entities",), end, plain_entity(entity)))
            end += 1
        elif repr(integration.entities[at]) != repr(entity):  # 1 is neither true nor 1.0
            edits.append(Replacement(("entities", at), plain_entity(entity)))
    return edits


def policy_notes(integration: Integration, brought: Carried) -> list[str]:
    """What mappings without a policy of their own would do otherwise than where they are from."""
    theirs, ours = brought.on_conflict, integration.on_conflict
    follow = [entity.external for entity in brought.entities if entity.on_conflict is None]
    if theirs in (None, ours) or not follow:
        return []
    return [
        f"{', '.join(follow)}: there, on_conflict was {theirs}; here it is {ours}, and stays so."
    ]


def _places(integration: Integration, entities: Sequence[EntityMapping]) -> dict[int, int]:
    """Number of a mapping that is brought → position of the one whose place it takes.

    Of one external entity at most one mapping is enabled, on either side; it stays so.
    """
    there = integration.entities
    places: dict[int, int] = {}
    for likeness in _ALIKE:
        free = defaultdict[object, deque[int]](deque)
        for at in sorted({*range(len(there))} - {*places.values()}):
            free[likeness(there[at])].append(at)
        for number in sorted({*range(len(entities))} - places.keys()):
            like = likeness(entities[number])
            if like is not None and free[like]:
                places[number] = free[like].popleft()
    return places
