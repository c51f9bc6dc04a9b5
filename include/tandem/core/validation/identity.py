"""What records are told apart by: keys, primary keys, and mappings that share a local entity."""

from collections.abc import Iterator, Mapping

from tandem.core.ids import are_chosen
from tandem.core.validation.checked import Checked, Line
from tandem.model.integration import Constant, EntityMapping
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import Entity, Kind


def identity_problems(checked: Checked) -> Iterator[Problem]:
    """What keeps records from being recognised, and policies that need to know their age."""
    yield from _no_key(checked)
    yield from _newest_wins(checked)
    yield from _shared_local_entity(checked)
    yield from _no_way_back(checked)


def _no_key(checked: Checked) -> Iterator[Problem]:
    external, local = checked.external, checked.local
    if external and not external.key:
        yield checked.found(
            Severity.ERROR,
            "external_key_missing",
            checked.place("external"),
            f"External entity {external.name!r} has no key, so its records have no identity.",
            Remedy.CHOOSE_ANOTHER,
            "Choose another entity, or give it a key.",
        )
    if local and not local.key:
        yield checked.found(
            Severity.ERROR,
            "local_key_missing",
            checked.place("local"),
            f"Local entity {local.name!r} has no primary key.",
            Remedy.CHOOSE_ANOTHER,
            "Give it one, or choose another entity.",
        )
    if local and local.key and checked.downloads:
        able = local.capabilities
        made_there = able.creates and not able.client_keys
        yield from (_key_made_there if made_there else _key_of_others)(checked, local)


def _key_of_others(checked: Checked, local: Entity) -> Iterator[Problem]:
    """A key that we would have to choose, and cannot."""
    lines = [line for line in checked.lines if line.downloads and line.mapping.external]
    mapped = {line.mapping.local for line in lines}
    key = [local.by_name[name] for name in local.key if name in local.by_name]
    if set(local.key) <= mapped:
        return
    if len(key) == 1 and key[0].kind in (Kind.GUID, Kind.STRING):
        return
    yield checked.found(
        Severity.ERROR,
        "local_key_not_filled",
        checked.place("fields"),
        f"Local key {', '.join(local.key)} of {local.name!r} is not one guid or text, so its "
        "values cannot be chosen here.",
        advice="Map external fields onto it.",
    )


def _key_made_there(checked: Checked, local: Entity) -> Iterator[Problem]:
    """Links and repeats rest on ids that are known before the write."""
    yield checked.found(
        Severity.ERROR,
        "local_key_made_there",
        checked.place("local"),
        f"Local entity {local.name!r} makes the keys of new records itself, so that a record that "
        "is downloaded could not be told from a new one.",
        Remedy.CHOOSE_ANOTHER,
        "Choose an entity whose key can be given, or write direction: upload_only.",
    )


def _newest_wins(checked: Checked) -> Iterator[Problem]:
    mapping = checked.mapping
    entity_policy = mapping.on_conflict or checked.integration.on_conflict
    if mapping.direction != "bidirectional" or not (checked.external and checked.local):
        return
    lines = _both_ways(checked)
    chosen = [line.at for line in lines if line.mapping.on_conflict == "newest_wins"]
    follows = [line for line in lines if not line.mapping.on_conflict]
    if not chosen and not (follows and entity_policy == "newest_wins"):
        return
    names = mapping.version_number, mapping.local_version_number
    fields = checked.external.by_name.get(names[0] or ""), checked.local.by_name.get(names[1] or "")
    if all(field and field.kind is Kind.INSTANT for field in fields):
        return
    place = ("fields", chosen[0], "on_conflict") if chosen else ("on_conflict",)
    whole = not chosen and not mapping.on_conflict
    yield checked.found(
        Severity.ERROR,
        "newest_wins_without_ages",
        place if whole else checked.place(*place),
        "on_conflict: newest_wins needs version_number and local_version_number, instants that "
        "say when each side's record was changed last.",
        advice="Name both, or choose another policy.",
    )


def _both_ways(checked: Checked) -> list[Line]:
    """The lines whose local field travels both ways, by themselves or with another line."""
    comes = {line.mapping.local for line in checked.lines if line.downloads}
    goes = {name for line in checked.lines if line.uploads for name in _read_locally(line)}
    return [line for line in checked.lines if {*_read_locally(line)} & comes & goes]


def _read_locally(line: Line) -> tuple[str | None, ...]:
    made_there = line.uploads and not line.downloads
    return (line.mapping.local, *(line.mapping.also_reads if made_there else ()))


def _shared_local_entity(checked: Checked) -> Iterator[Problem]:
    """Of several mappings on one local entity, nothing says whose a local record is."""
    if not checked.uploads:
        return
    mine = checked.mapping
    others = [m for m in checked.integration.active_entities if m.local == mine.local]
    alike = [m.external for m in others if m is not mine and not _told_apart(mine, m)]
    if alike:
        yield checked.found(
            Severity.WARNING,
            "local_entity_shared",
            checked.place("local"),
            f"{mine.external} and {' and '.join(alike)} are mapped to local entity "
            f"{mine.local!r}, and nothing tells their records apart.",
            advice="Give each a constant, {local: …, constant: …}, or an upload_filter.",
        )


def _told_apart(mine: EntityMapping, other: EntityMapping) -> bool:
    filtered = mine.upload_filter is not None and mine.upload_filter != other.upload_filter
    return filtered or _constants(mine) != _constants(other)


def _constants(mapping: EntityMapping) -> Mapping[str, Constant]:
    return {
        line.local: line.constant
        for line in mapping.active_fields
        if line.local and line.constant is not None
    }


def _no_way_back(checked: Checked) -> Iterator[Problem]:
    """If the answer to a creation is lost, only a key tells whether the record is there."""
    external = checked.external
    if not checked.uploads or checked.mapping.primary_key or not external or not external.key:
        return
    sent = {line.external.name for line in checked.lines if line.uploads and line.external}
    if set(external.key) <= sent or are_chosen(external):
        return
    yield checked.found(
        Severity.NOTE,
        "no_way_back",
        checked.place("external"),
        "If the answer to a creation is lost, nothing tells whether the record is there: it then "
        "waits for a person.",
        advice="Give the mapping a primary_key.",
    )
