"""Names that the systems do not have (any more): entities, fields, keys and version numbers."""

from collections.abc import Iterable, Iterator

from tandem.core.anchors import tracking_by
from tandem.core.drift.words import type_in_words
from tandem.core.names.choices import similar
from tandem.core.validation.checked import Checked, Line, Side
from tandem.core.wanted import filled_locally
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import ChangeTracking, Entity

_BY_ORDER = (ChangeTracking.VERSION, ChangeTracking.TIMESTAMP)
_PROVISION = "let it be created (provision: true, or tandem schema --provision)"


def missing_names(checked: Checked) -> Iterator[Problem]:
    """Entities and fields of the mapping that its systems do not have."""
    yield from _missing_entities(checked)
    for line in checked.lines:
        yield from _missing_external_field(checked, line)
        yield from _missing_local_field(checked, line)
    yield from _missing_primary_key(checked)
    yield from _missing_version_numbers(checked)


def _missing_entities(checked: Checked) -> Iterator[Problem]:
    if not checked.external:
        name = checked.mapping.external
        renamed = checked.renamed_entity("external", name)
        yield checked.found(
            Severity.ERROR,
            "external_entity_missing",
            checked.place("external"),
            f"The external system has no entity {name!r}.",
            Remedy.CLEAN_UP,
            _external_advice(renamed, "removes the entity from it"),
            _candidates(renamed, name, checked.schemas["external"].by_name),
        )
    if not checked.local:
        name = checked.mapping.local
        renamed = checked.renamed_entity("local", name)
        remedy = _local_remedy(checked, renamed)
        yield checked.found(
            Severity.ERROR,
            "local_entity_missing",
            checked.place("local"),
            f"The local system has no entity {name!r}.",
            remedy,
            _local_advice(remedy, renamed, "Choose another entity"),
            _candidates(renamed, name, checked.schemas["local"].by_name),
        )


def _missing_external_field(checked: Checked, line: Line) -> Iterator[Problem]:
    name, entity = line.mapping.external, checked.external
    if not entity or not name or line.external:
        return
    renamed = checked.renamed_field("external", name)
    yield checked.found(
        Severity.ERROR,
        "external_field_missing",
        checked.place_of(line, "external"),
        f"External entity {entity.name!r} has no field {name!r}.",
        Remedy.CLEAN_UP,
        _external_advice(renamed, "removes the field from it"),
        _candidates(renamed, name, entity.by_name),
    )


def _missing_local_field(checked: Checked, line: Line) -> Iterator[Problem]:
    name, entity = line.mapping.local, checked.local
    if not entity or not name or line.local:
        return
    renamed = checked.renamed_field("local", name)
    # A field that is only sent has its values from nowhere else: none is made for it.
    is_made = name in filled_locally(checked.mapping)
    remedy = _local_remedy(checked, renamed) if is_made else Remedy.CHOOSE_ANOTHER
    yield checked.found(
        Severity.ERROR,
        "local_field_missing",
        checked.place_of(line, "local"),
        f"Local entity {entity.name!r} has no field {name!r}.",
        remedy,
        _local_advice(remedy, renamed, "Choose another field"),
        _candidates(renamed, name, entity.by_name),
    )


def _missing_primary_key(checked: Checked) -> Iterator[Problem]:
    if not checked.external:
        return
    for at, name in enumerate(checked.mapping.primary_key):
        found = _primary_key_problem(checked, checked.external, name)
        if found:
            code, text, advice = found
            yield checked.found(
                Severity.ERROR,
                code,
                checked.place("primary_key", at),
                f"primary_key: {text}",
                Remedy.CHOOSE_ANOTHER,
                advice,
                _key_choices(checked, checked.external, name),
            )


