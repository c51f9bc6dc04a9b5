"""How the state database itself is, without migrating it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, exists, func, select, text

from tandem.database import open_engine, writing
from tandem.state.lease import holder
from tandem.state.migrate import found_revision
from tandem.state.scope import Scope
from tandem.state.tables import (
    conflict,
    expired,
    lease,
    log,
    question,
    rejected,
    sign_in,
    transaction,
)

_WAITING: Final[dict[str, tuple[Table, str]]] = {
    "rejected records": (rejected, "waiting"),
    "conflicts": (conflict, "open"),
    "withheld deletions": (transaction, "pending"),
}


class Waiting(NamedTuple):
    """What of an integration waits for a cause to go away, or for a person."""

    integration: str
    what: str
    rows: int
    since: datetime
    """The oldest of them."""


class AtWork(NamedTuple):
    """A run that has the lease of its integration, or has never given it back."""

    integration: str
    run_id: str
    since: datetime | None
    """When its first entity began; None: none did."""
    alive: bool
    """Whether it holds the lease still."""


class Asking(NamedTuple):
    """A run that waits for a person's approval, unless it was ended meanwhile."""

    integration: str
    run_id: str
    since: datetime


class _Undone(Exception):
    pass


class Diagnosis:
    """A state database, of all integrations, as it is."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        address = self._engine.url
        self.kind = address.get_backend_name()
        self.exists = self.kind != "sqlite" or Path(address.database or "").exists()

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def revision(self) -> str | None:
        """The newest migration of the database; None: it has no tables of ours yet."""
        with self._engine.connect() as connection:
            return found_revision(connection)

    def try_writing(self) -> None:
        """Write a row and take it back; a TandemError if that is refused."""
        try:
            with writing(self._engine) as connection:
                row = {"integration": "tandem doctor", "entity": "tandem doctor", "loads": 0}
                connection.execute(expired.insert().values(row))
                raise _Undone
        except _Undone:
            return

    def clock(self) -> datetime | None:
        """What time it is for the database; None where it has no clock of its own."""
        if self._engine.dialect.name != "postgresql":
            return None
        with self._engine.connect() as connection:
            found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return found

    def waiting(self) -> list[Waiting]:
        """What waits, by integration and kind."""
        with self._engine.connect() as connection:
            return [found for kind in _WAITING for found in self._waiting(connection, kind)]

    def _waiting(self, connection: Connection, what: str) -> Iterator[Waiting]:
        table, status = _WAITING[what]
        since: Any = func.min(table.c.created_at)
        query = select(table.c.integration, func.count(), since).where(table.c.status == status)
        for name, count, oldest in connection.execute(query.group_by(table.c.integration)):
            yield Waiting(name, what, count, oldest)

    def at_work(self, now: datetime) -> list[AtWork]:
        """The runs that have a lease."""
        held = select(lease.c.integration, lease.c.holder).where(lease.c.holder.is_not(None))
        found = []
        with self._engine.connect() as connection:
            for name, run_id in connection.execute(held).all():
                begun: Any = select(func.min(log.c.started_at)).where(
                    log.c.integration == name, log.c.run_id == run_id
                )
                alive = holder(Scope(connection, name), now) is not None
                found.append(AtWork(name, run_id, connection.scalar(begun), alive))
        return found

    def asking(self, after: datetime) -> list[Asking]:
        """Whose question has no answer, was asked after that time, and may be waited for: its
        integration's last, whose run has begun no entity since. A run that waits has no lease.
        """
        last = select(func.max(question.c.id)).group_by(question.c.integration)
        went_on = exists().where(
            log.c.integration == question.c.integration,
            log.c.run_id == question.c.run_id,
            log.c.started_at > question.c.asked_at,
        )
        query = select(question.c.integration, question.c.run_id, question.c.asked_at).where(
            question.c.id.in_(last),
            question.c.answer.is_(None),
            question.c.asked_at > after,
            ~went_on,
        )
        with self._engine.connect() as connection:
            return [Asking(*row) for row in connection.execute(query)]

    def last_started(self, integration: str) -> datetime | None:
        """When the last sync of the integration began that loaded anything."""
        mine = (log.c.integration == integration, log.c.kind == "sync")
        query: Any = select(log.c.started_at).where(*mine, log.c.status.in_(("success", "partial")))
        with self._engine.connect() as connection:
            found: datetime | None = connection.scalar(query.order_by(log.c.id.desc()).limit(1))
            return found

    def sign_in_names(self) -> list[str]:
        """The applications that people have signed in to."""
        with self._engine.connect() as connection:
            return list(
                connection.scalars(select(sign_in.c.name).where(sign_in.c.tokens.is_not(None)))
            )
