"""What changed between two schemas of one system."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tandem.core.renames import likely_entity_renames, likely_renames
from tandem.core.schema_words import (
    CAPABILITY_FLAGS,
    FIELD_FLAGS,
    entity_in_words,
    field_in_words,
    some_of,
    target_in_words,
    type_in_words,
)
from tandem.model.schema import Entity, Field, Schema


class ChangeKind(StrEnum):
    """What became of a field or an entity."""

    ADDED = "added"
    REMOVED = "removed"
    RETYPED = "retyped"
    """It is there under the same name, and something else about it is not what it was."""
    RENAMED = "renamed"
    """One is gone, and one that has come looks like it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an entity, or of one of its fields."""

    kind: ChangeKind
    entity: str
    """Its name after the change; of one that was removed or renamed the name before."""
    field: str | None
    """As `entity`; None: the change is about the whole entity."""
    before: str
    """What it was, in words; of one that was renamed the old name. Only what differs is told."""
    after: str
    is_harmless: bool
    """Whether what was sent before may still be sent, and what was read is still there."""

    @property
    def name(self) -> str:
        """`Accounts` or `Accounts.fax`."""
        return self.entity if self.field is None else f"{self.entity}.{self.field}"

    def __str__(self) -> str:
        return f"{self.name} {_SAID[self.kind](self)}"


class _Aspect(NamedTuple):
    """One thing about a field or entity that differs: what is gone, what has come."""

    before: str
    after: str
    is_harmless: bool


def _retyped(change: Change) -> str:
    if not change.before:
        return f"has new: {change.after}"
    return f"lost: {change.before}" if not change.after else f"{change.before} → {change.after}"


_SAID: Final[Mapping[ChangeKind, Callable[[Change], str]]] = {
    ChangeKind.ADDED: lambda change: f"is new: {change.after}",
    ChangeKind.REMOVED: lambda change: f"is gone: {change.before}",
    ChangeKind.RETYPED: lambda change: f"changed: {_retyped(change)}",
    ChangeKind.RENAMED: lambda change: f"looks to be {change.after} now",
}


def diff(before: Schema, after: Schema) -> tuple[Change, ...]:
    """What changed, in order of names. Nothing is said about the order of entities and fields."""
    renamed = likely_entity_renames(before, after)
    old_names = {new: old for old, new in renamed.items()}
    found = [
        Change(ChangeKind.REMOVED, name, None, entity_in_words(entity), "", is_harmless=False)
        for name, entity in before.by_name.items()
        if name not in after.by_name and name not in renamed
    ]
    found += [
        Change(ChangeKind.RENAMED, old, None, old, new, is_harmless=False)
        for old, new in renamed.items()
    ]
    for name, entity in after.by_name.items():
        known = before.by_name.get(old_names.get(name, name))
        if known is None:
            words = entity_in_words(entity)
            found.append(Change(ChangeKind.ADDED, name, None, "", words, is_harmless=True))
        elif known != entity:
            found += _entity_changes(known, entity)
    return tuple(sorted(found, key=_place))


def _place(change: Change) -> tuple[str, bool, str, str]:
    return change.entity, change.field is not None, change.field or "", change.kind


def _entity_changes(before: Entity, after: Entity) -> Iterator[Change]:
    aspects = [*_key_aspects(before, after), *_label_aspects(before, after)]
    aspects += _aspects(before.capabilities, after.capabilities, _CAPABILITY_ASPECTS)
    yield from _told(after.name, None, aspects)
    renamed = likely_renames(before, after)
    old_names = {new: old for old, new in renamed.items()}
    for old, new in renamed.items():
        yield Change(ChangeKind.RENAMED, after.name, old, old, new, is_harmless=False)
    for name, field in before.by_name.items():
        if name not in after.by_name and name not in renamed:
            words = field_in_words(field)
            yield Change(ChangeKind.REMOVED, after.name, name, words, "", is_harmless=False)
    for name, field in after.by_name.items():
        known = before.by_name.get(old_names.get(name, name))
        if known is None:
            words, harmless = field_in_words(field), not field.is_required
            yield Change(ChangeKind.ADDED, after.name, name, "", words, is_harmless=harmless)
        elif known != field:
            yield from _told(after.name, name, list(_field_aspects(known, field)))


def _told(entity: str, field: str | None, aspects: list[_Aspect]) -> Iterator[Change]:
    """All that differs about it as one change."""
    if aspects:
        before, after = (
            ", ".join(dict.fromkeys(filter(None, words)))
            for words in ((a.before for a in aspects), (a.after for a in aspects))
        )
        harmless = all(aspect.is_harmless for aspect in aspects)
        yield Change(ChangeKind.RETYPED, entity, field, before, after, is_harmless=harmless)


def _key_aspects(before: Entity, after: Entity) -> Iterator[_Aspect]:
    if before.key != after.key:
        words = [f"key {', '.join(key)}" if key else "no key" for key in (before.key, after.key)]
        yield _Aspect(words[0], words[1], is_harmless=False)


def _label_aspects(before: Field | Entity, after: Field | Entity) -> Iterator[_Aspect]:
    if before.label != after.label:
        old, new = (
            f"label {label!r}" if label else "no label" for label in (before.label, after.label)
        )
        yield _Aspect(old, new, is_harmless=True)


def _field_aspects(before: Field, after: Field) -> Iterator[_Aspect]:
    words = type_in_words(before), type_in_words(after)
    if words[0] != words[1]:
        yield _Aspect(*words, is_harmless=_is_wider(before, after))
    elif before.type_name != after.type_name:
        yield _Aspect(before.type_name, after.type_name, is_harmless=True)
    yield from _aspects(before, after, _FIELD_ASPECTS)
    yield from _label_aspects(before, after)


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


def _aspects(before: Any, after: Any, known: Mapping[str, "_Compare"]) -> Iterator[_Aspect]:
    """What differs, attribute by attribute, so that none is left out."""
    for name in type(before).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name not in _TOLD_OTHERWISE:
            yield from known.get(name, _plain(name, is_harmless=False))(old, new)


_Compare = Callable[[Any, Any], Iterable[_Aspect]]


def _flag(words: tuple[str, str], *, good: bool | None) -> _Compare:
    """A facet that is true or false; `good` is the harmless turn, None: neither."""
    yes, no = words

    def compare(old: bool, new: bool) -> Iterable[_Aspect]:  # noqa: FBT001 - values of a field
        yield _Aspect(yes if old else no, yes if new else no, is_harmless=new is good)

    return compare


def _names(what: str, said: Callable[[Any], str] = str) -> _Compare:
    """A set of things: more of them harm nobody."""

    def compare(old: Iterable[Any], new: Iterable[Any]) -> Iterable[_Aspect]:
        gone, come = _only_in(old, new, said), _only_in(new, old, said)
        if gone or come:
            words = [f"{what} {some_of(names)}" if names else "" for names in (gone, come)]
            yield _Aspect(words[0], words[1], is_harmless=not gone)

    return compare


def _only_in(some: Iterable[Any], others: Iterable[Any], said: Callable[[Any], str]) -> list[str]:
    return sorted({said(one) for one in some} - {said(other) for other in others})


def _plain(what: str, *, is_harmless: bool) -> _Compare:
    """A value that is told as it is."""

    def compare(old: Any, new: Any) -> Iterable[_Aspect]:
        yield _Aspect(f"{what} {_listed(old)}", f"{what} {_listed(new)}", is_harmless)

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
    "filterable": True,
    "by_navigation": None,
}

_FIELD_ASPECTS: Final[Mapping[str, _Compare]] = {
    **{name: _flag(words, good=_GOOD[name]) for name, words in FIELD_FLAGS.items()},
    "lookup": _names("refers to", target_in_words),
    "options": _names("options"),
}

_CAPABILITY_ASPECTS: Final[Mapping[str, _Compare]] = {
    **{name: _flag(words, good=True) for name, words in CAPABILITY_FLAGS.items()},
    "version_fields": _plain("changes ordered by", is_harmless=False),
    "filter_functions": _plain("functions in conditions", is_harmless=False),
    "dialect": _plain("dialect", is_harmless=True),
    "deletes": _plain("deletions seen by", is_harmless=False),
    "batch_size": _plain("records a write", is_harmless=True),
    "concurrent_writes": _plain("writes at once", is_harmless=True),
}

_TOLD_OTHERWISE: Final = frozenset(
    ("name", "kind", "max_length", "precision", "scale", "label", "type_name")
)
"""Attributes of a field that are compared together, or are what it is found by."""
