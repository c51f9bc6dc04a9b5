"""Kinds of the fields that meet: what cannot be kept at all, and what may not fit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tandem.core.drift.words import type_in_words
from tandem.core.fit import CONVERTIBLE
from tandem.core.transforms.kinds import kind_after, source_of, transform_problems, travels
from tandem.core.validation.checked import Checked, Line, Side
from tandem.core.validation.likeness import MOST_CHOICES, RELATED, by_likeness
from tandem.core.validation.losses import loss
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import Field, Kind

_CALLED: Final[dict[Side, str]] = {"external": "External", "local": "Local"}

_CLOCKS: Final = (Kind.INSTANT, Kind.LOCAL_DATETIME)
_TRANSFORMS: Final = {
    **{(clock, Kind.DATE): "date" for clock in _CLOCKS},
    **{(clock, Kind.TIME): "time" for clock in _CLOCKS},
}
"""Kinds that a transform can bring together → its name."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A value's way from one side's field to the other's."""

    checked: Checked
    line: Line
    source: Field
    kind: Kind
    """Of the value on its way: the field's, or what transforms make of it."""
    target: Field
    to: Side

    @property
    def origin(self) -> Side:
        """The side that the value comes from."""
        return "external" if self.to == "local" else "local"

    @property
    def ends(self) -> tuple[str, str]:
        """Both fields with their types, for people."""
        source, target = self.source, self.target
        return (
            f"{_CALLED[self.origin]} field {source.name!r} ({type_in_words(source)})",
            f"{self.to} field {target.name!r} ({type_in_words(target)})",
        )


def kind_problems(checked: Checked) -> Iterator[Problem]:
    """What transforms, kinds and sizes of paired fields do not allow, or do not promise."""
    for line in checked.complete_lines:
        broken = list(_transform_problems(checked, line))
        yield from broken
        if broken or line.mapping.lookup or line.mapping.values:
            continue
        for way in _ways(checked, line):
            yield from _way_problems(way)


def _transform_problems(checked: Checked, line: Line) -> Iterator[Problem]:
    external, local = checked.external, checked.local
    way = travels(checked.mapping, line.mapping)
    if not line.mapping.transform or not external or not local or not way:
        return
    source = source_of(checked.mapping, line.mapping, external, local)
    for text in transform_problems(
        line.mapping, source, direction=way, functions=checked.functions
    ):
        place = checked.place_of(line, "transform")
        yield checked.found(Severity.ERROR, "transform", place, text)


def _ways(checked: Checked, line: Line) -> Iterator[_Way]:
    external, local = line.external, line.local
    entities = checked.external, checked.local
    if not (external and local and entities[0] and entities[1]):
        return
    down = kind_after(line.mapping, entities[0])
    if line.downloads and not local.read_only and down:
        yield _Way(checked, line, external, down, local, "local")
    up: Kind | None = local.kind
    if not line.downloads:
        up = kind_after(line.mapping, entities[1], direction="upload_only")
    if line.uploads and up:
        yield _Way(checked, line, local, up, external, "external")


def _way_problems(way: _Way) -> Iterator[Problem]:
    if way.target.kind not in CONVERTIBLE[way.kind]:
        yield _clash(way)
    elif way.kind is Kind.STRING and way.target.kind is Kind.GUID:
        yield _text_for_guid(way)
    else:
        yield from _losses(way)
    yield from _may_be_empty(way)


def _clash(way: _Way) -> Problem:
    source, target = way.ends
    changed = f", as {way.kind}," if way.kind is not way.source.kind else ""
    verb = "be kept in" if way.to == "local" else "be sent to"
    other = "" if way.to == "local" else ", or write direction: download_only for it"
    transform = _TRANSFORMS.get((way.kind, way.target.kind))
    if transform and not way.line.mapping.transform:
        other += f", or write transform: [{transform}]"
    return way.checked.found(
        Severity.ERROR,
        "kinds_clash",
        way.checked.place_of(way.line, "local"),
        f"{source}{changed} cannot {verb} {target}.",
        Remedy.CHOOSE_ANOTHER,
        f"Choose a field of the same kind{other}.",
        _local_fields_that_fit(way),
    )


def _local_fields_that_fit(way: _Way) -> tuple[str, ...]:
    """Local fields that could take the target's place, those with a similar name first."""
    mapped = {line.mapping.local for line in way.checked.lines}
    local = way.checked.fields("local").values()
    free = [field for field in local if field.name not in mapped and not field.read_only]
    if way.to == "local":
        fitting = [f.name for f in free if f.kind is way.kind]
        return by_likeness(way.source.name, fitting)
    return by_likeness(way.target.name, [f.name for f in free if f.kind is way.target.kind])


def _text_for_guid(way: _Way) -> Problem:
    """Mapping a text where a unique identifier is meant is the classic mistake."""
    source, target = way.ends
    filled_from_guids = way.to == "external" and way.line.downloads
    if filled_from_guids:
        text = f"{source} holds guids of {target} as text: a text that is none is rejected."
        place = way.checked.place_of(way.line, "local")
        return way.checked.found(Severity.NOTE, "guid_as_text", place, text, Remedy.NONE)
    choices = _identifiers(way)
    alike = f"Choose its unique identifier field {choices[0]!r}" if choices else "Choose another"
    return way.checked.found(
        Severity.ERROR,
        "text_for_guid",
        way.checked.place_of(way.line, way.origin),
        f"{source} is a text, and {target} is a unique identifier.",
        Remedy.CHOOSE_ANOTHER,
        f"{alike}. If its texts are guids, write transform: [guid].",
        choices,
    )


def _identifiers(way: _Way) -> tuple[str, ...]:
    """Unique identifier fields of the source's entity: likest to either name first, key last."""
    fields, key = way.checked.fields(way.origin), way.checked.key(way.origin)
    guids = [name for name, field in fields.items() if field.kind is Kind.GUID]
    others = [name for name in guids if name not in key]
    best = by_likeness(way.source.name, others, or_to=way.target.name, at_least=RELATED)
    return (*best, *(name for name in guids if name in key))[:MOST_CHOICES]


def _losses(way: _Way) -> Iterator[Problem]:
    if way.line.mapping.transform and way.kind is Kind.STRING:
        return  # what it makes of a text has a length of its own
    lost = loss(way.source, way.kind, way.target)
    if lost:
        source, target = way.ends
        yield way.checked.found(
            Severity.WARNING if lost.is_stated else Severity.NOTE,
            "may_not_fit",
            way.checked.place_of(way.line, "local"),
            f"{source} may hold {lost.what} than {target} takes."
            if lost.compares
            else f"{source} may hold {lost.what}, which {target} does not take.",
            Remedy.NONE,
            "What does not fit is rejected, not cut.",
        )


def _may_be_empty(way: _Way) -> Iterator[Problem]:
    filled = way.target.nullable or way.target.defaulted or way.line.mapping.default is not None
    if filled or not way.source.nullable or way.source.name in way.checked.key(way.origin):
        return
    source, target = way.ends
    yield way.checked.found(
        Severity.WARNING,
        "may_be_empty",
        way.checked.place_of(way.line, way.origin),
        f"{source} may be empty, and {target} must have a value.",
        advice="Records without one are rejected; give the field a default.",
    )