def _primary_key_problem(
    checked: Checked, external: Entity, name: str
) -> tuple[str, str, str] | None:
    """The code, what is wrong with a part of the key, and what helps."""
    if name not in external.by_name:
        text = f"external entity {external.name!r} has no field {name!r}."
        return "primary_key_missing", text, "Choose fields that tell its records apart."
    if not checked.line_of(name):
        text = f"external field {name!r} is mapped to no local field, so it finds no partner."
        map_it = f"Map it: {{external: {name}, local: …}}, or choose fields that are mapped."
        return "primary_key_unmapped", text, map_it
    if why := checked.why_not_found_by(name):
        return "primary_key_not_kept", _lower(why.problem), why.remedy
    return None


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _key_choices(checked: Checked, external: Entity, name: str) -> tuple[str, ...]:
    """Mapped fields: those of the key first, then those with a similar name."""
    mapped = [line.external.name for line in checked.complete_lines if line.external]
    keys = [key for key in external.key if key in mapped]
    return tuple(dict.fromkeys([*keys, *similar(name, mapped)]))


def _missing_version_numbers(checked: Checked) -> Iterator[Problem]:
    mapping = checked.mapping
    sides: tuple[tuple[Side, str, str | None, str], ...] = (
        ("external", "version_number", mapping.version_number, "the best that it offers is taken"),
        ("local", "local_version_number", mapping.local_version_number, "all records are compared"),
    )
    for side, key, name, otherwise in sides:
        entity = checked.entity(side)
        if not entity or not name:
            continue
        if name in entity.by_name:
            yield from _without_order(checked, entity, side, key, name)
            continue
        yield checked.found(
            Severity.ERROR,
            f"{key}_missing",
            checked.place(key),
            f"{key}: {side} entity {entity.name!r} has no field {name!r}.",
            Remedy.CLEAN_UP,
            f"Choose another, or clean up the mapping: without {key}, {otherwise}.",
            dict.fromkeys([*entity.capabilities.version_fields, *similar(name, entity.by_name)]),
        )


def _without_order(
    checked: Checked, entity: Entity, side: Side, key: str, name: str
) -> Iterator[Problem]:
    """What does not grow from change to change: numbers and instants do."""
    if tracking_by(entity, name) in _BY_ORDER:
        return
    ordered = [
        field.name for field in entity.fields if tracking_by(entity, field.name) in _BY_ORDER
    ]
    yield checked.found(
        Severity.WARNING,
        f"{key}_without_order",
        checked.place(key),
        f"{key}: {side} field {name!r} ({type_in_words(entity.field(name))}) is neither a number "
        "nor an instant, so it does not order changes: every run reads all records.",
        Remedy.CHOOSE_ANOTHER,
        f"Choose another, or remove {key}.",
        dict.fromkeys([*entity.capabilities.version_fields, *similar(name, ordered)]),
    )


def _external_advice(renamed: str, what_clean_up_does: str) -> str:
    if renamed:
        return f"{renamed_advice(renamed)} Cleaning up {what_clean_up_does}."
    return f"Choose another, or clean up the mapping, which {what_clean_up_does}."


def renamed_advice(renamed: str) -> str:
    """What to do where something looks to be called otherwise now: a guess, so a question."""
    return f"Is it called {renamed!r} now? Then write that."


def _local_remedy(checked: Checked, renamed: str) -> Remedy:
    """One that vanished would be created empty beside what it is called now."""
    may_create = checked.can_provision and not checked.integration.provision and not renamed
    return Remedy.PROVISION if may_create else Remedy.CHOOSE_ANOTHER


def _local_advice(remedy: Remedy, renamed: str, choose: str) -> str:
    if renamed:
        return renamed_advice(renamed)
    if remedy is Remedy.PROVISION:
        return f"{choose}, or {_PROVISION}."
    return f"{choose}."


def _candidates(renamed: str, name: str, known: Iterable[str]) -> tuple[str, ...]:
    likely = [renamed] if renamed else []
    return tuple(dict.fromkeys([*likely, *similar(name, known)]))
