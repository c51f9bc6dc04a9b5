"""Whether records can be written where they travel to, and what new ones must have."""

from collections.abc import Iterable, Iterator
from typing import Final

from tandem.core.names.choices import by_likeness
from tandem.core.validation.checked import Checked, Line, Side, some
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import Entity, Field, Kind

_DIRECTION: Final[dict[Side, str]] = {"external": "download_only", "local": "upload_only"}
"""Side → the direction in which nothing is written there."""


def writing_problems(checked: Checked) -> Iterator[Problem]:
    """What the sides that are written to do not allow, or ask for."""
    yield from (_idle(checked, line) for line in checked.idle_lines)
    for line in checked.lines:
        yield from _local_read_only(checked, line)
        yield from _immutable(checked, line)
    yield from _external_read_only(checked)
    if checked.uploads and checked.external:
        yield from _entity_problems(checked, "external", checked.external)
        if checked.external.capabilities.writes:
            yield from _nothing_uploaded(checked)
    if checked.downloads and checked.local:
        yield from _entity_problems(checked, "local", checked.local)


def _idle(checked: Checked, line: Line) -> Problem:
    return checked.found(
        Severity.WARNING,
        "line_never_travels",
        checked.place_of(line, "direction"),
        f"This line never travels: it is {line.mapping.direction}, and its entity is "
        f"{checked.mapping.direction}.",
        advice="Give one of them another direction, or remove the line.",
    )


def _local_read_only(checked: Checked, line: Line) -> Iterator[Problem]:
    if not line.downloads or not line.local or not line.local.read_only or not checked.local:
        return
    mapped = {other.mapping.local for other in checked.lines}
    free = [
        field.name
        for field in checked.local.fields
        if field.kind is line.local.kind and not field.read_only and field.name not in mapped
    ]
    yield checked.found(
        Severity.ERROR,
        "local_read_only",
        checked.place_of(line, "local"),
        f"Local field {line.local.name!r} is read-only.",
        Remedy.CHOOSE_ANOTHER,
        "Choose another, or write direction: upload_only for it.",
        by_likeness(line.local.name, free),
    )


def _external_read_only(checked: Checked) -> Iterator[Problem]:
    """They are never sent: worth a word only where lines are there for nothing else."""
    lines = [line for line in checked.lines if checked.uploads and not line.downloads]
    unsent = [(line, line.external) for line in lines if line.external and line.external.read_only]
    for line, field in unsent:
        if line.mapping.direction == "upload_only":
            yield checked.found(
                Severity.WARNING,
                "external_read_only",
                checked.place_of(line, "external"),
                f"External field {field.name!r} is read-only: the system sets it, and nothing is "
                "sent.",
                Remedy.CHOOSE_ANOTHER,
                "Choose another, or remove the line.",
            )
    others = [field.name for line, field in unsent if line.mapping.direction != "upload_only"]
    if others:
        yield checked.found(
            Severity.NOTE,
            "external_read_only",
            checked.place("fields"),
            f"The external system sets these fields itself, so they are not sent: {some(others)}.",
            Remedy.NONE,
        )


def _immutable(checked: Checked, line: Line) -> Iterator[Problem]:
    ways: tuple[tuple[bool, Side, Field | None], ...] = (
        (line.downloads, "local", line.local),
        (line.uploads, "external", line.external),
    )
    for goes, side, field in ways:
        if not goes or not field or not field.immutable or field.name in checked.key(side):
            continue
        yield checked.found(
            Severity.WARNING,
            f"{side}_immutable",
            checked.place_of(line, side),
            f"{side.capitalize()} field {field.name!r} can be given to new records only: a change "
            "on the other side is rejected.",
            Remedy.NONE,
        )


def _entity_problems(checked: Checked, side: Side, entity: Entity) -> Iterator[Problem]:
    able, place = entity.capabilities, checked.place(side)
    named = f"{side.capitalize()} entity {entity.name!r}"
    if not entity.key:
        return  # which is an error of its own
    if not able.writes:
        yield checked.found(
            Severity.ERROR,
            f"{side}_cannot_be_written",
            place,
            f"{named} cannot be written.",
            advice=f"Write direction: {_DIRECTION[side]}.",
        )
        return
    if not able.creates:
        text = f"{named} takes no new records: those that have no partner there are rejected."
        yield checked.found(Severity.WARNING, f"{side}_cannot_create", place, text, Remedy.NONE)
    else:
        yield from _required_fields(checked, side, entity)
    if not able.updates:
        text = f"{named} cannot be updated: what changed on the other side is rejected."
        yield checked.found(Severity.WARNING, f"{side}_cannot_update", place, text, Remedy.NONE)
    if not able.removes and checked.mapping.deletes == "propagate":
        yield checked.found(
            Severity.WARNING,
            f"{side}_cannot_remove",
            checked.place("deletes"),
            f"Records of {side} entity {entity.name!r} cannot be deleted.",
            advice="Write deletes: ignore; a deletion on the other side is rejected here.",
        )


def _required_fields(checked: Checked, side: Side, entity: Entity) -> Iterator[Problem]:
    given = {name for line in checked.lines for name in _given(line, side)}
    lacking = [
        field
        for field in entity.fields
        if field.is_required and field.name not in given and not _chosen_for_it(field, entity)
    ]
    for field in lacking:
        yield checked.found(
            Severity.WARNING,
            "required_field_unmapped",
            checked.place("fields"),
            f"{side.capitalize()} field {field.name!r} of {entity.name!r} is required and not "
            "mapped: new records are rejected.",
            advice=f"Map it, or give it a constant: {{{side}: {field.name}, constant: …}}.",
        )


def _given(line: Line, side: Side) -> Iterable[str]:
    goes = line.downloads if side == "local" else line.uploads
    name = line.mapping.local if side == "local" else line.mapping.external
    return [name] if goes and name else []


def _chosen_for_it(field: Field, entity: Entity) -> bool:
    """Keys of new records that are not mapped are made by us, or by the system."""
    return field.name in entity.key and field.kind in (Kind.GUID, Kind.STRING, Kind.INT64)


def _nothing_uploaded(checked: Checked) -> Iterator[Problem]:
    if not any(line.uploads for line in checked.lines):
        yield checked.found(
            Severity.ERROR,
            "nothing_uploaded",
            checked.place("direction"),
            "No field is uploaded: all are download_only, constants or set by the system.",
            advice="Write direction: download_only, or map a field that can be sent.",
        )
