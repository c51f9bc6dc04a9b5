"""What can differ about a field or an entity that is there before and after, and what harms."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tandem.core.drift.words import (
    CAPABILITY_FLAGS,
    FIELD_FLAGS,
    some_of,
    target_in_words,
    type_in_words,
)
from tandem.model.schema import Entity, Field


class Aspect(NamedTuple):
    """One thing about a field or entity that differs: what is gone, what has come."""

    before: str
    after: str
    is_harmless: bool


def entity_aspects(before: Entity, after: Entity) -> Iterator[Aspect]:
    """What differs about an entity, but for its fields."""
    yield from _key_aspects(before, after)
    yield from _label_aspects(before, after)
    yield from _aspects(before.capabilities, after.capabilities, _CAPABILITY_ASPECTS)


def _key_aspects(before: Entity, after: Entity) -> Iterator[Aspect]:
    if before.key != after.key:
        words = [f"key {', '.join(key)}" if key else "no key" for key in (before.key, after.key)]
        yield Aspect(words[0], words[1], is_harmless=False)


def _label_aspects(before: Field | Entity, after: Field | Entity) -> Iterator[Aspect]:
    if before.label != after.label:
        old, new = (
            f"label {label!r}" if label else "no label" for label in (before.label, after.label)
        )
        yield Aspect(old, new, is_harmless=True)


def field_aspects(before: Field, after: Field) -> Iterator[Aspect]:
    """What differs about a field."""
    if _type_of(before) != _type_of(after):
        words = type_in_words(before), type_in_words(after)
        yield Aspect(*words, is_harmless=_is_wider(before, after))
    elif before.type_name != after.type_name:
        yield Aspect(before.type_name, after.type_name, is_harmless=True)
    yield from _aspects(before, after, _FIELD_ASPECTS)
    yield from _label_aspects(before, after)


def _type_of(field: Field) -> tuple[object, ...]:
    return field.kind, field.max_length, field.precision, field.scale


def _is_wider(before: Field, after: Field) -> bool:
    """Whether every value of the type before is one of the type after."""
    return (
        before.kind is after.kind
        and _holds(before.max_length, after.max_length)
        and _holds(before.scale, after.scale)
        and _holds(_whole_digits(before), _whole_digits(after))
    )


def _holds(before: int | None, after: int | None) -> bool:
    return after is None or (before is not None and before <= after)


def _whole_digits(field: Field) -> int | None:
    return None if field.precision is None else field.precision - (field.scale or 0)


def _aspects(before: Any, after: Any, known: Mapping[str, "_Compare"]) -> Iterator[Aspect]:
    """What differs, attribute by attribute, so that none is left out."""
    for name in type(before).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name not in _TOLD_OTHERWISE:
            yield from known.get(name, _plain(name, is_harmless=False))(old, new)


_Compare = Callable[[Any, Any], Iterable[Aspect]]


def _flag(words: tuple[str, str], *, good: bool | None) -> _Compare:
    """A facet that is true or false; `good` is the harmless turn, None: neither."""
    yes, no = words

    def compare(old: bool, new: bool) -> Iterable[Aspect]:  # noqa: FBT001 - values of a field
        yield Aspect(yes if old else no, yes if new else no, is_harmless=new is good)

    return compare


def _names(what: str, said: Callable[[Any], str] = str) -> _Compare:
    """A set of things: more of them harm nobody."""

    def compare(old: Iterable[Any], new: Iterable[Any]) -> Iterable[Aspect]:
        gone, come = _only_in(old, new, said), _only_in(new, old, said)
        if gone or come:
            words = [f"{what} {some_of(names)}" if names else "" for names in (gone, come)]
            yield Aspect(words[0], words[1], is_harmless=not gone)

    return compare


def _only_in(some: Iterable[Any], others: Iterable[Any], said: Callable[[Any], str]) -> list[str]:
    return sorted({said(one) for one in some} - {said(other) for other in others})


def _plain(what: str, *, is_harmless: bool) -> _Compare:
    """A value that is told as it is."""

    def compare(old: Any, new: Any) -> Iterable[Aspect]:
        yield Aspect(f"{what} {_listed(old)}", f"{what} {_listed(new)}", is_harmless)

    return compare


def _listed(value: Any) -> str:
    if isinstance(value, tuple):
        return some_of(map(str, value)) or "none"
    return "not said" if value is None else str(value)


_GOOD: Final = {
    "nullable": True,
    "read_only": False,
    "immutable": False,
    "defaulted": True,
    "unique": True,
    "filterable": True,
    "by_navigation": None,
}

_FIELD_ASPECTS: Final[Mapping[str, _Compare]] = {
    **{name: _flag(words, good=_GOOD[name]) for name, words in FIELD_FLAGS.items()},
    "lookup": _names("refers to", target_in_words),
    "options": _names("options"),
    "option_labels": _plain("options called", is_harmless=True),
    "part_of": _plain("part of", is_harmless=True),
}

_CAPABILITY_ASPECTS: Final[Mapping[str, _Compare]] = {
    **{name: _flag(words, good=True) for name, words in CAPABILITY_FLAGS.items()},
    "version_fields": _plain("changes ordered by", is_harmless=False),
    "filter_functions": _plain("functions in conditions", is_harmless=False),
    "settled_by": _plain("settled by", is_harmless=False),
    "dialect": _plain("dialect", is_harmless=True),
    "deletes": _plain("deletions seen by", is_harmless=False),
    "batch_size": _plain("records a write", is_harmless=True),
    "concurrent_writes": _plain("writes at once", is_harmless=True),
}

_TOLD_OTHERWISE: Final = frozenset(
    ("name", "kind", "max_length", "precision", "scale", "label", "type_name")
)
"""Attributes of a field that are compared together, or are what it is found by."""
