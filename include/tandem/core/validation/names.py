"""Names that the systems do not have (any more): entities, fields, keys and version numbers."""

from collections.abc import Iterable, Iterator

from tandem.core.validation.checked import Checked, Line, Side
from tandem.core.validation.likeness import similar
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import Entity

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
        yield checked.found(
            Severity.ERROR,
            "local_entity_missing",
            checked.place("local"),
            f"The local system has no entity {name!r}.",
            _local_remedy(checked, renamed),
            _local_advice(checked, renamed, "Choose another entity"),
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
    yield checked.found(
        Severity.ERROR,
        "local_field_missing",
        checked.place_of(line, "local"),
        f"Local entity {entity.name!r} has no field {name!r}.",
        _local_remedy(checked, renamed),
        _local_advice(checked, renamed, "Choose another field"),
        _candidates(renamed, name, entity.by_name),
    )


def _missing_primary_key(checked: Checked) -> Iterator[Problem]:
    if not checked.external:
        return
    for at, name in enumerate(checked.mapping.primary_key):
        place = checked.place("primary_key", at)
        if name not in checked.external.by_name:
            yield checked.found(
                Severity.ERROR,
                "primary_key_missing",
                place,
                f"primary_key: external entity {checked.external.name!r} has no field {name!r}.",
                Remedy.CHOOSE_ANOTHER,
                "Choose fields that tell its records apart.",
                _key_choices(checked, checked.external, name),
            )
        elif not checked.line_of(name):
            yield checked.found(
                Severity.ERROR,
                "primary_key_unmapped",
                place,
                f"primary_key: external field {name!r} is mapped to no local field, so it finds "
                "no partner.",
                Remedy.CHOOSE_ANOTHER,
                f"Map it: {{external: {name}, local: …}}, or choose fields that are mapped.",
                _key_choices(checked, checked.external, name),
            )


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
        if not entity or not name or name in entity.by_name:
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


def _external_advice(renamed: str, what_clean_up_does: str) -> str:
    if renamed:
        return f"{_looks_renamed(renamed)}: write that. Cleaning up {what_clean_up_does}."
    return f"Choose another, or clean up the mapping, which {what_clean_up_does}."


def _looks_renamed(renamed: str) -> str:
    return f"It looks as if it is called {renamed!r} now"


def _local_remedy(checked: Checked, renamed: str) -> Remedy:
    """One that vanished would be created empty beside what it is called now."""
    may_create = checked.can_provision and not checked.integration.provision and not renamed
    return Remedy.PROVISION if may_create else Remedy.CHOOSE_ANOTHER


def _local_advice(checked: Checked, renamed: str, choose: str) -> str:
    if renamed:
        return f"{_looks_renamed(renamed)}: write that."
    if _local_remedy(checked, renamed) is Remedy.PROVISION:
        return f"{choose}, or {_PROVISION}."
    return f"{choose}."


def _candidates(renamed: str, name: str, known: Iterable[str]) -> tuple[str, ...]:
    likely = [renamed] if renamed else []
    return tuple(dict.fromkeys([*likely, *similar(name, known)]))
