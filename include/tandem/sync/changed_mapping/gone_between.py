"""What was not there for a while: fields that came back without the values that they had."""

from dataclasses import dataclass, replace
from typing import Final

from tandem.connectors.base import Connector, Query
from tandem.core.changed_mapping.asked import asked_of, place_of
from tandem.core.mapping import BoundMapping
from tandem.errors import StopRun
from tandem.model.asked import Asked, SideName, parsed
from tandem.model.filters import Comparison
from tandem.model.integration import FieldMapping
from tandem.model.schema import Entity
from tandem.sync.job import Job, Run

SIDES: Final[tuple[SideName, ...]] = ("external", "local")
_LOOKED_AT: Final = 100
"""Snapshots that are looked at, the newest."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What some run since then has not seen of a mapping."""

    fields: frozenset[str] = frozenset()
    """What fields fill, as `place_of` of `tandem.core.changed_mapping.asked` names them."""
    local_entity: bool = False


def asked_now(job: Job, bound: BoundMapping) -> Asked:
    """What the mapping asks for, and the newest snapshots of both sides."""
    newest = {side: job.state.schema_snapshots(side, limit=1) for side in SIDES}
    versions = {side: about[0].version for side, about in newest.items() if about}
    return asked_of(bound).model_copy(update={"versions": versions})


def gone_between(job: Job, before: Asked, now: Asked) -> Gone:
    """What the snapshots after the one lack up to the other, though both mappings need it. The
    last counts too: where nothing is kept (a preview), it may be older than what is there now.
    """
    fields: set[str] = set()
    local_entity = False
    for side in SIDES:
        first, last = before.versions.get(side), now.versions.get(side)
        if first is None or last is None:
            continue
        for version in range(max(first, last - _LOOKED_AT) + 1, last + 1):
            entity = _entity(job, side, version, now)
            local_entity |= entity is None and side == "local"
            fields |= {
                place_of(line)
                for line in now.mapping.active_fields
                if (name := _name(line, side)) and (entity is None or name not in entity.by_name)
            }
    return Gone(frozenset(fields), local_entity)


def _entity(job: Job, side: SideName, version: int, asked: Asked) -> Entity | None:
    snapshot = job.state.schema_snapshot(side, version)
    mapping = asked.mapping
    name = mapping.external if side == "external" else mapping.local
    return snapshot.schema.by_name.get(name) if snapshot else None


def _name(line: FieldMapping, side: SideName) -> str | None:
    return line.external if side == "external" else line.local


def refuse_emptied(run: Run, bound: BoundMapping) -> None:
    """StopRun where a field that was gone is back without a single value, and would empty the
    other side's: of a mapping that goes one way, for both ways the other side's values come back.
    """
    before = parsed(run.state.links_asked(bound.mapping.external))
    if before is None or run.approved or bound.is_downloaded is bound.is_uploaded:
        return
    gone = gone_between(run, before, asked_now(run, bound)).fields
    side, system, entity = (
        ("external", run.external, bound.external)
        if bound.is_downloaded
        else ("local", run.local, bound.local)
    )
    names = {
        name
        for line in bound.mapping.active_fields
        if place_of(line) in gone and (name := line.external if bound.is_downloaded else line.local)
    }
    for name in sorted(names):
        if _is_emptied(system, Query(entity, entity.key, run.now()), name):
            raise StopRun(
                f"{bound.mapping.external}: {side} field {name!r} was gone and is back without "
                "any value; copied, that would empty the other side.",
                remedy="Fill it again, or take it out of the mapping. If its emptiness is meant: "
                f"tandem sync {run.integration.name} --yes.",
            )


def _is_emptied(system: Connector, query: Query, name: str) -> bool:
    filled = Comparison(field=name, operator="not_null")
    return system.count(query) > 0 and system.count(replace(query, condition=filled)) == 0
