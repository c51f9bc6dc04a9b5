"""Option values: those without a partner, and constants and partners that do not fit a field."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pyarrow as pa

from tandem.core.fit import fit
from tandem.core.transforms.apply import transform
from tandem.core.transforms.options import option_text
from tandem.core.validation.checked import SOME, Checked, Line, some
from tandem.model.integration import Constant
from tandem.model.problems import Place, Problem, Remedy, Severity
from tandem.model.schema import Field, Kind
from tandem.model.transforms import name_of

_OF_ONE_TEXT: Final = frozenset(("trim", "upper", "lower", "truncate", "split"))
"""Transforms of a text that need nothing else."""


def option_problems(checked: Checked) -> Iterator[Problem]:
    """What is wrong with the constants and the option values of the lines."""
    for line in checked.lines:
        yield from _constant_problems(checked, line)
        yield from _default_problems(checked, line)
        if line.mapping.values:
            yield from _partner_problems(checked, line, line.mapping.values)
        else:
            yield from _unlike_options(checked, line)


def _constant_problems(checked: Checked, line: Line) -> Iterator[Problem]:
    target = line.local or line.external
    yield from _written(checked, line, "constant", line.mapping.constant, target)


def _default_problems(checked: Checked, line: Line) -> Iterator[Problem]:
    """Of a line that travels both ways it is what is written on download."""
    target = line.local if line.downloads else line.external if line.uploads else None
    yield from _written(checked, line, "default", line.mapping.default, target)


def _written(
    checked: Checked, line: Line, key: str, value: Constant | None, target: Field | None
) -> Iterator[Problem]:
    """A value of the file that its field does not take."""
    if value is None or target is None:
        return
    why = _misfit(value, target)
    if why:
        yield checked.found(
            Severity.ERROR,
            f"{key}_does_not_fit",
            checked.place_of(line, key),
            f"{key.capitalize()} {option_text(value)!r}: {why}.",
            advice="Write a value of that kind.",
        )


def _partner_problems(
    checked: Checked, line: Line, partners: Mapping[Constant, Constant]
) -> Iterator[Problem]:
    place = checked.place_of(line, "values")
    external = _as_looked_at(line, line.external) if line.downloads else line.external
    local = line.local if line.downloads else _as_looked_at(line, line.local)
    if line.downloads:
        yield from _without_partner(checked, line, external, partners.keys(), place)
        yield from _misfits(checked, line.local, partners.values(), place)
    if line.uploads:
        yield from _without_partner(checked, line, local, partners.values(), place)
        yield from _misfits(checked, line.external, partners.keys(), place)
    yield from _no_options(checked, external, partners.keys(), place)
    yield from _no_options(checked, local, partners.values(), place)


def _as_looked_at(line: Line, source: Field | None) -> Field | None:
    """The field with its options as the line's transforms make them; None where none can tell."""
    steps = line.mapping.transform
    if source is None or not steps:
        return source
    if source.kind is not Kind.STRING or not {*map(name_of, steps)} <= _OF_ONE_TEXT:
        return None
    made = transform(pa.array(source.options, pa.string()), steps).values
    options = tuple(dict.fromkeys(made.drop_null().to_pylist()))
    return source.model_copy(update={"options": options})


def _without_partner(
    checked: Checked,
    line: Line,
    source: Field | None,
    listed: Iterable[Constant],
    place: Place,
) -> Iterator[Problem]:
    """Options that may come, and are not listed; what then happens the line may say."""
    if source is None or not source.options or line.mapping.unmapped != "reject":
        return
    known = {option_text(value) for value in listed}
    lacking = [option for option in source.options if option not in known]
    if lacking:
        yield checked.found(
            Severity.WARNING,
            "option_without_partner",
            place,
            f"Field {source.name!r} has options without partner in values: {some(lacking)}.",
            advice="Records with them are rejected: add them, or say with unmapped what becomes "
            "of them.",
        )


def _no_options(
    checked: Checked, field: Field | None, listed: Iterable[Constant], place: Place
) -> Iterator[Problem]:
    """What is listed and is no option of its field."""
    if field is None or not field.options:
        return
    unknown = [text for value in listed if (text := option_text(value)) not in field.options]
    if unknown:
        yield checked.found(
            Severity.WARNING,
            "no_such_option",
            place,
            f"Not among the options of field {field.name!r}: {some(unknown)}.",
            Remedy.CHOOSE_ANOTHER,
            "Choose other values.",
            [option for option in field.options if option not in unknown],
        )


def _misfits(
    checked: Checked, target: Field | None, values: Iterable[Constant], place: Place
) -> Iterator[Problem]:
    """Partners that their field cannot take."""
    found = {option_text(v): _misfit(option_text(v), target) for v in values} if target else {}
    bad = {value: why for value, why in found.items() if why}
    if bad:
        yield checked.found(
            Severity.ERROR if len(bad) == len(found) else Severity.WARNING,
            "values_do_not_fit",
            place,
            f"Values do not fit: {'; '.join(list(bad.values())[:SOME])}.",
            Remedy.CHOOSE_ANOTHER,
            "Write others, or choose another field.",
        )


def _unlike_options(checked: Checked, line: Line) -> Iterator[Problem]:
    """Options of one side that the other does not have, where they travel as they are."""
    ways = ((line.downloads, line.external, line.local), (line.uploads, line.local, line.external))
    if line.mapping.lookup or line.mapping.transform:
        return
    for goes, source, target in ways:
        if not (goes and source and target and source.options and target.options):
            continue
        lacking = [option for option in source.options if option not in target.options]
        if lacking:
            yield checked.found(
                Severity.WARNING,
                "option_unknown_to_other_side",
                checked.place_of(line),
                f"Field {source.name!r} has options that {target.name!r} does not have: "
                f"{some(lacking)}.",
                advice="Give the field values: {theirs: ours}.",
            )


def _misfit(value: Constant, target: Field) -> str:
    """Why the field does not take the value; empty if it does."""
    return next(iter(fit(pa.repeat(value, 1), target).problems.values()), "")
