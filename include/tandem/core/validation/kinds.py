"""Kinds of the fields that meet: what cannot be kept at all, and what may not fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from tandem.core.drift.words import type_in_words
from tandem.core.fit import CONVERTIBLE
from tandem.core.names.choices import MOST_CHOICES, RELATED, by_likeness
from tandem.core.transforms.kinds import kind_after, source_of, transform_problems, travels
from tandem.core.validation.checked import Checked, Line, Side, some
from tandem.core.validation.losses import longest, loss
from tandem.core.wanted import length_made
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import Field, Kind
from tandem.model.transforms import Transform

_CALLED: Final[dict[Side, str]] = {"external": "External", "local": "Local"}

_DEFAULT: Final = "Records without one are rejected; give the field a default."
_DEFAULT_SENT: Final = (
    "Records without one are rejected when they are sent. The default of a line that travels both "
    "ways counts on download only: for one on upload write a line for each way."
)

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
    def returns(self) -> bool:
        """Whether the value is sent to where it comes from."""
        return self.to == "external" and self.line.downloads

    @property
    def steps(self) -> tuple[Transform, ...]:
        """The transforms on this way: those of a line apply to the way that it goes first."""
        return () if self.returns else self.line.mapping.transform

    @property
    def may_be_empty(self) -> bool:
        """Whether it may bring nulls that the target does not take."""
        given = not self.returns and self.line.mapping.default is not None
        takes = self.target.nullable or self.target.defaulted or given
        return self.source.nullable and not takes and self.source.name not in self.own_key

    @property
    def own_key(self) -> tuple[str, ...]:
        """The key of the side that the value comes from."""
        return self.checked.key(self.origin)

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
    ways: list[_Way] = []
    for line in checked.complete_lines:
        broken = list(_transform_problems(checked, line))
        yield from broken or _joins_what_none_fills(checked, line)
        if not (broken or line.mapping.lookup or line.mapping.values):
            ways += _ways(checked, line)
    for way in ways:
        yield from _way_problems(way)
    yield from _may_be_empty(checked, ways)


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


def _joins_what_none_fills(checked: Checked, line: Line) -> Iterator[Problem]:
    """What is sent of records that came from the external system lacks what did not come."""
    one_way = line.mapping.direction == "upload_only" and checked.downloads
    filled = {other.mapping.local for other in checked.lines if other.downloads}
    lacking = [name for name in line.mapping.also_reads if name not in filled]
    if one_way and lacking:
        yield checked.found(
            Severity.NOTE,
            "joins_what_none_fills",
            checked.place_of(line, "transform"),
            f"External field {line.mapping.external!r} is made of local "
            f"{', '.join(map(repr, lacking))} too, which no line fills: of records that come from "
            "the external system, that part is empty.",
            Remedy.NONE,
        )


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
    lost = loss(_as_it_comes(way), way.kind, way.target)
    if lost:
        source, target = way.ends
        source += ", transformed," if way.steps else ""
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


def _as_it_comes(way: _Way) -> Field:
    """The source, as long as a text is that transforms make of it."""
    if not way.steps or way.kind is not Kind.STRING:
        return way.source
    length = length_made(way.steps, longest(way.source))
    return way.source.model_copy(update={"kind": Kind.STRING, "max_length": length})


def _may_be_empty(checked: Checked, ways: Sequence[_Way]) -> Iterator[Problem]:
    """Nulls that a side does not take: one problem for all fields of a kind.

    What comes from there, and may be emptied here, is good to know only: columns that we create
    can all be empty.
    """
    found = [way for way in ways if way.may_be_empty]
    for to, returns in product(_CALLED, (False, True)):
        alike = [way for way in found if way.to == to and way.returns is returns]
        if not alike:
            continue
        single = len(alike) == 1
        line, origin = alike[0].line, alike[0].origin
        yield checked.found(
            Severity.NOTE if returns else Severity.WARNING,
            "may_be_empty",
            checked.place_of(line, origin) if single else checked.place("fields"),
            _emptiness(alike),
            advice=_DEFAULT_SENT if returns else _DEFAULT,
        )


def _emptiness(alike: Sequence[_Way]) -> str:
    if len(alike) == 1:
        source, target = alike[0].ends
        return f"{source} may be empty, and {target} must have a value."
    names = some(way.source.name for way in alike)
    return (
        f"{_CALLED[alike[0].origin]} fields may be empty whose {alike[0].to} fields must have a "
        f"value: {names}."
    )
