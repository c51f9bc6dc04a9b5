"""What cleaning up means for the records of an entity, in words."""

from typing import Final

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


def left_idle(entity: EntityMapping) -> str:
    """That only lines that are switched off are left of an entity."""
    return (
        f"{entity.external}: only lines with enabled: false are left, so that nothing of it is "
        "synced. Remove the entity, or map another field."
    )
