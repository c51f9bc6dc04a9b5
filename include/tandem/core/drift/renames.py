"""Which names look like others that are gone: guesses for people, never acted on alone."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

from tandem.model.schema import Entity, Field, Kind, Schema

THRESHOLD: Final = 0.6
"""A pair that scores less (of 1) is no rename."""
MARGIN: Final = 0.05
"""How much better than the next candidate, on either side, a pair has to be."""
_MANY: Final = 20_000
"""Pairs of one entity beyond which only equal names and labels are looked at: where nearly
everything was exchanged, likeness says nothing."""

_ALIKE: Final = 0.7
"""Share of letter pairs from which on two words count as spellings of one."""
_SAME_LABEL: Final = 0.8
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+")

_Places = Mapping[str, tuple[str, str]]
"""Field → the fields before and after it."""
Scores = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class _Name:
    plain: str
    """In lower case, letters and digits only."""
    words: frozenset[str]
    numbers: frozenset[str]


def likely_renames(before: Entity, after: Entity) -> dict[str, str]:
    """Fields that are gone → the field that each looks to be now, where that is not ambiguous."""
    gone = [field for field in before.fields if field.name not in after.by_name]
    come = [field for field in after.fields if field.name not in before.by_name]
    if not gone or not come:
        return {}
    places = _neighbours(before), _neighbours(after)
    scores = {
        (old.name, new.name): _field_score(old, new, places) for old, new in _candidates(gone, come)
    }
    return _unambiguous(scores)


def likely_entity_renames(before: Schema, after: Schema) -> dict[str, str]:
    """Entities that are gone → the entity that each looks to be now, where not ambiguous."""
    gone = [entity for entity in before.entities if entity.name not in after.by_name]
    come = [entity for entity in after.entities if entity.name not in before.by_name]
    if not gone or not come:
        return {}
    shapes = {id(entity): _shape(entity) for entity in [*gone, *come]}
    return _unambiguous(
        {
            (old.name, new.name): _entity_score(old, new, _share(shapes[id(old)], shapes[id(new)]))
            for old in gone
            for new in come
        }
    )


def _entity_score(old: Entity, new: Entity, share: float) -> float:
    hopeless = 0.4 + 0.6 * share < THRESHOLD
    return 0.0 if hopeless else 0.4 * _likeness(old, new) + 0.6 * share


def _candidates(gone: Sequence[Field], come: Sequence[Field]) -> Iterator[tuple[Field, Field]]:
    """Pairs of one kind that are worth a look."""
    if len(gone) * len(come) > _MANY:
        yield from _same_in_name_or_label(gone, come)
        return
    of_kind: dict[Kind, list[Field]] = defaultdict(list)
    for field in come:
        of_kind[field.kind].append(field)
    for old in gone:
        for new in of_kind[old.kind]:
            yield old, new


def _same_in_name_or_label(
    gone: Sequence[Field], come: Sequence[Field]
) -> Iterator[tuple[Field, Field]]:
    known: dict[tuple[Kind, str], list[Field]] = defaultdict(list)
    for field in come:
        for text in _texts(field):
            known[field.kind, text].append(field)
    for old in gone:
        for text in _texts(old):
            for new in known[old.kind, text][:2]:  # a second one makes it ambiguous already
                yield old, new


def _texts(field: Field) -> set[str]:
    return {f"name {_name(field.name).plain}", f"label {field.label.casefold()}"} - {"label "}


def _field_score(old: Field, new: Field, places: tuple[_Places, _Places]) -> float:
    likeness = 0.75 * _likeness(old, new)
    if likeness + 0.1 + 0.15 < THRESHOLD:
        return 0.0
    return likeness + 0.1 * _same_facets(old, new) + 0.15 * _are_neighbours(old, new, places)


def _same_facets(old: Field, new: Field) -> bool:
    return bool(_FACETS(old) == _FACETS(new))


_FACETS: Final = attrgetter("max_length", "precision", "scale", "nullable", "lookup", "options")


def _likeness(old: Field | Entity, new: Field | Entity) -> float:
    """How alike two names are, 0 to 1; equal labels stand for names that are quite alike."""
    names = name_likeness(old.name, new.name)
    same_label = bool(old.label) and old.label.casefold() == new.label.casefold()
    return max(names, _SAME_LABEL) if same_label else names


@lru_cache(maxsize=100_000)
def name_likeness(old: str, new: str) -> float:
    """How alike two names are, 0 to 1: by their words, whichever way these are joined."""
    one, other = _name(old), _name(new)
    if one.plain == other.plain:
        return 1.0
    met = _words_met(one.words, other.words)
    if not met:
        return 0.0
    fewer, more = sorted((len(one.words), len(other.words)))
    likeness = (met / fewer + met / (fewer + more - met)) / 2
    differ = one.numbers and other.numbers and one.numbers != other.numbers
    return likeness / 2 if differ else likeness  # address1 is not address2


def _words_met(one: frozenset[str], other: frozenset[str]) -> int:
    """How many words of one are spellings of a word of the other."""
    met = len(one & other)
    left = sorted(other - one)
    for word in sorted(one - other):
        partner = next((candidate for candidate in left if _spell_alike(word, candidate)), None)
        if partner:
            left.remove(partner)
            met += 1
    return met


@lru_cache(maxsize=100_000)
def _spell_alike(one: str, other: str) -> bool:
    """Whether one word begins or ends the other, or they share most pairs of letters."""
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and (long.startswith(short) or long.endswith(short)):
        return True
    pairs, others = _letter_pairs(one), _letter_pairs(other)
    return 2 * len(pairs & others) >= _ALIKE * (len(pairs) + len(others)) > 0


@lru_cache(maxsize=50_000)
def _letter_pairs(word: str) -> frozenset[str]:
    return frozenset(word[at : at + 2] for at in range(len(word) - 1))


@lru_cache(maxsize=50_000)
def _name(text: str) -> _Name:
    words = [word.lower() for word in _WORD.findall(text)]
    numbers = frozenset(word for word in words if word.isdigit())
    plain = "".join(character for character in text.lower() if character.isalnum())
    return _Name(plain or text, frozenset(words), numbers)


def _neighbours(entity: Entity) -> _Places:
    names = ["", *(field.name for field in entity.fields), ""]
    return {names[at]: (names[at - 1], names[at + 1]) for at in range(1, len(names) - 1)}


def _are_neighbours(old: Field, new: Field, places: tuple[_Places, _Places]) -> bool:
    """Whether both stand before or after the same field."""
    were, are = places[0][old.name], places[1][new.name]
    return any(one and one == other for one, other in zip(were, are, strict=True))


def _shape(entity: Entity) -> frozenset[tuple[str, Kind]]:
    return frozenset((_name(field.name).plain, field.kind) for field in entity.fields)


def _share(one: frozenset[tuple[str, Kind]], other: frozenset[tuple[str, Kind]]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _unambiguous(scores: Scores) -> dict[str, str]:
    """The pairs that are clearly the best of both their names."""
    likely = {pair: score for pair, score in scores.items() if score >= THRESHOLD}
    of_old = _two_best((old, new, score) for (old, new), score in likely.items())
    of_new = _two_best((new, old, score) for (old, new), score in likely.items())
    found = {}
    for old, (new, lead) in of_old.items():
        back, lead_back = of_new[new]
        if back == old and lead >= MARGIN and lead_back >= MARGIN:
            found[old] = new
    return found


def _two_best(scored: Iterable[tuple[str, str, float]]) -> dict[str, tuple[str, float]]:
    """By name: its best partner, and how far the next one is behind."""
    ranked: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, partner, score in scored:
        ranked[name].append((-score, partner))
    best = {}
    for name, partners in ranked.items():
        first, *rest = sorted(partners)
        second = -rest[0][0] if rest else 0.0
        best[name] = (first[1], -first[0] - second)
    return best
