"""Whether two names mean the same, how surely, and why."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from tandem.core.names.negation import are_opposite
from tandem.core.names.spelling import is_slip, spelt_alike
from tandem.core.names.synonyms import KNOWN_WORDS
from tandem.core.names.words import LIGHT, Term, Words, term, weight_of
from tandem.model.schema import Field

_SAME_NAME: Final = 1.0
_SAME_WORDS: Final = 0.97
_SAME_LABEL: Final = 0.95
_SYNONYM: Final = 0.9
_SAME_CORE: Final = 0.84
_COMMON_WORD: Final = 0.02
"""What it adds that names of one meaning share a word: `state` is rather `state or province` than
`county`."""
_ADDRESS: Final = 0.02
"""What it takes that only one of two names is said to be an address's."""
_LOOKUP_STEM: Final = 0.9
_LEAST_SHARED: Final = 0.5
_SHARED: Final = (0.2, 0.45)
"""What names that share some words get at least, and what more for all of them."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A score from 0 to 1, and what it is for."""

    score: float
    what: str = ""
    words: tuple[Words, ...] = ()

    @property
    def reason(self) -> str:
        """In words: `synonym: postal code ~ zip`."""
        said = " ~ ".join(" ".join(words) for words in self.words)
        return f"{self.what}: {said}" if said else self.what


UNLIKE: Final = Likeness(0)


@dataclass(frozen=True, slots=True)
class Named:
    """A field with the forms of its name and of its label."""

    field: Field
    name: Term
    label: Term | None
    said: str
    """The label, to be compared as it is."""


def named(field: Field, entity: Words) -> Named:
    """The field with its words; `entity` is the meaning of its entity's name."""
    label = field.label.strip()
    return Named(field, term(field.name, entity), term(label, entity) if label else None, label)


def likeness(one: Named, other: Named) -> Likeness:
    """How alike the names and labels of two fields are."""
    if one.field.name.casefold() == other.field.name.casefold():
        return Likeness(_SAME_NAME, "same name")
    by_name = likeness_of_terms(one.name, other.name)
    if by_name.score >= _SAME_WORDS:
        return by_name
    found = _beside_names(one, other, by_name)
    # Asked last: of all pairs of two large entities, few are alike at all.
    is_found = found.score and found is not by_name
    return by_name if is_found and are_opposite(one.name, other.name) else found


def _beside_names(one: Named, other: Named, by_name: Likeness) -> Likeness:
    """The best of what labels, names and shared words say."""
    if one.said and one.said.casefold() == other.said.casefold():
        return Likeness(_SAME_LABEL, f"label {one.said!r} equals")
    by_label = _by_label(one, other) or UNLIKE
    found = by_label if by_label.score > by_name.score else by_name
    return found if found.score else _shared(one.name, other.name)


def likeness_of_terms(one: Term, other: Term) -> Likeness:
    """Whether two names are the same one, spelt or said otherwise: never where one negates the
    other, and hardly where their numbers differ.
    """
    if one.plain == other.plain:
        return Likeness(_SAME_WORDS, "same words", (other.words,))
    found = _by_meaning(one, other) or _spelt_alike(one, other)
    if found is None or are_opposite(one, other):
        return UNLIKE
    return _by_numbers(found, one, other)


def _by_numbers(found: Likeness, one: Term, other: Term) -> Likeness:
    return replace(found, score=found.score / 2) if one.numbers != other.numbers else found


def _by_meaning(one: Term, other: Term) -> Likeness | None:
    if other.core != one.core and other.meaning != one.meaning:
        return None
    what, score = "same meaning", _SAME_CORE
    if one.meaning == other.meaning:
        what, score = "synonym", _SYNONYM
    return Likeness(score + _nearness(one, other), what, (one.words, other.words))


def _spelt_alike(one: Term, other: Term) -> Likeness | None:
    """Two known words are never spellings of one: `county` is not `country`."""
    score = 0.0
    if len(one.words) == len(other.words):
        score = _least_alike(one.words, other.words)
    elif not KNOWN_WORDS.issuperset((*one.words, *other.words)) and is_slip(one.plain, other.plain):
        score = spelt_alike(one.plain, other.plain)
    return Likeness(score, "spelt alike", (one.words, other.words)) if score else None


def _least_alike(words: Words, others: Words) -> float:
    least = 1.0
    for word, other in zip(words, others, strict=True):
        if word != other:
            least = min(least, _spellings(word, other))
            if not least:
                break
    return least if words else 0.0


@lru_cache(maxsize=100_000)
def _spellings(word: str, other: str) -> float:
    return 0.0 if word in KNOWN_WORDS and other in KNOWN_WORDS else spelt_alike(word, other)


def _nearness(one: Term, other: Term) -> float:
    common = _COMMON_WORD if set(one.words) & set(other.words) - LIGHT else 0.0
    in_address = {name.meaning[:1] == ("address",) for name in (one, other)}
    return common - (_ADDRESS if len(in_address) > 1 else 0.0)


def _by_label(one: Named, other: Named) -> Likeness | None:
    if not one.label and not other.label:
        return None
    ways = ((one.label, other.name), (one.name, other.label), (one.label, other.label))
    for mine, theirs in ways:
        if mine and theirs and mine.core == theirs.core:
            return Likeness(_SAME_CORE, "label", (mine.words, theirs.words))
    return None


def same_stem(one: Named, other: Named) -> Likeness:
    """How alike two lookups are: `CustomerNo` and `customerid` refer to the same."""
    if one.name.stem != other.name.stem:
        return UNLIKE
    return Likeness(_LOOKUP_STEM, "refer to the same", (one.name.words, other.name.words))


def _shared(one: Term, other: Term) -> Likeness:
    if one.telling.isdisjoint(other.telling):
        return UNLIKE
    common = set(one.core) & set(other.core)
    weight = weight_of(common)
    share = weight / (one.weight + other.weight - weight)
    if share < _LEAST_SHARED:
        return UNLIKE
    least, more = _SHARED
    words = tuple(word for word in one.core if word in common)
    found = Likeness(least + more * share, "share words", (words,))
    return _by_numbers(found, one, other)
