"""What transforms take and give, by kinds, and why a line's transforms cannot work."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from tandem.core.transforms.zones import is_zone
from tandem.errors import ConfigurationError, one_of
from tandem.model.integration import Direction, EntityMapping, FieldMapping
from tandem.model.schema import Entity, Kind
from tandem.model.transforms import (
    BOTH_WAYS,
    Concat,
    InZone,
    Step,
    TransformName,
    WithTime,
    name_of,
)

_TEXT: Final = frozenset((Kind.STRING, Kind.GUID, Kind.JSON))
_ANY: Final = frozenset(Kind)
_WITH_CLOCK: Final = frozenset((Kind.INSTANT, Kind.LOCAL_DATETIME, Kind.STRING))
_EXACT: Final = frozenset((Kind.INT64, Kind.DECIMAL))


@dataclass(frozen=True, slots=True)
class _Signature:
    takes: frozenset[Kind]
    gives: Kind | None


_SIGNATURES: Final[Mapping[str, _Signature]] = {
    "trim": _Signature(_TEXT, Kind.STRING),
    "upper": _Signature(_TEXT, Kind.STRING),
    "lower": _Signature(_TEXT, Kind.STRING),
    "guid": _Signature(_TEXT, Kind.GUID),
    "date": _Signature(_WITH_CLOCK, Kind.DATE),
    "time": _Signature(_WITH_CLOCK, Kind.TIME),
    "truncate": _Signature(_TEXT, Kind.STRING),
    "split": _Signature(_TEXT, Kind.STRING),
    "concat": _Signature(_ANY - {Kind.BINARY}, Kind.STRING),
    "with_time": _Signature(frozenset((Kind.DATE, Kind.STRING)), Kind.LOCAL_DATETIME),
    "number": _Signature(_TEXT, Kind.DECIMAL),
    "format_number": _Signature(_EXACT, Kind.STRING),
    "custom": _Signature(_ANY, None),
}
"""Name of a transform → kinds that it takes, and the kind that it gives (None: any)."""

_TIMES: Final = frozenset((Kind.TIME, Kind.STRING))
"""What can be joined with a date."""


def travels(mapping: EntityMapping, line: FieldMapping) -> Direction | None:
    """The direction in which the line travels; None where its own and its entity's exclude each
    other.
    """
    if line.direction in (None, mapping.direction):
        return mapping.direction
    if mapping.direction == "bidirectional":
        return line.direction
    return mapping.direction if line.direction == "bidirectional" else None


def source_of(
    mapping: EntityMapping, line: FieldMapping, external: Entity, local: Entity
) -> Entity:
    """The entity that the line's transforms read: of the side that it is downloaded, or
    uploaded, from.
    """
    return local if travels(mapping, line) == "upload_only" else external


def kind_after(
    line: FieldMapping, source: Entity, *, direction: Direction | None = None
) -> Kind | None:
    """The kind that comes out of the line, read from `source`; None: whatever the target wants.

    Without transforms the kind of the field itself. Options and constants fit any target.
    `direction` is as in `transform_problems`.
    """
    name = own_field(line, direction)
    field = source.by_name.get(name) if name else None
    if line.values or field is None:
        return None
    kind: Kind | None = field.kind
    for step in line.transform:
        kind = _gives(step)
    return kind


def transform_problems(
    line: FieldMapping,
    source: Entity,
    *,
    direction: Direction | None = None,
    functions: Collection[str] | None = None,
) -> list[str]:
    """Why the line's transforms cannot work on records of `source`, a sentence each.

    `direction` is the one in which the line travels (`travels`); left out, the line's own.
    `functions` are the user's transforms, or their names; left out, they are not looked at.
    """
    way = direction or line.direction
    checks = [
        *_two_way_problems(line, way),
        *_kind_problems(line, source, own_field(line, way)),
        *_field_problems(line, source),
        *_zone_problems(line),
        *_function_problems(line, functions),
    ]
    return [problem for problem in checks if problem]


def takes(step: TransformName | Step) -> frozenset[Kind]:
    """The kinds that the transform takes."""
    kinds = _SIGNATURES[name_of(step)].takes
    zoned = isinstance(step, Step) and isinstance(step.argument, InZone)
    return kinds - {Kind.LOCAL_DATETIME} if zoned else kinds  # which has no zone to be told in


def own_field(line: FieldMapping, direction: Direction | None = None) -> str | None:
    """The line's own field on the side that it is read from, travelling in that direction."""
    leaves = (direction or line.direction) == "upload_only"
    return line.local if leaves else line.external


