"""What a changed mapping costs: what has to be read again of each side, and no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tandem.core.changed_mapping.asked import lines_of, made_anew, place_of, significant, way_of
from tandem.model.asked import Asked, SideName
from tandem.model.filters import Condition
from tandem.model.integration import EntityMapping

_OF_ONE_SIDE: Final[Mapping[str, SideName]] = {
    "version_number": "external",
    "local_version_number": "local",
    "download_filter": "external",
    "upload_filter": "local",
}
"""Keys that matter where that side is read only."""
_FILTERS: Final[Mapping[SideName, str]] = {"external": "download_filter", "local": "upload_filter"}
_OTHER_WAY: Final[Mapping[SideName, str]] = {"external": "upload_only", "local": "download_only"}
_LEAVING: Final = ("deletes", "filter_exit")
"""Keys that say what becomes of linked records that are not listed any more."""


@dataclass(frozen=True, slots=True)
class Reread:
    """What a side has to be read for beside what changed since its anchor."""

    everything: bool = False
    outside: Condition | None = None
    """Records that this condition, the filter before, did not let through."""
    sweeps: bool = False
    """The keys: linked records may have left, or count now that did not."""
    retries: bool = False
    """Records that were rejected: they may fit now."""


AS_IT_WAS: Final = Reread()
EVERYTHING: Final = Reread(everything=True)


def reread(before: Asked, now: Asked, side: SideName, anew: frozenset[str] = frozenset()) -> Reread:
    """What of that side has to be read again, now that something else is asked for.

    `anew` are fields that were not there for a while.
    """
    if anew or made_anew(before, now) or not _serves(_asked(before, side), _asked(now, side)):
        return EVERYTHING
    name = _FILTERS[side]
    filters = [significant(asked.mapping)[name] for asked in (before, now)]
    same, alike = filters[0] == filters[1], _leaves_alike(before.mapping, now.mapping)
    return Reread(
        outside=None if same else getattr(before.mapping, name),
        sweeps=not (same and alike),
        retries=significant(before.mapping) != significant(now.mapping)
        or before.facets != now.facets,
    )


def _asked(asked: Asked, side: SideName) -> dict[str, Any]:
    """What is asked of that side, but for its filter."""
    mapping = asked.mapping
    other = {name for name, owner in _OF_ONE_SIDE.items() if owner != side}
    found = {n: v for n, v in significant(mapping).items() if n not in {_FILTERS[side], *other}}
    lines, way = mapping.active_fields, _OTHER_WAY[side]
    mine = {place_of(f) for f in lines if way_of(mapping, f) != way}
    away = {place_of(f) for f in lines} - mine
    found["fields"] = {place: v for place, v in lines_of(asked).items() if place not in away}
    if side == "external":
        found["version_field"] = asked.version_field
    if side == "local":  # constants tell which records of a shared entity are this mapping's
        found["constants"] = {
            f.local: str(f.constant) for f in mapping.active_fields if f.local and not f.external
        }
    return found


def _serves(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether whoever asked for the one has got all that the other asks for."""
    rest = [{name: v for name, v in one.items() if name != "fields"} for one in (before, now)]
    return rest[0] == rest[1] and now["fields"].items() <= before["fields"].items()


def _leaves_alike(before: EntityMapping, now: EntityMapping) -> bool:
    return all(getattr(before, name) == getattr(now, name) for name in _LEAVING)
