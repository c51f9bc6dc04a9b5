"""Lookups: whether their target is mapped, and whether its records can be found and be held."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from tandem.core.drift.words import type_in_words
from tandem.core.names.choices import RELATED, by_likeness, similar
from tandem.core.order import components
from tandem.core.validation.checked import Checked, Line
from tandem.core.validation.losses import loss
from tandem.core.validation.names import renamed_advice
from tandem.model.integration import Lookup
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import Field, Kind

Targets = Mapping[str, Checked]
"""External entity → its enabled mapping."""


def lookup_problems(checked: Checked, targets: Targets) -> Iterator[Problem]:
    """Why lookups of this mapping cannot be resolved."""
    for lines in _lookups(checked):
        yield from _one_target(checked, lines)
        for line in lines:
            yield from _target_problems(checked, line, targets)
        lookup = lines[0].mapping.lookup
        target = targets.get(lookup.entity) if lookup else None
        if target:
            yield from _held_key(checked, lines[0], target)
            yield from _found_by(checked, lines, target)


def _lookups(checked: Checked) -> Iterator[list[Line]]:
    """The lines of each lookup: one, or those of a composite one."""
    lines = [line for line in checked.lines if line.mapping.lookup]
    by_place = sorted(lines, key=_composite)
    return (list(group) for _, group in groupby(by_place, _composite))


def _composite(line: Line) -> tuple[str, str, int]:
    lookup = line.mapping.lookup
    composite = (lookup and lookup.composite) or ""
    return line.mapping.local or "", composite, -1 if composite else line.at


def _one_target(checked: Checked, lines: list[Line]) -> Iterator[Problem]:
    """The lines of a composite lookup speak of one entity."""
    first, *others = [(line, line.mapping.lookup) for line in lines]
    for line, lookup in others:
        if lookup and first[1] and lookup.entity != first[1].entity:
            yield checked.found(
                Severity.ERROR,
                "composite_lookup_differs",
                checked.place_of(line, "lookup", "entity"),
                f"Composite lookup {lookup.composite!r} refers to {first[1].entity!r} and to "
                f"{lookup.entity!r}.",
                advice="Name one entity in all its lines.",
            )


def _target_problems(checked: Checked, line: Line, targets: Targets) -> Iterator[Problem]:
    lookup = line.mapping.lookup
    if not lookup:
        return
    if lookup.entity not in targets:
        yield _not_mapped(checked, line, lookup, targets)
    yield from _other_target(checked, line, lookup)


def _not_mapped(checked: Checked, line: Line, lookup: Lookup, targets: Targets) -> Problem:
    disabled = any(entity.external == lookup.entity for entity in checked.integration.entities)
    state = "disabled" if disabled else "not mapped"
    mend = "Enable it" if disabled else "Map that entity"
    return checked.found(
        Severity.ERROR,
        "lookup_target_disabled" if disabled else "lookup_target_unmapped",
        checked.place_of(line, "lookup", "entity"),
        f"{_named(line)} looks up {lookup.entity!r}, which is {state}.",
        Remedy.EDIT if disabled else Remedy.CHOOSE_ANOTHER,
        f"{mend}, or remove or disable the field.",
        similar(lookup.entity, targets),
    )


def _other_target(checked: Checked, line: Line, lookup: Lookup) -> Iterator[Problem]:
    """What the metadata says that the field refers to is another entity."""
    told = [target.entity for target in line.external.lookup] if line.external else []
    if told and lookup.entity not in told:
        yield checked.found(
            Severity.WARNING,
            "lookup_other_target",
            checked.place_of(line, "lookup", "entity"),
            f"{_named(line)} looks up {lookup.entity!r}, and the external system says that it "
            f"refers to {', '.join(told)}.",
            Remedy.CHOOSE_ANOTHER,
            "Records may find no partner, or a wrong one.",
            told,
        )


def _held_key(checked: Checked, line: Line, target: Checked) -> Iterator[Problem]:
    """The local field holds the key of the local record that is meant."""
    if not line.local or not target.local or not target.local.key:
        return
    key = [target.local.by_name[name] for name in target.local.key if name in target.local.by_name]
    where = checked.place_of(line, "local")
    if len(key) != 1:
        text = f"has a key of several fields, which {line.local.name!r} cannot hold."
        yield checked.found(
            Severity.ERROR,
            "lookup_key_of_several_fields",
            where,
            f"Lookup {line.local.name!r}: {target.local.name!r} {text}",
            advice="Remove or disable the field, or give that entity a key of one field.",
        )
    elif not _takes(line.local, key[0]):
        fields = checked.fields("local").values()
        fitting = [f.name for f in fields if _takes(f, key[0]) and not f.read_only]
        yield checked.found(
            Severity.ERROR,
            "lookup_cannot_hold_key",
            where,
            f"Lookup {line.local.name!r} ({type_in_words(line.local)}) cannot hold the key "
            f"{key[0].name!r} ({type_in_words(key[0])}) of {target.local.name!r}.",
            Remedy.CHOOSE_ANOTHER,
            "Choose a field of that kind, or a text that is long enough.",
            by_likeness(
                line.local.name, [name for name in fitting if name not in checked.key("local")]
            ),
        )
    elif _is_shorter(line.local, key[0]):
        yield checked.found(
            Severity.WARNING,
            "lookup_may_not_hold_key",
            where,
            f"The key {key[0].name!r} ({type_in_words(key[0])}) of {target.local.name!r} may be "
            f"longer than lookup {line.local.name!r} ({type_in_words(line.local)}) takes.",
            Remedy.NONE,
            "References that do not fit are rejected, not cut.",
        )


def _takes(field: Field, key: Field) -> bool:
    """Whether the field can hold any such key at all."""
    kinds = {key.kind, Kind.STRING, *([Kind.GUID] * (key.kind is Kind.STRING))}
    return field.kind in kinds and not (key.kind is Kind.GUID and _is_shorter(field, key))


def _is_shorter(field: Field, key: Field) -> bool:
    lost = loss(key, key.kind, field) if field.kind is Kind.STRING else None
    return lost is not None and lost.is_stated


def _found_by(checked: Checked, lines: list[Line], target: Checked) -> Iterator[Problem]:
    """A record is found by its external key, or by local fields that its key is mapped to."""
    external = target.external
    if external is None:
        return
    names = [line.mapping.lookup.field for line in lines if line.mapping.lookup]
    by_key = set(names) == set(external.key)
    for line, name in zip(lines, names, strict=True):
        if name not in external.by_name:
            yield _no_such_field(checked, line, target, name)
            continue
        yield from _text_for_guid(checked, line, external.by_name[name], external.name)
        if not by_key:
            yield from _found_by_field(checked, line, target, name)


def _text_for_guid(checked: Checked, line: Line, sought: Field, entity: str) -> Iterator[Problem]:
    """A text where the unique identifier of the other record is meant."""
    own = line.external
    if own is None or own.kind is not Kind.STRING or sought.kind is not Kind.GUID:
        return
    told = [t.field for t in own.lookup if t.entity == entity and t.field not in ("", sought.name)]
    choices = told or _identifiers(checked, line, own, entity)
    place = ("lookup", "field") if told else ("external",)
    instead = "Look up by" if told else "Choose its unique identifier field"
    yield checked.found(
        Severity.ERROR if choices else Severity.WARNING,
        "lookup_text_for_guid",
        checked.place_of(line, *place),
        f"External field {own.name!r} is a text, and {entity}.{sought.name}, by which it is looked "
        "up, is a unique identifier.",
        Remedy.CHOOSE_ANOTHER,
        f"{instead} {choices[0]!r}." if choices else "Choose another field, or look up by a text.",
        choices,
    )


def _identifiers(checked: Checked, line: Line, own: Field, entity: str) -> list[str]:
    """Unique identifier fields that may be meant: those that refer to the entity come first."""
    fields, key = checked.fields("external"), checked.key("external")
    guids = [name for name, field in fields.items() if field.kind is Kind.GUID and name not in key]
    told = [name for name in guids if entity in [t.entity for t in fields[name].lookup]]
    alike = by_likeness(own.name, guids, or_to=line.mapping.local or "", at_least=RELATED)
    return list(dict.fromkeys([*told, *alike]))


def _no_such_field(checked: Checked, line: Line, target: Checked, name: str) -> Problem:
    entity, fields = target.mapping.external, target.fields("external")
    renamed = target.renamed_field("external", name)
    likely = [renamed] if renamed else []
    return checked.found(
        Severity.ERROR,
        "lookup_field_missing",
        checked.place_of(line, "lookup", "field"),
        f"{_named(line)} looks up {entity!r} by {name!r}, which that entity does not have.",
        Remedy.CHOOSE_ANOTHER,
        renamed_advice(renamed) if renamed else "Choose another field of it.",
        dict.fromkeys([*likely, *target.key("external"), *similar(name, fields)]),
    )


def _found_by_field(checked: Checked, line: Line, target: Checked, name: str) -> Iterator[Problem]:
    found, mapping = target.line_of(name), target.mapping
    place = checked.place_of(line, "lookup", "field")
    others = [o.mapping.external for o in target.complete_lines if not o.mapping.lookup]
    choices = dict.fromkeys([*target.key("external"), *map(str, others)])
    if not found:
        yield checked.found(
            Severity.ERROR,
            "lookup_field_unmapped",
            place,
            f"Lookup {line.mapping.local!r} goes by field {name!r} of {mapping.external!r}, which "
            "is neither its key nor mapped.",
            Remedy.CHOOSE_ANOTHER,
            f"Map it there: {{external: {name}, local: …}}, or look up by another field.",
            choices,
        )
    elif found.mapping.lookup:
        yield checked.found(
            Severity.ERROR,
            "lookup_by_lookup",
            place,
            f"Lookup {line.mapping.local!r} goes by {name!r} of {mapping.external!r}, which is a "
            "lookup itself.",
            Remedy.CHOOSE_ANOTHER,
            "Look up by another field.",
            choices,
        )
    elif why := target.why_not_found_by(name):
        yield checked.found(
            Severity.ERROR,
            "lookup_field_not_kept",
            place,
            f"Lookup {line.mapping.local!r} goes by {name!r} of {mapping.external!r}. "
            f"{why.problem}",
            Remedy.CHOOSE_ANOTHER,
            f"{why.remedy} Or look up by another field.",
            [choice for choice in choices if choice != name],
        )


def cycles_of_required_lookups(targets: Targets) -> Iterator[Problem]:
    """Records of entities that refer to each other and must do so: none can be the first."""
    required = {
        name: {
            str(line.mapping.lookup.entity): line
            for line in checked.lines
            if line.mapping.lookup and line.mapping.lookup.entity in targets and _must_refer(line)
        }
        for name, checked in targets.items()
    }
    for circle in components({name: frozenset(lines) for name, lines in required.items()}):
        for name in sorted(circle):
            for entity in sorted(required[name].keys() & circle):
                yield _cycle(targets[name], required[name][entity], sorted(circle))


def _must_refer(line: Line) -> bool:
    """Whether a new record needs the reference on a side where this line writes it."""
    down = line.downloads and line.local is not None and line.local.is_required
    up = line.uploads and line.external is not None and line.external.is_required
    return down or up


def _cycle(checked: Checked, line: Line, circle: list[str]) -> Problem:
    others = " and ".join(circle) if len(circle) > 1 else f"{circle[0]} itself"
    return checked.found(
        Severity.WARNING,
        "required_lookup_cycle",
        checked.place_of(line, "lookup"),
        f"Lookup {_named(line)} is required and belongs to a cycle of required lookups "
        f"({others}): a new record needs another one first.",
        advice="Allow null in one of the fields; records that cannot be created until then wait.",
    )


def _named(line: Line) -> str:
    return repr(line.mapping.external or line.mapping.local)
