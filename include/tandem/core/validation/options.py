"""Option values: those without a partner, and constants and partners that do not fit a field."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from tandem.core.fit import fit
from tandem.core.validation.checked import Checked, Line
from tandem.model.integration import Constant
from tandem.model.problems import Place, Problem, Remedy, Severity
from tandem.model.schema import Field

_SOME = 5
"""Options that are named before the rest is counted."""


def option_problems(checked: Checked) -> Iterator[Problem]:
    """What is wrong with the constants and the option values of the lines."""
    for line in checked.lines:
        yield from _constant_problems(checked, line)
        if line.mapping.values:
            yield from _partner_problems(checked, line, line.mapping.values)
        else:
            yield from _unlike_options(checked, line)


def _constant_problems(checked: Checked, line: Line) -> Iterator[Problem]:
    target = line.local or line.external
    constant = line.mapping.constant
    if constant is None or target is None:
        return
    why = _misfit(constant, target)
    if why:
        yield checked.found(
            Severity.ERROR,
            "constant_does_not_fit",
            checked.place_of(line, "constant"),
            f"Constant {constant!r}: {why}.",
            advice="Write a value of that kind.",
        )


def _partner_problems(
    checked: Checked, line: Line, partners: Mapping[Constant, Constant]
) -> Iterator[Problem]:
    place = checked.place_of(line, "values")
    if line.downloads:
        yield from _without_partner(checked, line, line.external, partners.keys(), place)
        yield from _misfits(checked, line.local, partners.values(), place)
    if line.uploads:
        yield from _without_partner(checked, line, line.local, partners.values(), place)
        yield from _misfits(checked, line.external, partners.keys(), place)
    yield from _no_options(checked, line.external, partners.keys(), place)
    yield from _no_options(checked, line.local, partners.values(), place)


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
    known = {_text(value) for value in listed}
    lacking = [option for option in source.options if option not in known]
    if lacking:
        yield checked.found(
            Severity.WARNING,
            "option_without_partner",
            place,
            f"Field {source.name!r} has options without partner in values: {_some(lacking)}.",
            advice="Records with them are rejected: add them, or say with unmapped what becomes "
            "of them.",
        )


def _no_options(
    checked: Checked, field: Field | None, listed: Iterable[Constant], place: Place
) -> Iterator[Problem]:
    """What is listed and is no option of its field."""
    if field is None or not field.options:
        return
    unknown = [text for value in listed if (text := _text(value)) not in field.options]
    if unknown:
        yield checked.found(
            Severity.WARNING,
            "no_such_option",
            place,
            f"Not among the options of field {field.name!r}: {_some(unknown)}.",
            Remedy.CHOOSE_ANOTHER,
            "Choose other values.",
            [option for option in field.options if option not in unknown],
        )


def _misfits(
    checked: Checked, target: Field | None, values: Iterable[Constant], place: Place
) -> Iterator[Problem]:
    """Partners that their field cannot take."""
    found = {_text(v): _misfit(_text(v), target) for v in values} if target else {}
    bad = {value: why for value, why in found.items() if why}
    if bad:
        yield checked.found(
            Severity.ERROR if len(bad) == len(found) else Severity.WARNING,
            "values_do_not_fit",
            place,
            f"Values do not fit: {'; '.join(list(bad.values())[:_SOME])}.",
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
                f"{_some(lacking)}.",
                advice="Give the field values: {theirs: ours}.",
            )


def _misfit(value: Constant, target: Field) -> str:
    """Why the field does not take the value; empty if it does."""
    return next(iter(fit(pa.repeat(value, 1), target).problems.values()), "")


def _text(value: Constant) -> str:
    """As options are written and compared."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SOME} more" if len(names) > _SOME else ""
    return ", ".join(map(repr, names[:_SOME])) + more
