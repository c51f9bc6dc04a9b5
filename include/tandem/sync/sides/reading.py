"""How a side of an entity is read in a run: from where, in which order, under which condition."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pyarrow.compute as pc

from tandem.connectors.base import DeltaReader, Query, Settler
from tandem.core.anchors import anchor_at, read_on, tracking_by, version_field
from tandem.core.changed_mapping.asked import is_alike, significant
from tandem.core.changed_mapping.rereading import AS_IT_WAS, EVERYTHING, Reread, reread
from tandem.core.filters.negation import can_be_negated, negated
from tandem.core.filters.relations import follows_lookups, own_fields
from tandem.core.mapping import BoundMapping
from tandem.model.asked import Asked, SideName, parsed
from tandem.model.changes import Anchor
from tandem.model.filters import AnyOf, Comparison, Condition, all_of, fields_of, moves_with_time
from tandem.model.integration import Constant, EntityMapping, Integration
from tandem.model.schema import ChangeTracking
from tandem.sync.changed_mapping.gone_between import SIDES, asked_now, gone_between
from tandem.sync.job import Job
from tandem.sync.sides.held import Side, external_side, local_side
from tandem.sync.sides.within import within


@dataclass(frozen=True, slots=True)
class Reading:
    """How one side of an entity is read in this run."""

    side: Side
    tracking: ChangeTracking
    field: str | None
    """The field that orders changes."""
    anchor: Anchor | None
    """Where to read on; None: everything."""
    condition: Condition | None
    """What is asked for, whether it changed or not."""
    again: Reread = AS_IT_WAS
    """What else has to be read, since the mapping was another one when the anchor was set."""

    @property
    def mode(self) -> str:
        """`full`, `incremental` or `window`, for people."""
        if self.side.job.window:
            return "window"
        return "incremental" if self.anchor else "full"

    def changes(self, overlap: timedelta) -> Query:
        """What the condition lets through and, unless it is all, changed since the anchor."""
        query = self.side.query(all_of(self.condition, self._new(overlap)))
        needed = [self.field] if self.field else []
        if self.tracking is ChangeTracking.DELTA:  # the condition is ours to apply
            needed += sorted(own_fields(fields_of(self.condition), self.side.entity))
        return replace(query, fields=tuple(dict.fromkeys([*query.fields, *needed])))

    @property
    def entered(self) -> Query | None:
        """Records that the filter lets through and the one before did not; None: as before."""
        if self.anchor is None or self.again.outside is None:
            return None
        return self.side.query(all_of(self.condition, negated(self.again.outside)))

    def _new(self, overlap: timedelta) -> Condition | None:
        """Changed since the anchor, or not asked for before."""
        since = self._since(overlap)
        if since is None or self.again.outside is None:
            return since
        return AnyOf(conditions=(since, negated(self.again.outside)))

    def _since(self, overlap: timedelta) -> Condition | None:
        """Changed since the anchor, or without version: those are read in every run."""
        if self.anchor is None or self.field is None:
            return None
        since = read_on(self.anchor, self.field, overlap)
        if not self.side.entity.field(self.field).nullable:
            return since
        unversioned = Comparison(field=self.field, operator="null")
        return AnyOf(conditions=(since, unversioned))


def external_reading(job: Job, bound: BoundMapping) -> Reading:
    """From where the external side is read: its anchor, unless the run or the mapping asks for
    all.
    """
    side, condition = external_side(job, bound), bound.mapping.download_filter
    delta = bound.external.capabilities.delta and isinstance(job.external, DeltaReader)
    if delta and not bound.mapping.version_number:
        return _reading(job, bound, side, ChangeTracking.DELTA, None, condition)
    field = version_field(bound.mapping, bound.external)
    return _reading(job, bound, side, tracking_by(bound.external, field), field, condition)


def local_reading(job: Job, bound: BoundMapping) -> Reading:
    """From where the local side is read: its anchor, where the mapping names a field that orders
    its changes; otherwise all of it.
    """
    field = bound.mapping.local_version_number
    side = local_side(job, bound)
    condition = side.evaluable(
        all_of(bound.mapping.upload_filter, owned(job.integration, bound.mapping))
    )
    tracking = tracking_by(bound.local, field)
    return _reading(job, bound, side, tracking, field, condition)


def _reading(
    job: Job,
    bound: BoundMapping,
    side: Side,
    tracking: ChangeTracking,
    field: str | None,
    condition: Condition | None,
) -> Reading:
    if job.window:
        # What waits is looked for by its id, whenever it was changed.
        changed = None if job.only_waiting else within(job, bound, side, job.window)
        return Reading(side, ChangeTracking.SNAPSHOT, None, None, all_of(condition, changed))
    moves = condition is not None and (
        moves_with_time(condition) or follows_lookups(condition, side.entity)
    )
    # A record enters such a filter without changing: by the clock, or as its lookup's target does.
    if tracking is ChangeTracking.SNAPSHOT or (moves and tracking is not ChangeTracking.DELTA):
        return Reading(side, ChangeTracking.SNAPSHOT, None, None, condition)
    anchor, again = None, AS_IT_WAS
    if job.kind == "sync" and job.mode == "auto" and not moves:
        anchor, again = _read_on(job, bound, side)
    known = anchor if anchor and anchor.kind is tracking else None
    return Reading(side, tracking, field, known, condition, again)


def _read_on(job: Job, bound: BoundMapping, side: Side) -> tuple[Anchor | None, Reread]:
    """The anchor of that side, and what else is to be read; no anchor: everything."""
    known = job.state.set_anchor(bound.mapping.external, side.name)
    if known is None:
        return None, AS_IT_WAS
    before = parsed(known.asked)
    if before is None or known.is_doubted or half_done(job, bound):
        return None, EVERYTHING
    again = _again(job, bound, before, _name(side))
    if again.outside and not can_be_negated(again.outside, side.entity):
        again = EVERYTHING
    return (None if again.everything else known.anchor), again


def half_done(job: Job, bound: BoundMapping) -> bool:
    """Whether the mapping is another one than that of the run before, which did not come to its
    end: it may have written records that no anchor accounts for.
    """
    entity = bound.mapping.external
    last, now = parsed(job.state.links_asked(entity)), asked_now(job, bound)
    if last is None or is_alike(last, now):
        return False
    anchors = [job.state.set_anchor(entity, side) for side in SIDES]
    told = [parsed(anchor.asked) for anchor in anchors if anchor and not anchor.is_doubted]
    return any(asked and not is_alike(asked, last) for asked in told)


def _again(job: Job, bound: BoundMapping, before: Asked, side: SideName) -> Reread:
    now = asked_now(job, bound)
    return reread(before, now, side, gone_between(job, before, now).fields)


def _name(side: Side) -> SideName:
    return "external" if side.name == "external" else "local"


def mapping_hash(mapping: EntityMapping) -> str:
    """Changes when the mapping asks for other records or other values than before."""
    asked = json.dumps(significant(mapping), sort_keys=True)
    return hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()


def greatest(reading: Reading) -> Anchor | None:
    """The anchor at the greatest version that the system has now, before anything is read.

    What changes during a long walk has a greater version, so the next run reads it again. Where
    the system tells up to where nothing can be committed any more, that is the anchor.
    """
    if reading.field is None:
        return None
    if is_settled(reading):
        return _settled(reading)
    side = reading.side
    query = Query(
        entity=side.entity,
        fields=(reading.field,),
        now=side.job.now(),
        condition=Comparison(field=reading.field, operator="not_null"),
        descending_by=reading.field,
        limit=1,
    )
    for page in side.connector.read(query):
        if page.records.num_rows:
            return anchor_at(reading.tracking, pc.max(page.records.column(reading.field)))
    return None


def is_settled(reading: Reading) -> bool:
    """Whether the system tells how far the field that orders changes is settled."""
    settled_by = reading.side.entity.capabilities.settled_by
    return bool(settled_by) and reading.field == settled_by


def _settled(reading: Reading) -> Anchor | None:
    """Up to where no change can come any more; None, so that the anchor stays where it is, if
    that could not be told: what is under way would be lost.
    """
    connector = reading.side.connector
    assert isinstance(connector, Settler)  # noqa: S101 - its capabilities say so
    version = connector.settled_version(reading.side.entity)
    return None if version is None else Anchor(kind=ChangeTracking.VERSION, value=str(version))


def has_news(reading: Reading) -> bool:
    """Whether anything may have changed since the anchor. Only a system that tells how far its
    versions are settled can say that nothing has; a mapping that changed asks for more.
    """
    anchor, connector = reading.anchor, reading.side.connector
    if anchor is None or reading.again != AS_IT_WAS or not is_settled(reading):
        return True
    assert isinstance(connector, Settler)  # noqa: S101 - its capabilities say so
    newest = connector.newest_version(reading.side.entity)
    return newest is None or newest > Decimal(anchor.value)


def owned(integration: Integration, mapping: EntityMapping) -> Condition | None:
    """Which records of a local entity are this mapping's, where several share it: those with its
    constants and in its upload filter, without the constants of another.
    """
    sharing = [m for m in integration.active_entities if m.local == mapping.local]
    if len(sharing) == 1:
        return None
    mine = _constants(mapping)
    equal = (Comparison(field=name, operator="eq", value=value) for name, value in mine.items())
    others = (_constants(other) for other in sharing if other is not mapping)
    return all_of(*equal, mapping.upload_filter, *(_without(mine, theirs) for theirs in others))


def _constants(mapping: EntityMapping) -> dict[str, Constant]:
    """Local field → the constant that tells the mapping's records apart."""
    return {
        field.local: field.constant
        for field in mapping.active_fields
        if field.local and field.constant is not None and field.external is None
    }


def _without(mine: Mapping[str, Constant], theirs: Mapping[str, Constant]) -> Condition | None:
    """That a record has not all of another mapping's constants, where mine do not settle it."""
    if theirs.items() <= mine.items() or any(
        name in mine and mine[name] != value for name, value in theirs.items()
    ):
        return None
    unequal = [Comparison(field=name, operator="ne", value=v) for name, v in theirs.items()]
    return unequal[0] if len(unequal) == 1 else AnyOf(conditions=tuple(unequal))
