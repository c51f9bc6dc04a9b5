"""The lease: one run at a time writes for an integration, and one that was overtaken no more.

Every run that takes over gets the next epoch. What a run writes is fenced: in the same
transaction it looks whether the lease is its own still, and keeps it from being taken until then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, Update, select, update

from tandem.database import writing
from tandem.errors import Busy, StopRun
from tandem.state.process import is_alive
from tandem.state.scope import Scope, insert_new, wait_for_locks
from tandem.state.tables import lease


@dataclass(frozen=True, slots=True)
class _Held:
    run_id: str
    epoch: int


class Lease:
    """The lease of one integration, as one process sees it."""

    def __init__(self, engine: Engine, integration: str) -> None:
        self._engine = engine
        self._integration = integration
        self._held: _Held | None = None

    def acquire(self, run_id: str, *, process: str | None, now: datetime, ttl: timedelta) -> int:
        """Take the lease for this run until `now + ttl`, or keep it; its epoch.

        Raises Busy while another run holds it: until it lets go, its time is over, or the
        process that it named (`tandem.state.process.this_process`) is known to have ended.
        """
        with self._locking() as connection:
            found = self._row(connection)
            if not _may_take(found, run_id, now):
                until = found.expires_at.astimezone(UTC)
                raise Busy(
                    f"Another run ({found.holder}) of {self._integration} is at work.",
                    remedy="Wait until it ends. If it was killed, its turn is over at "
                    f"{until:%Y-%m-%d %H:%M:%S} UTC.",
                )
            epoch = found.epoch + (found.holder != run_id)
            taken = {"holder": run_id, "epoch": epoch, "process": process}
            mine = lease.c.integration == self._integration
            connection.execute(update(lease).where(mine).values(**taken, expires_at=now + ttl))
        self._held = _Held(run_id, epoch)
        return int(epoch)

    def renew(self, *, now: datetime, ttl: timedelta) -> None:
        """Hold it until `now + ttl`. Raises StopRun if another run has it."""
        held = self._held
        if held is None:
            return
        with self._locking() as connection:
            longer = self._update(held).values(expires_at=now + ttl)
            if connection.execute(longer).rowcount == 0:
                raise self._lost(held)

    def release(self) -> None:
        """Let go, if it is ours still. What is written afterwards is refused."""
        if self._held is not None:
            with self._locking() as connection:
                free = self._update(self._held)
                connection.execute(free.values(holder=None, process=None, expires_at=None))

    def check(self, connection: Connection) -> None:
        """Raise StopRun unless it is ours until the end of the transaction, or never was."""
        held = self._held
        if held is None:
            return
        query = select(lease.c.epoch).where(*self._mine(held))
        # PostgreSQL: a run that takes over waits for us, or we for it and find it there.
        if connection.execute(query.with_for_update(read=True)).first() is None:
            raise self._lost(held)

    @contextmanager
    def _locking(self) -> Iterator[Connection]:
        with writing(self._engine) as connection:
            wait_for_locks(connection)
            yield connection

    def _row(self, connection: Connection) -> Row[Any]:
        """The lease, made if there is none, and locked."""
        insert_new(connection, lease, {"integration": self._integration, "epoch": 0})
        query = select(lease).where(lease.c.integration == self._integration)
        return connection.execute(query.with_for_update()).one()

    def _update(self, held: _Held) -> Update:
        return update(lease).where(*self._mine(held))

    def _mine(self, held: _Held) -> tuple[Any, ...]:
        mine = lease.c.integration == self._integration
        return mine, lease.c.holder == held.run_id, lease.c.epoch == held.epoch

    def _lost(self, held: _Held) -> StopRun:
        return StopRun(
            f"Another run took over {self._integration} from this one ({held.run_id}).",
            remedy="Nothing was lost: what this run had not finished is left to the other.",
        )


def holder(scope: Scope, now: datetime) -> str | None:
    """The run that holds the lease: it is at work."""
    found = scope.connection.execute(select(lease).where(*scope.mine(lease))).first()
    return None if found is None or _may_take(found, None, now) else str(found.holder)


def _may_take(found: Row[Any], run_id: str | None, now: datetime) -> bool:
    if found.holder in (None, run_id) or found.expires_at <= now:
        return True
    return found.process is not None and is_alive(found.process) is False
