"""Mappings that were carried along, taken into an integration file."""

from collections.abc import Sequence

from tandem.mapping_files.model import Carried
from tandem.mapping_files.plain import plain_entity
from tandem.model.edits import Edit, Insertion, Replacement
from tandem.model.integration import EntityMapping, Integration

REASON = "import"


def importing_edits(integration: Integration, entities: Sequence[EntityMapping]) -> list[Edit]:
    """The edits that bring these mappings into the integration's file.

    A mapping takes the place of the one of the same external entity (of several, the enabled one
    first); one that has no such place is added at the end. What is the same already stays as it
    stands.
    """
    edits: list[Edit] = []
    free = _places(integration)
    end = len(integration.entities)
    for entity in entities:
        at = next((n for n in free if integration.entities[n].external == entity.external), None)
        if at is None:
            edits.append(Insertion(("entities",), end, plain_entity(entity)))
            end += 1
            continue
        free.remove(at)
        if repr(integration.entities[at]) != repr(entity):  # 1 is neither true nor 1.0
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


def _places(integration: Integration) -> list[int]:
    """Positions of the mappings, the enabled ones first."""
    entities = integration.entities
    return sorted(range(len(entities)), key=lambda at: not entities[at].enabled)
