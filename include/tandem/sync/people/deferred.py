"""Lookups that wait: which partners are missing, what waits for them, and why."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import pyarrow as pa

from tandem.model.integration import Integration
from tandem.state.deferred import WantedEntry
from tandem.state.protocols import StateReader
from tandem.state.rechecks import WAITS, RecheckEntry

_SOME: Final = 5
"""So many ids of records that wait for the same partner are shown."""

Why = Literal["rejected", "conflict", "not mapped", "arrived", "never seen"]
"""Why a partner is missing: it is rejected itself; a person has to decide about it; its entity is
not mapped; it has arrived, and the next run completes the lookup; or it never was read (it may be
out of the filter, or not be there at all). One that is looked up
by another field than its key is not recognised: it counts as never seen."""


@dataclass(frozen=True, slots=True)
class MissingPartner:
    """A record that others refer to and that has no partner yet."""

    entity: str
    """Whose records wait (external entity)."""
    field: str
    """The local field that waits."""
    target: str
    """The external entity that is looked up."""
    value: str
    """What the external records refer to."""
    count: int
    """How many records wait for it."""
    waiting: tuple[str, ...]
    """External ids of some of them, newest first."""
    newest: datetime
    why: Why
    error: str | None = None
    """Why the partner is rejected, if it is."""


def missing_partners(
    state: StateReader,
    integration: Integration,
    entities: Sequence[str] = (),
    *,
    limit: int = 50,
) -> list[MissingPartner]:
    """The partners that records which are only downloaded wait for, the newest first, at most so
    many; `unfinished` are those of two-way mappings.
    """
    asked: list[str | None] = [*entities] or [None]
    found = [w for one in asked for w in state.wanted_partners(one, limit=limit, some=_SOME)]
    newest = sorted(found, key=lambda wanted: wanted.newest, reverse=True)[:limit]
    mapped = {mapping.external for mapping in integration.active_entities}
    known = _Known(state, newest, mapped)
    return [known.missing(wanted) for wanted in newest]


def unfinished(
    state: StateReader, entities: Sequence[str] = (), *, limit: int = 50
) -> list[RecheckEntry]:
    """Records of two-way mappings that were written without a lookup, newest first.

    Nothing is kept of what they wait for: every run looks at them again, and an explanation of the
    record tells it.
    """
    asked: list[str | None] = [*entities] or [None]
    found = [one for entity in asked for one in state.rechecks_for(WAITS, entity, limit=limit)]
    return sorted(found, key=lambda one: one.created_at, reverse=True)[:limit]


class _Known:
    """What the state knows of the partners that are waited for; looked up by target."""

    def __init__(
        self, state: StateReader, wanted: Sequence[WantedEntry], mapped: Collection[str]
    ) -> None:
        self._state = state
        self._mapped = mapped
        self._linked: set[tuple[str, str]] = set()
        self._errors: dict[tuple[str, str], str] = {}
        values = defaultdict(list)
        for one in wanted:
            values[one.target].append(one.value)
        for target, ids in values.items():
            array = pa.array(ids, pa.string())
            links = state.links(target, "external", array)
            self._linked |= {(target, id_) for id_ in links["external_id"].to_pylist()}
            reasons = state.rejection_reasons(target, "external", array)
            self._errors |= {(target, id_): reason for id_, reason in reasons.items()}

    def missing(self, one: WantedEntry) -> MissingPartner:
        """The partner, and why it is missing."""
        error = self._errors.get((one.target, one.value))
        return MissingPartner(
            entity=one.entity,
            field=one.field,
            target=one.target,
            value=one.value,
            count=one.count,
            waiting=one.waiting,
            newest=one.newest,
            why=self._why(one),
            error=error,
        )

    def _why(self, one: WantedEntry) -> Why:
        place = (one.target, one.value)
        if one.target not in self._mapped:
            return "not mapped"
        if place in self._linked:
            return "arrived"
        if place in self._errors:
            return "rejected"
        if self._state.conflicts(one.target, record_id=one.value, limit=1):
            return "conflict"
        return "never seen"
