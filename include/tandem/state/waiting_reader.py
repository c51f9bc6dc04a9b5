"""What waits, for those that only look."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Engine

from tandem.state import conflicts, deferred, questions, rechecks, rejected, transactions
from tandem.state.conflicts import ConflictEntry
from tandem.state.deferred import DeferredEntry, WantedEntry
from tandem.state.questions import QuestionEntry
from tandem.state.rechecks import RecheckEntry
from tandem.state.rejected import Place, ReasonEntry, RejectedEntry
from tandem.state.scope import Scope
from tandem.state.transactions import TransactionEntry


class SqlWaiting:
    """A `WaitingReader` over SQLite or PostgreSQL, for one integration."""

    def __init__(self, engine: Engine, integration: str) -> None:
        self._engine = engine
        self._integration = integration

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    @contextmanager
    def _looking(self, entity: str | None = None) -> Iterator[Scope]:
        with self._engine.connect() as connection:
            yield Scope(connection, self._integration, entity)

    def rejected_records(
        self,
        entity: str | None = None,
        *,
        status: str = "waiting",
        record_id: str | None = None,
        limit: int = 50,
        before: Place | None = None,
    ) -> list[RejectedEntry]:
        with self._looking(entity) as scope:
            return rejected.listed(
                scope, status=status, record_id=record_id, limit=limit, before=before
            )

    def rejected_of(self, entity: str, side: str, ids: pa.Array) -> list[RejectedEntry]:
        with self._looking(entity) as scope:
            return rejected.of_ids(scope, side, ids)

    def reasons_given(self, entity: str | None = None, *, limit: int) -> list[ReasonEntry]:
        with self._looking(entity) as scope:
            return rejected.reasons_given(scope, limit=limit)

    def rejected_since(
        self, entity: str, side: str, error_class: str, *, after: Place | None, until: datetime
    ) -> pa.Table:
        with self._looking(entity) as scope:
            return rejected.waiting_since(scope, side, error_class, after=after, until=until)

    def conflicts(
        self,
        entity: str | None = None,
        *,
        status: str | None = "open",
        record_id: str | None = None,
        limit: int = 50,
    ) -> list[ConflictEntry]:
        with self._looking(entity) as scope:
            return conflicts.listed(scope, status=status, record_id=record_id, limit=limit)

    def rejection_reasons(self, entity: str, side: str, ids: pa.Array) -> dict[str, str]:
        with self._looking(entity) as scope:
            return rejected.reasons(scope, side, ids)

    def rechecks_for(
        self, reason: str, entity: str | None = None, *, limit: int = 50
    ) -> list[RecheckEntry]:
        with self._looking(entity) as scope:
            return rechecks.listed(scope, reason, limit=limit)

    def wanted_partners(
        self, entity: str | None = None, *, limit: int = 50, some: int = 5
    ) -> list[WantedEntry]:
        with self._looking(entity) as scope:
            return deferred.wanted(scope, limit=limit, some=some)

    def withheld_deletes(
        self, entity: str | None = None, *, limit: int = 50
    ) -> list[TransactionEntry]:
        with self._looking(entity) as scope:
            return transactions.withheld(scope, limit=limit)

    def deleted(self, entity: str, side: str, run_id: str, local_ids: pa.Array) -> pa.Array:
        with self._looking(entity) as scope:
            return transactions.deleted(scope, run_id, side, local_ids)

    def deferred_lookups(
        self, entity: str | None = None, *, record_id: str | None = None, limit: int = 50
    ) -> list[DeferredEntry]:
        with self._looking(entity) as scope:
            return deferred.listed(scope, record_id=record_id, limit=limit)

    def questions(self, fingerprint: str | None = None, *, limit: int = 50) -> list[QuestionEntry]:
        with self._looking() as scope:
            return questions.listed(scope, fingerprint, limit=limit)
