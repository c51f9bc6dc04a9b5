"""Schemas, snapshots and their differences, printed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tandem.cli.output import instant, print_table, say
from tandem.core.drift.diff import Change, ChangeKind
from tandem.core.drift.words import (
    FIELD_FLAGS,
    capabilities_in_words,
    options_in_words,
    some_of,
    target_in_words,
    type_in_words,
)
from tandem.model.schema import Entity, Field
from tandem.state.snapshots import SnapshotEntry
from tandem.sync.people.schemas import Difference, Mapped, Overview, Use
from tandem.sync.schema import Seen

_COLOURS: Final = {
    ChangeKind.ADDED: "green",
    ChangeKind.REMOVED: "red",
    ChangeKind.RETYPED: "yellow",
    ChangeKind.RENAMED: "magenta",
}
_CALLED: Final = {ChangeKind.RETYPED: "changed", ChangeKind.RENAMED: "renamed?"}
"""A rename is a guess."""


def print_overview(name: str, found: Overview) -> None:
    """Both sides' newest snapshots, and what the mappings use of them."""
    say(name, "bold")
    for one in found.sides:
        counts = f"{one.entities:,} entities, {one.fields:,} fields"
        say(f"{one.about.side:<9} {_version(one.about)}: {counts}", indent=2)
    rows = [_mapped_row(mapped) for mapped in found.mapped]
    styles = ["red" if _lacks(m.external) or _lacks(m.local) else "" for m in found.mapped]
    columns = ["External", "Fields used", "Local", "Fields used", "Not there"]
    print_table(columns, rows, "Mapped entities", styles)
    if any(_lacks(mapped.external) for mapped in found.mapped):
        say(f"What is wrong, and what to do about it: tandem validate {name}")
    if any(_lacks(mapped.local) for mapped in found.mapped):
        say(f"What can be created locally: tandem schema {name} --provision")


def _mapped_row(mapped: Mapped) -> list[str]:
    ends = [mapped.external, mapped.local]
    cells = [cell for use in ends for cell in (use.name, _used(use))]
    lacking = [text for use in ends if (text := _lacks(use))]
    return [*cells, "; ".join(lacking)]


def _used(use: Use) -> str:
    return f"{len(use.used) - len(use.missing)} of {use.fields}" if use.fields is not None else ""


def _lacks(use: Use) -> str:
    return f"{use.name} itself" if use.fields is None else some_of(use.missing)


def print_entity(about: SnapshotEntry, entity: Entity) -> None:
    """An entity with its fields."""
    label = f" ({entity.label})" if entity.label else ""
    say(f"{entity.name}{label}", "bold")
    say(f"{about.side}, {_version(about)}", "dim", indent=2)
    for line in capabilities_in_words(entity.capabilities):
        say(line, indent=2)
    columns = ["Field", "Type", "Rules", "Refers to, options", "Label"]
    has_labels = any(field.label for field in entity.fields)
    rows = [_field_row(entity, field) for field in entity.fields]
    if has_labels:
        print_table(columns, rows)
    else:
        print_table(columns[:-1], [row[:-1] for row in rows])


def _field_row(entity: Entity, field: Field) -> list[str]:
    return [
        field.name,
        type_in_words(field),
        ", ".join(_marks(entity, field)),
        some_of([*map(target_in_words, field.lookup), *options_in_words(field)]),
        field.label,
    ]


def _marks(entity: Entity, field: Field) -> Iterable[str]:
    """What is out of the ordinary about a field."""
    if field.name in entity.key:
        yield "key"
    if field.is_required:
        yield "required"
    for name, (yes, no) in FIELD_FLAGS.items():
        value = getattr(field, name)
        if name != "nullable" and value != type(field).model_fields[name].default:
            yield yes if value else no


def print_versions(found: Mapping[str, Sequence[SnapshotEntry]]) -> None:
    """The snapshots of both sides, the newest first."""
    rows = [
        (side, one.version, instant(one.taken_at), one.run_id)
        for side, entries in found.items()
        for one in entries
    ]
    print_table(["Side", "Version", "Taken", "First seen by"], rows)


def print_seen(seen: Seen) -> None:
    """What one side has now, compared with what was seen before."""
    about, side = seen.about, seen.about.side.capitalize()
    if seen.changes:
        _print_changes(f"{side}: version {about.version} is new", seen.changes)
    elif seen.is_new:
        say(f"{side}: version {about.version} is the first")
    else:
        say(f"{side}: nothing changed since {_version(about)}")


def print_difference(one: Difference) -> None:
    """What changed on one side between two snapshots."""
    side = one.side.capitalize()
    if one.after is None:
        say(f"{side}: no snapshot yet")
    elif one.before is None:
        say(f"{side}: {_version(one.after)} is the only one; there is nothing to compare")
    elif not one.changes:
        say(f"{side}: no change since {_version(one.before)}")
    else:
        title = f"{side}: version {one.before.version} → {one.after.version}"
        _print_changes(f"{title} ({instant(one.after.taken_at)})", one.changes)


def _print_changes(title: str, changes: Sequence[Change]) -> None:
    rows = [
        (
            _CALLED.get(change.kind, change.kind.value),
            change.name,
            change.before,
            change.after,
            "yes" if change.is_harmless else "no",
        )
        for change in changes
    ]
    styles = [_COLOURS[change.kind] for change in changes]
    columns = ["Change", "Entity, field", "Before", "Now", "Harmless"]
    print_table(columns, rows, title, styles)


def _version(about: SnapshotEntry) -> str:
    return f"version {about.version} of {instant(about.taken_at)}"
