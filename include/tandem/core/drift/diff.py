"""What changed between two schemas of one system."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tandem.core.drift.aspects import Aspect, entity_aspects, field_aspects
from tandem.core.drift.renames import likely_entity_renames, likely_renames
from tandem.core.drift.words import entity_in_words, field_in_words
from tandem.model.schema import Entity, Schema


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
    """What changed, in order of names. Nothing is said about the order of entities and fields,
    nor about an entity of which only one of the schemas tells all.
    """
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
        elif known != entity and known.is_described == entity.is_described:
            found += _entity_changes(known, entity)
    return tuple(sorted(found, key=_place))


def _place(change: Change) -> tuple[str, bool, str, str]:
    return change.entity, change.field is not None, change.field or "", change.kind


def _entity_changes(before: Entity, after: Entity) -> Iterator[Change]:
    yield from _told(after.name, None, entity_aspects(before, after))
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
            yield from _told(after.name, name, field_aspects(known, field))


def _told(entity: str, field: str | None, found: Iterable[Aspect]) -> Iterator[Change]:
    """All that differs about it as one change."""
    aspects = list(found)
    if aspects:
        before, after = (
            ", ".join(dict.fromkeys(filter(None, words)))
            for words in ((a.before for a in aspects), (a.after for a in aspects))
        )
        harmless = all(aspect.is_harmless for aspect in aspects)
        yield Change(ChangeKind.RETYPED, entity, field, before, after, is_harmless=harmless)
