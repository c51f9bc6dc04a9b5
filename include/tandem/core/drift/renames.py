"""Which names look like others that are gone: guesses for people, never acted on alone."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from tandem.core.drift.namesakes import namesakes
from tandem.core.names.meaning import likeness_of_terms
from tandem.core.names.negation import are_opposite
from tandem.core.names.words import Term, entity_meaning, entity_term, plain_name, term, weight_of
from tandem.model.schema import Entity, Field, Kind, Schema

THRESHOLD: Final = 0.6
"""A pair that scores less (of 1) is no rename."""
MARGIN: Final = 0.05
"""How much better than the next candidate, on either side, a pair has to be."""
_MANY: Final = 25
"""Fields that have a word in common, beyond which that word makes no candidates: it says nothing
then, and all pairs would take long.
"""
_LETTERS: Final = 3
"""Letters at the begin or the end of names of which one is a slip for the other."""

_NAME: Final = 0.75
_FACETS: Final = 0.1
_PLACE: Final = 0.15
"""Shares of a field's score: its name and label, its facets, and what stands beside it."""
_ENTITY_NAME: Final = 0.4
_ENTITY_FIELDS: Final = 0.6
_SAME_LABEL: Final = 0.8

Scores = Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class _Known:
    """A field with what it is compared by."""

    field: Field
    name: Term
    label: str
    facets: tuple[object, ...]
    beside: tuple[str, str]
    """The fields before and after it."""


def likely_renames(before: Entity, after: Entity) -> dict[str, str]:
    """Fields that are gone → the field that each looks to be now, where that is not ambiguous."""
    gone = {field.name: field.kind for field in before.fields if field.name not in after.by_name}
    come = {field.name: field.kind for field in after.fields if field.name not in before.by_name}
    if not gone or not come:
        return {}
    sure = namesakes(gone, come)
    news = set(sure.values())
    olds = [known for known in _known(before, gone) if known.field.name not in sure]
    rest = [known for known in _known(after, come) if known.field.name not in news]
    pairs = _candidates(olds, rest)
    return sure | _unambiguous({(a.field.name, b.field.name): _score(a, b) for a, b in pairs})


def likely_entity_renames(before: Schema, after: Schema) -> dict[str, str]:
    """Entities that are gone → the entity that each looks to be now, where not ambiguous."""
    gone = [entity for entity in before.entities if entity.name not in after.by_name]
    come = [entity for entity in after.entities if entity.name not in before.by_name]
    if not gone or not come:
        return {}
    shapes = {id(entity): _shape(entity) for entity in [*gone, *come]}
    same = namesakes(dict.fromkeys(_names(gone)), dict.fromkeys(_names(come)))
    scores = {
        (old.name, new.name): _ENTITY_NAME * like + _ENTITY_FIELDS * _share(*pair)
        for old in gone
        for new in come
        if (pair := (shapes[id(old)], shapes[id(new)]))
        and _could_be(
            like := 1.0 if same.get(old.name) == new.name else _entity_likeness(old, new), *pair
        )
    }
    return _unambiguous(scores)


_Shape = frozenset[tuple[str, Kind]]


def _names(entities: Iterable[Entity]) -> list[str]:
    return [entity.name for entity in entities]


def _shape(entity: Entity) -> _Shape:
    return frozenset((plain_name(field.name), field.kind) for field in entity.fields)


def _could_be(like: float, one: _Shape, other: _Shape) -> bool:
    """Whether the numbers of fields let the pair score enough; before the fields are compared."""
    fewer, more = sorted((len(one), len(other)))
    return _ENTITY_NAME * like + _ENTITY_FIELDS * fewer / max(more, 1) >= THRESHOLD


def _share(one: _Shape, other: _Shape) -> float:
    return len(one & other) / max(len(one | other), 1)


def _entity_likeness(old: Entity, new: Entity) -> float:
    return _likeness(
        entity_term(old.name), entity_term(new.name), _same_label(old.label, new.label)
    )


def _known(entity: Entity, names: Iterable[str]) -> Iterator[_Known]:
    """The fields of these names."""
    all_names = ["", *(field.name for field in entity.fields), ""]
    wanted, meaning = set(names), entity_meaning(entity.name)
    for at, field in enumerate(entity.fields):
        if field.name in wanted:
            name, label = term(field.name, meaning), field.label.casefold()
            yield _Known(field, name, label, _facets(field), (all_names[at], all_names[at + 2]))


_facets: Final = attrgetter("max_length", "precision", "scale", "nullable", "lookup", "options")


def _candidates(gone: Sequence[_Known], come: Sequence[_Known]) -> Iterator[tuple[_Known, _Known]]:
    """Pairs of one kind that have something in common that is worth a look, each once."""
    by_mark: dict[Hashable, list[_Known]] = defaultdict(list)
    for new in come:
        for mark in _marks(new):
            by_mark[mark].append(new)
    for old in gone:
        found = [by_mark.get(mark, ()) for mark in _marks(old)]
        for new in {id(new): new for some in found if len(some) <= _MANY for new in some}.values():
            yield old, new


def _marks(known: _Known) -> Iterator[Hashable]:
    """A pair is looked at if it has one in common: a word, a label, a beginning, an end."""
    kind, name = known.field.kind, known.name
    yield from ((kind, "word", word) for word in name.telling or name.core)
    yield kind, "begin", name.plain[:_LETTERS]
    yield kind, "end", name.plain[-_LETTERS:]
    if known.label:
        yield kind, "label", known.label


def _score(old: _Known, new: _Known) -> float:
    like = _NAME * _likeness(old.name, new.name, _same_label(old.label, new.label))
    if like + _FACETS + _PLACE < THRESHOLD:
        return 0.0
    beside = any(one and one == other for one, other in zip(old.beside, new.beside, strict=True))
    return like + _FACETS * (old.facets == new.facets) + _PLACE * beside


def _same_label(old: str, new: str) -> bool:
    return bool(old) and old.casefold() == new.casefold()


def _likeness(old: Term, new: Term, same_label: bool) -> float:  # noqa: FBT001 - a fact of the two
    """How alike two names are, 0 to 1; equal labels stand for names that are quite alike."""
    if are_opposite(old, new):
        return 0.0
    by_name = likeness_of_terms(old, new).score or _extended(old, new)
    return max(by_name, _SAME_LABEL) if same_label else by_name


def _extended(one: Term, other: Term) -> float:
    """How alike names are of which one says all that the other does, and more: `fax`, `faxWork`.
    What says little by itself may become more of that only: `name` is not `firstName`.
    """
    short, long = sorted((one, other), key=lambda term: len(term.core))
    tells = bool(short.telling) or not long.telling
    if not tells or one.numbers != other.numbers or not set(short.core) <= set(long.core):
        return 0.0
    return (1 + weight_of({*short.core}) / weight_of({*long.core})) / 2


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
