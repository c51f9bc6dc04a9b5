"""What the state can be asked about what waits: for a person, or for another record."""

from datetime import datetime
from typing import Protocol

import pyarrow as pa

from tandem.state.conflicts import ConflictEntry
from tandem.state.deferred import DeferredEntry, WantedEntry
from tandem.state.rechecks import RecheckEntry
from tandem.state.rejected import Place, ReasonEntry, RejectedEntry
from tandem.state.transactions import TransactionEntry


class WaitingReader(Protocol):
    """What waits, as people look at it."""

    def rejected_records(
        self,
        entity: str | None = None,
        *,
        status: str = "waiting",
        record_id: str | None = None,
        limit: int = 50,
        before: Place | None = None,
    ) -> list[RejectedEntry]:
        """Rejected records, newest first, those after the place `before`."""
        ...

    def conflicts(
        self,
        entity: str | None = None,
        *,
        status: str | None = "open",
        record_id: str | None = None,
        limit: int = 50,
    ) -> list[ConflictEntry]:
        """Conflicts, newest first; `record_id` is of either side, status None is any."""
        ...

    def rejected_of(self, entity: str, side: str, ids: pa.Array) -> list[RejectedEntry]:
        """Of these records of that side, those that are rejected and wait."""
        ...

    def reasons_given(self, entity: str | None = None, *, limit: int) -> list[ReasonEntry]:
        """The different reasons of rejected records that wait, the newest first."""
        ...

    def rejected_since(
        self, entity: str, side: str, error_class: str, *, after: Place | None, until: datetime
    ) -> pa.Table:
        """Those of that side and class that wait since then or longer: record_id, error and
        updated_at, the oldest first; those after the place `after`.
        """
        ...

    def rejection_reasons(self, entity: str, side: str, ids: pa.Array) -> dict[str, str]:
        """Of these records of that side, those that are rejected and wait, and why."""
        ...

    def rechecks_for(
        self, reason: str, entity: str | None = None, *, limit: int = 50
    ) -> list[RecheckEntry]:
        """The records that the next run reads by id for that reason, newest first."""
        ...

    def wanted_partners(
        self, entity: str | None = None, *, limit: int = 50, some: int = 5
    ) -> list[WantedEntry]:
        """The records that lookups wait for, newest first, with ids of `some` that wait."""
        ...

    def withheld_deletes(
        self, entity: str | None = None, *, limit: int = 50
    ) -> list[TransactionEntry]:
        """Deletes that wait for approval, newest first; `request` is the record, as JSON."""
        ...

    def deleted(self, entity: str, side: str, run_id: str, local_ids: pa.Array) -> pa.Array:
        """Of these pairs, by their local ids, those whose record on that side the run deleted."""
        ...

    def deferred_lookups(
        self, entity: str | None = None, *, record_id: str | None = None, limit: int = 50
    ) -> list[DeferredEntry]:
        """Lookups that wait for their partner, newest first; `record_id` is of either side."""
        ...
