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


class Deferred(Shown):
    """The partners that are missing, newest first."""

    partners: tuple[PartnerShown, ...]
    more: bool
    """Whether there are more than these."""


def shown_deferred(
    state: StateReader, integration: Integration, entity: str | None, *, size: int
) -> Deferred:
    """The missing partners of records of that entity; None: of all."""
    found = use.missing_partners(state, integration, [entity] if entity else [], limit=size + 1)
    return Deferred(partners=tuple(_shown(one) for one in found[:size]), more=len(found) > size)


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
