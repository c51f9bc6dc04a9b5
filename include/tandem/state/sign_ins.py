"""People's sign-ins, kept encrypted in the state database for all processes."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, Row, select, update

from tandem.database import writing
from tandem.errors import ConfigurationError
from tandem.model.sign_in import PendingSignIn
from tandem.state.migrate import open_database
from tandem.state.scope import insert_new
from tandem.state.sealing import Damaged, OtherKey, Seal
from tandem.state.sign_in_key import VARIABLE, SignInKey
from tandem.state.tables import sign_in as table

_log: Final = logging.getLogger(__name__)

_NOTHING_WAITS: Final = {"flow": None, "message": None, "expires_at": None}
_QUIET: Final = timedelta(minutes=15)
"""How long nobody waits after somebody has waited in vain: as long as that took, with Microsoft."""


class Waiting(NamedTuple):
    """A sign-in that waits for somebody, without its secrets."""

    name: str
    message: str
    expires_at: datetime


class SqlSignIns:
    """`tandem.connectors.sign_in.SignIns` in a database. It, and the key, are opened, or made,
    when they are needed: few connections have people who sign in.

    All of it raises ConfigurationError where another key would be needed: what somebody else can
    read is not replaced.
    """

    def __init__(self, url: Callable[[], str], key: SignInKey, now: Callable[[], datetime]) -> None:
        """`url`: that of the state database."""
        self._url = url
        self._key = key
        self._now = now
        self._told: set[bytes] = set()

    def tokens(self, name: str) -> str | None:
        """What was kept last; None, with a warning, if it is damaged."""
        row = self._row(name)
        return self._tokens_in(row) if row else None

    def keep_tokens(self, name: str, cache: str) -> None:
        """Keep it, encrypted; nothing waits any more."""
        tokens = self._seal.sealed(_place(name, "tokens"), cache)
        with self._locking(name) as (connection, row):
            self._tokens_in(row)
            self._set(connection, name, tokens=tokens, missed_at=None, **_NOTHING_WAITS)

    def pending(self, name: str) -> PendingSignIn | None:
        """What waits for its code and has not expired; None, with a warning, if it is damaged."""
        row = self._row(name)
        return self._pending_in(row) if row else None

    def begin(self, name: str, sign_in: PendingSignIn) -> PendingSignIn:
        """Let it wait, unless another one does already: that is the one that counts."""
        flow = self._seal.sealed(_place(name, "flow"), sign_in.flow)
        with self._locking(name) as (connection, row):
            self._tokens_in(row)
            before = self._pending_in(row)
            if before is None:
                waits = {"message": sign_in.message, "expires_at": sign_in.expires_at}
                self._set(connection, name, flow=flow, missed_at=None, **waits)
        return before or sign_in

    def end(self, name: str, sign_in: PendingSignIn) -> None:
        """Nothing waits any more, unless that is another one: messages hold codes."""
        self._end(name, sign_in, missed_at=None)

    def miss(self, name: str, sign_in: PendingSignIn) -> None:
        """Likewise, and nobody needs to wait for some time."""
        self._end(name, sign_in, missed_at=self._now())

    def was_missed(self, name: str) -> bool:
        """Whether somebody waited in vain in the last quarter of an hour."""
        row = self._row(name)
        missed_at = row.missed_at if row else None
        return missed_at is not None and self._now() < missed_at + _QUIET

    def waiting(self) -> list[Waiting]:
        """All that wait now, for people to see; the one that expires first comes first."""
        columns = (table.c.name, table.c.message, table.c.expires_at)
        query = select(*columns).where(table.c.flow.is_not(None)).order_by(table.c.expires_at)
        with self._engine.connect() as connection:
            found = [Waiting(*row) for row in connection.execute(query)]
        return [entry for entry in found if entry.expires_at > self._now()]

    def close(self) -> None:
        """Close all connections."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @cached_property
    def _engine(self) -> Engine:
        return open_database(self._url())

    @cached_property
    def _seal(self) -> Seal:
        return self._key.seal()

    def _row(self, name: str) -> Row[Any] | None:
        with self._engine.connect() as connection:
            return connection.execute(select(table).where(table.c.name == name)).first()

    @contextmanager
    def _locking(self, name: str) -> Iterator[tuple[Connection, Row[Any]]]:
        """A transaction, and the row of that name, which nobody else changes until its end."""
        with writing(self._engine) as connection:
            insert_new(connection, table, {"name": name, "updated_at": self._now()})
            query = select(table).where(table.c.name == name)
            yield connection, connection.execute(query.with_for_update()).one()

    def _set(self, connection: Connection, name: str, **values: Any) -> None:
        changed = update(table).where(table.c.name == name)
        connection.execute(changed.values(**values, updated_at=self._now()))

    def _end(self, name: str, sign_in: PendingSignIn, *, missed_at: datetime | None) -> None:
        with self._locking(name) as (connection, row):
            if row.message == sign_in.message:
                self._set(connection, name, missed_at=missed_at, **_NOTHING_WAITS)

    def _tokens_in(self, row: Row[Any]) -> str | None:
        return self._opened(row.name, "tokens", row.tokens) if row.tokens else None

    def _pending_in(self, row: Row[Any]) -> PendingSignIn | None:
        if row.flow is None or row.expires_at <= self._now():
            return None
        flow = self._opened(row.name, "flow", row.flow)
        return PendingSignIn(row.message, flow, row.expires_at) if flow else None

    def _opened(self, name: str, column: str, kept: bytes) -> str | None:
        try:
            return self._seal.opened(_place(name, column), kept)
        except Damaged:
            if kept not in self._told:
                self._told.add(kept)
                _log.warning("What was kept of the sign-in %s is damaged: sign in again.", name)
            return None
        except OtherKey:
            raise ConfigurationError(
                f"The sign-in {name} was encrypted with another key than the one in "
                f"{self._key.where}.",
                remedy=f"Whatever runs tasks or tests connections needs the same {VARIABLE}, or "
                f"the same file {self._key.file}. If that key is lost, delete this name's row "
                f"from the table {table.name} of the state database, and sign in again.",
            ) from None


def _place(name: str, column: str) -> str:
    return f"{column} of {name}"
