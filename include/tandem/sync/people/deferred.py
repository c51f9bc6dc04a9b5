"""Lookups that wait: which partners are missing, what waits for them, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tandem.model.integration import Integration
from tandem.state.protocols import StateReader

Why = Literal["rejected", "conflict", "not mapped", "arrived", "never seen"]
"""Why a partner is missing: it is rejected itself; a person has to decide about it; its entity is
not mapped; it has arrived, and the next run completes the lookup; or it never was read (it may be
out of the filter, or not be there at all)."""


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
    """The partners that are waited for, the newest first, at most so many."""
    raise NotImplementedError
