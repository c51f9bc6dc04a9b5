"""Both records of a pair, field by field as they are mapped, with what both last agreed on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tandem.model.integration import EntityMapping, FieldMapping
from tandem.sync.people.explain import Explanation
from tandem.sync.people.planned_records import Change

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FieldPair:
    """What one line of the mapping has on both sides."""

    external: str | None
    local: str | None
    """Names of the fields; None on the side where the line has a constant."""
    external_value: Any
    base: str | None
    """The value last agreed on, as text; None where none is kept."""
    local_value: Any
    writes: Mapping[str, Any]
    """Side → the value that a sync would write there now."""


def side_by_side(mapping: EntityMapping, found: Explanation) -> list[FieldPair]:
    """The mapped fields of both records, in the order of the mapping."""
    base = _base(found)
    changes = found.plan[0].changes if found.plan else {}
    return [_pair(line, found, base, changes) for line in mapping.active_fields]


def _pair(
    line: FieldMapping,
    found: Explanation,
    base: Mapping[str, str | None],
    changes: Mapping[str, Mapping[str, Change]],
) -> FieldPair:
    names = {"external": line.external, "local": line.local}
    records = {"external": found.external.values or {}, "local": found.local.values or {}}
    values = {
        side: line.constant if name is None else records[side].get(name)
        for side, name in names.items()
    }
    written = {side: changes.get(side, {}).get(name or "") for side, name in names.items()}
    return FieldPair(
        external=line.external,
        local=line.local,
        external_value=values["external"],
        base=_readable(base.get(line.local or ""), values["local"]),
        local_value=values["local"],
        writes={side: change.after for side, change in written.items() if change},
    )


def _base(found: Explanation) -> Mapping[str, str | None]:
    """Local field → its value last agreed on, as text."""
    kept = found.link.base if found.link else None
    return dict(kept.get("external") or {}) if kept else {}


def _readable(base: str | None, beside: Any) -> str | None:
    """A base keeps instants as microseconds."""
    if base is None or not isinstance(beside, datetime) or not base.lstrip("-").isdigit():
        return base
    return (_EPOCH + timedelta(microseconds=int(base))).isoformat()
