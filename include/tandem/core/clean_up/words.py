"""What cleaning up means for the records of an entity, in words."""

from collections.abc import Collection, Iterator
from typing import Final

from tandem.model.filters import fields_of
from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.problems import Place


def told(entity: EntityMapping, place: Place, links: int) -> tuple[str, str]:
    """What is removed, and its consequence."""
    if len(place) == 2:
        return f"{entity.external} → {entity.local}", _without_entity(entity, links)
    key, at = str(place[2]), place[-1]
    if key == "fields":
        line = entity.fields[int(at)]
        return f"{_end(line.external, line)} → {_end(line.local, line)}", _without_line(line, links)
    if key == "composite_lookups":
        return f"composite lookup {entity.composite_lookups[int(at)]}", "Nothing else used it."
    return f"{key}: {getattr(entity, key)}", _WITHOUT[key]


_WITHOUT: Final = {
    "version_number": "Changes are read by the best that the external system offers; "
    "the next run reads all records.",
    "local_version_number": "Local changes are found by comparing all records.",
}


def _end(name: str | None, line: FieldMapping) -> str:
    return name or str(line.constant)


def _without_entity(entity: EntityMapping, links: int) -> str:
    return (
        f"{entity.external} is not synced any more. The records of {entity.local} stay, and no "
        f"deletion is passed on. {_links_stay(links, 'the entity is mapped again')}"
    ).strip()


def _without_line(line: FieldMapping, links: int) -> str:
    if line.local is None:
        return "The constant is not sent any more."
    return (
        f"The local field {line.local} is not synced any more, and keeps its values. "
        f"{_links_stay(links, 'the field comes back')}"
    ).strip()


def _links_stay(links: int, when: str) -> str:
    if not links:
        return ""
    stay = "1 link stays, and serves" if links == 1 else f"{links:,} links stay, and serve"
    return f"{stay} again if {when}."


def remaining(entity: EntityMapping, removed: Collection[FieldMapping]) -> Iterator[str]:
    """Where the entity still names what these lines of it mapped: for a person to decide."""
    external = {line.external for line in removed if line.external}
    local = {line.local for line in removed if line.local and line.lookup}
    for name in (name for name in entity.primary_key if name in external):
        yield (
            f"{entity.external}: the primary key names {name}, which is not mapped any more; "
            "choose another."
        )
    looked_at = {
        "download_filter": _named(fields_of(entity.download_filter), external, whole=True),
        "upload_filter": _named(fields_of(entity.upload_filter), local, whole=False),
    }
    for key, names in looked_at.items():
        for name in names:
            yield (
                f"{entity.external}: the {key} still looks at {name}. Change it, or remove the "
                "condition; more records may be synced then."
            )


def _named(fields: frozenset[str], gone: set[str], *, whole: bool) -> list[str]:
    """Those fields of a filter that are gone, or are fields of a lookup that is."""
    return sorted(
        name
        for name in fields
        if (whole and name in gone) or any(name.startswith(f"{lookup}.") for lookup in gone)
    )
