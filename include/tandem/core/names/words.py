"""Names of fields and entities taken apart, so that other spellings of them are recognised."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tandem.core.names.synonyms import ENTITY_MEANING, KNOWN_WORDS, MEANING

Words = tuple[str, ...]

_LONGEST_PHRASE: Final = max(len(phrase.split()) for phrase in (*MEANING, *ENTITY_MEANING))
_LONGEST_WORD: Final = max(map(len, KNOWN_WORDS))
_LONGEST_NAME: Final = 200
"""Characters of a name that are looked at; no real one is longer."""

_BREAKS: Final = re.compile(
    r"[\W_]+"
    r"|(?<=[a-z0-9])(?=[A-Z])"
    r"|(?<=[A-Z])(?=[A-Z][a-z])"
    r"|(?<=[^\W\d])(?=\d)"
    r"|(?<=\d)(?=[^\W\d])"
)
"""Where a word ends: `address1_line1`, `addressLine1`, `HTTPStatus`, `address/city`."""

_SEPARATORS: Final = re.compile(r"[\W_]+")

_PUBLISHER: Final = re.compile(
    r"^(?:integration_[a-z]+|new|cr[0-9a-f]{2,5}|[a-z]{2,8}\d+[a-z][a-z0-9]*|msdyn|msdynce|resco"
    r"|fs|rc|rs|bc|sap|nav|zz?|a)_(?=[A-Za-z])",
    re.IGNORECASE,
)
"""Prefixes of Dataverse publishers, of Resco's solutions and of its integration fields."""

_HOUSE: Final = re.compile(r"^(?:Resco|MSDYN)(?=[A-Z])")
_NOT_A_PREFIX: Final = re.compile(r"^(?:address|phone|telephone|email|street|line|name)\d", re.I)
_LOOKUP_VALUE: Final = re.compile(r"^_(.+)_value$", re.IGNORECASE)
"""How Dataverse's Web API spells the value of a lookup."""

IDENTIFYING: Final = frozenset(("id", "number", "code", "key"))
"""Words at the end of a name that say how a record is referred to, not which."""

LIGHT: Final = IDENTIFYING | {"name", "type", "date", "status", "on", "at", "of", "by", "to", "is"}
"""Words that say little by themselves."""


@dataclass(frozen=True, slots=True)
class Term:
    """A name in the forms in which it is compared, the nearest to its spelling first."""

    plain: str
    """Small letters, without prefixes and separators."""
    words: Words
    meaning: Words
    """With one word for each known synonym."""
    core: Words
    """Without what its entity says already: `accountnumber` of an account is its number."""

    stem: Words
    """What a lookup refers to: its meaning without `id` and the like."""
    telling: frozenset[str]
    """The words of its core that say what it is about; `name` and the like do not."""
    numbers: frozenset[str]
    """Numbers in its core: `address 2` is not `address 3`."""
    weight: float
    """Of all words of its core; see `weight_of`."""


@lru_cache(maxsize=100_000)
def term(name: str, entity: Words = ()) -> Term:
    """The forms of a field's name; `entity` is the meaning of its entity's name."""
    words = words_of(bare_name(name))
    meaning = meaning_of(words, MEANING)
    return _term(words, meaning, _core(meaning, entity))


@lru_cache(maxsize=10_000)
def entity_term(name: str) -> Term:
    """The forms of an entity's name, in the singular."""
    words, meaning = entity_words(name), entity_meaning(name)
    return _term(words, meaning, meaning)


def _term(words: Words, meaning: Words, core: Words) -> Term:
    return Term(
        plain="".join(words),
        words=words,
        meaning=meaning,
        core=core,
        stem=_stem(meaning),
        telling=frozenset(core) - LIGHT,
        numbers=frozenset(filter(str.isdigit, core)),
        weight=weight_of({*core}),
    )


def weight_of(words: Iterable[str]) -> float:
    """How much different words say: those that say little by themselves count less."""
    return sum(0.4 if word in LIGHT else 1.0 for word in words)


