"""Lookups that wait, by the partner that is missing."""

from datetime import datetime
from typing import Final

from tandem.model.integration import Integration
from tandem.state.protocols import StateReader
from tandem.sync.people import deferred as use
from tandem.web.answers import Shown

WHY: Final[dict[use.Why, str]] = {
    "rejected": "It was read, and is rejected itself: mend that, and the lookup is completed.",
    "conflict": "It waits for a decision: both sides changed it.",
    "not mapped": "No enabled mapping is about its entity: map it, or leave the lookup out.",
    "arrived": "It has arrived: the next run completes the lookup.",
    "never seen": "It was never read: the filter of its mapping may leave it out, or it is not "
    "there at all.",
}


class PartnerShown(Shown):
    """A record that others refer to, and that has no partner yet."""

    target: str
    """Its external entity."""
    value: str
    """What the waiting records refer to."""
    entity: str
    """The external entity of the records that wait."""
    field: str
    """Their local field that waits."""
    count: int
    """How many wait."""
    waiting: tuple[str, ...]
    """The external ids of some of them, newest first."""
    newest: datetime
    why: use.Why
    explanation: str
    error: str | None
    """Why the partner is rejected."""


class UnfinishedShown(Shown):
    """A two-way record that was written without a lookup. What it waits for is not kept: every run
    looks at it anew, and so does an explanation.
    """

    entity: str
    side: str
    """The side that it was read from."""
    id: str
    looked_at: datetime


class Deferred(Shown):
    """Lookups that wait, newest first."""

    partners: tuple[PartnerShown, ...]
    """The partners that records wait for which are only downloaded."""
    more: bool
    """Whether there are more than these."""
    unfinished: tuple[UnfinishedShown, ...]
    """Two-way records that wait for a partner."""
    more_unfinished: bool


def shown_deferred(
    state: StateReader, integration: Integration, entity: str | None, *, size: int
) -> Deferred:
    """What records of that entity wait for; None: of all."""
    entities = [entity] if entity else []
    found = use.missing_partners(state, integration, entities, limit=size + 1)
    unfinished = use.unfinished(state, entities, limit=size + 1)
    return Deferred(
        partners=tuple(_shown(one) for one in found[:size]),
        more=len(found) > size,
        unfinished=tuple(
            UnfinishedShown(
                entity=one.entity, side=one.side, id=one.record_id, looked_at=one.created_at
            )
            for one in unfinished[:size]
        ),
        more_unfinished=len(unfinished) > size,
    )


def _shown(one: use.MissingPartner) -> PartnerShown:
    return PartnerShown(
        target=one.target,
        value=one.value,
        entity=one.entity,
        field=one.field,
        count=one.count,
        waiting=one.waiting,
        newest=one.newest,
        why=one.why,
        explanation=WHY[one.why],
        error=one.error,
    )