def _gives(step: TransformName | Step) -> Kind | None:
    if isinstance(step, Step) and step.with_time and step.with_time.zone:
        return Kind.INSTANT
    return _SIGNATURES[name_of(step)].gives


def _two_way_problems(line: FieldMapping, direction: Direction | None) -> Iterator[str]:
    if direction != "bidirectional":
        return
    for step in line.transform:
        if (name := name_of(step)) not in BOTH_WAYS:
            yield (
                f"Transform {name!r} has no way back, and the line travels both ways; write "
                "direction: download_only, and map the way back on a line of its own."
            )


def _kind_problems(line: FieldMapping, source: Entity, own: str | None) -> Iterator[str]:
    field = source.by_name.get(own) if own else None
    kind = field.kind if field else None
    before = f"field {own!r}"
    for step in line.transform:
        name = name_of(step)
        taken = takes(step)
        if kind is not None and kind not in taken:
            yield (
                f"Transform {name!r} takes {_kinds(taken)}, but {before} is {kind}; remove it, "
                "or put one before it that gives that."
            )
            return
        kind, before = _gives(step), f"what {name!r} gives"
    if line.values and kind is Kind.BINARY:
        yield f"Options are text or numbers, but {before} is {kind}; remove values."


def _field_problems(line: FieldMapping, source: Entity) -> Iterator[str]:
    for step in line.transform:
        argument = step.argument if isinstance(step, Step) else None
        if isinstance(argument, Concat):
            wanted = {name: _ANY - {Kind.BINARY} for name in argument.fields}
        else:
            wanted = {argument.field: _TIMES} if isinstance(argument, WithTime) else {}
        for name, kinds in wanted.items():
            yield _field_problem(name_of(step), name, kinds, source)


def _field_problem(step: str, name: str, kinds: frozenset[Kind], source: Entity) -> str:
    try:
        field = source.field(name)
    except ConfigurationError as error:
        return f"Transform {step!r}: {error}"
    if field.kind in kinds:
        return ""
    return (
        f"Transform {step!r} takes {_kinds(kinds)}, but field {name!r} is {field.kind}; "
        "name another."
    )


def _zone_problems(line: FieldMapping) -> Iterator[str]:
    for step in line.transform:
        argument = step.argument if isinstance(step, Step) else None
        zone = argument.zone if isinstance(argument, InZone | WithTime) else None
        if zone and not is_zone(zone):
            yield (
                f"There is no time zone {zone!r}; write a name of the IANA database, for example "
                "Europe/Prague."
            )


def _function_problems(line: FieldMapping, functions: Collection[str] | None) -> Iterator[str]:
    if functions is None:
        return
    for step in line.transform:
        name = step.custom if isinstance(step, Step) else None
        if name and name not in functions:
            yield no_function(name, functions)
        elif name and isinstance(functions, Mapping) and functions[name].broken:
            yield functions[name].broken


def no_function(name: str, known: Collection[str]) -> str:
    """That the user has registered no function of that name, and which there are."""
    close = get_close_matches(name, known, n=2)
    has = f"It has {one_of(sorted(known))}." if known else "It has none."
    hint = f"Did you mean {one_of(close)}?" if close else has
    return f"transforms.py registers no function {name!r}. {hint}"


def _kinds(kinds: frozenset[Kind]) -> str:
    if kinds == _TEXT:
        return "text"
    if len(kinds) > len(Kind) / 2:
        return f"all but {one_of(sorted(_ANY - kinds))}"
    return one_of(sorted(kinds))