def entity_words(name: str) -> Words:
    """The words of an entity's name, in the singular."""
    return words_of(_singular(bare_name(name)))


def entity_meaning(name: str) -> Words:
    """What an entity's name means: `RescoCustomers` an account."""
    return meaning_of(entity_words(name), ENTITY_MEANING)


def bare_name(name: str) -> str:
    """The name without the marks of its system and of who made it."""
    name = name[:_LONGEST_NAME]
    if found := _LOOKUP_VALUE.match(name):
        name = found[1]
    return name if _NOT_A_PREFIX.match(name) else _HOUSE.sub("", _PUBLISHER.sub("", name))


@lru_cache(maxsize=100_000)
def plain_name(name: str) -> str:
    """The bare name in small letters, without separators: what other spellings have in common."""
    return _SEPARATORS.sub("", bare_name(name)).casefold() or name.casefold()


def words_of(name: str) -> Words:
    """The words of a name in small letters; those that are written in one are taken apart."""
    return tuple(word for part in raw_words(name) for word in _known_parts(part))


def raw_words(name: str) -> Words:
    """The words that case, digits and separators tell apart, in small letters."""
    return tuple(part.casefold() for part in _BREAKS.split(name) if part)


def meaning_of(words: Words, meanings: Mapping[str, str]) -> Words:
    """The words with one word for each known synonym, the longest phrases first."""
    found: list[str] = []
    at = 0
    while at < len(words):
        for size in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + size])
            if phrase in meanings or size == 1:
                found += meanings.get(phrase, phrase).split()
                at += size
                break
    return tuple(found)


def _core(meaning: Words, entity: Words) -> Words:
    """Without the entity's own name at its head, without an address's, and without a last 1."""
    meaning = _without_entity(meaning, entity)
    if meaning[:1] == ("address",):
        meaning = _in_address(meaning[1:])
    if len(meaning) > 1 and meaning[-1] == "1":
        meaning = meaning[:-1]
    if meaning[1:] and meaning[-1] == "address":
        meaning = (*meaning[:-1], "street")
    return meaning_of(meaning, MEANING)


def _without_entity(meaning: Words, entity: Words) -> Words:
    """Without the entity's name or its last words: a work order's `orderNumber` is its number."""
    for begin in range(len(entity)):
        own = entity[begin:]
        rest = meaning[len(own) :]
        if meaning[: len(own)] == own and rest and not rest[0].isdigit():
            return rest
    return meaning


def _in_address(rest: Words) -> Words:
    """`address` alone is its street, `address 2` the second line; `address 2 city` another's."""
    if not rest or rest == ("1",):
        return ("street",)
    if len(rest) == 1 and rest[0].isdigit():
        return ("street", *rest)
    if rest[0] == "1":
        return rest[1:]
    return ("address", *rest) if rest[0].isdigit() else rest


def _stem(words: Words) -> Words:
    return words[:-1] if len(words) > 1 and words[-1] in IDENTIFYING else words


@lru_cache(maxsize=10_000)
def _known_parts(part: str) -> Words:
    """`primarycontactid` as three words; as it is where it is not made of known words alone."""
    if part.isdigit():
        return (part.lstrip("0") or "0",)
    if part in KNOWN_WORDS:
        return (part,)
    best: list[Words | None] = [(), *[None] * len(part)]
    for end in range(1, len(part) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            before, word = best[start], part[start:end]
            if before is not None and word in KNOWN_WORDS:
                found, known = (*before, word), best[end]
                best[end] = found if known is None or len(found) < len(known) else known
    return best[-1] or (part,)


def _singular(name: str) -> str:
    small = name.lower()
    if small.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if small.endswith(("sses", "xes", "ches", "shes")):
        return name[:-2]
    return name[:-1] if small.endswith("s") and not small.endswith(("ss", "us", "is")) else name
