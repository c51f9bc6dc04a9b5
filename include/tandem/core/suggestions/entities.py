"""Which local entity an external one most likely belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tandem.core.names.words import Words, entity_meaning, entity_words, term
from tandem.model.schema import Entity, Schema

_NAME: Final = 0.7
_FIELDS: Final = 0.3
_LEAST: Final = 0.3
LIKELY: Final = 0.5
"""The score from which a local entity is taken unless another is named: names have to agree."""


@dataclass(frozen=True, slots=True)
class EntitySuggestion:
    """A local entity for an external one."""

    local: str
    score: float
    """From 0 to 1."""
    reason: str


def suggest_entity(
    external: Entity, local: Schema, taken: Iterable[str] = ()
) -> tuple[EntitySuggestion, ...]:
    """The local entities that an external one may belong to, the likeliest first.

    By name and synonyms for the most part, and by how many fields have a namesake. Those that are
    `taken` are left out.
    """
    used = set(taken)
    theirs = _fields(external)
    found = [
        _compared(external, entity, theirs) for entity in local.entities if entity.name not in used
    ]
    likely = [suggestion for suggestion in found if suggestion.score >= _LEAST]
    return tuple(sorted(likely, key=lambda suggestion: (-suggestion.score, suggestion.local)))


def _compared(external: Entity, local: Entity, theirs: set[Words]) -> EntitySuggestion:
    name, reason = _alike(external.name, local.name)
    common = theirs & _fields(local)
    cover = len(common) / max(1, min(len(theirs), len(local.fields)))
    words = f"{len(common)} fields alike"
    score = _NAME * name + _FIELDS * min(1.0, 1.5 * cover)
    return EntitySuggestion(local.name, round(score, 2), f"{reason}; {words}" if reason else words)


def _alike(external: str, local: str) -> tuple[float, str]:
    one, other = entity_words(external), entity_words(local)
    if "".join(one) == "".join(other):
        return 1.0, "same name" if external == local else f"same words: {' '.join(other)}"
    mine, theirs = entity_meaning(external), entity_meaning(local)
    if mine == theirs:
        return 0.9, f"synonym: {' '.join(one)} ~ {' '.join(other)}"
    common = set(mine) & set(theirs)
    share = len(common) / len(set(mine) | set(theirs))
    return 0.6 * share, f"share words: {' '.join(sorted(common))}" if common else ""


def _fields(entity: Entity) -> set[Words]:
    meaning = entity_meaning(entity.name)
    return {term(field.name, meaning).core for field in entity.fields}
