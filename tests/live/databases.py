"""PostgreSQL databases of a test's own, and a door to them that can be shut."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import Final

import psycopg
from tests.live.processes import uninterrupted

HOST: Final = "127.0.0.1"
PORT: Final = 5432
ADMIN: Final = f"postgresql://postgres@{HOST}:{PORT}/postgres"


def why_no_postgresql() -> str | None:
    """Why there is no PostgreSQL to test with; None if there is one."""
    try:
        psycopg.connect(ADMIN, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL at {HOST}:{PORT} for user postgres: {error}"
    return None


@contextmanager
def databases(*names: str) -> Iterator[list[str]]:
    """Empty databases while the block lasts; their names as PostgreSQL knows them."""
    ours = [f"tandem_live_{name}_{token_hex(4)}" for name in names]
    with psycopg.connect(ADMIN, autocommit=True) as admin:
        for name in ours:
            admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield ours
    finally:
        with uninterrupted(), psycopg.connect(ADMIN, autocommit=True) as admin:
            admin.execute("SET client_min_messages = warning")
            for name in ours:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class Door:
    """A TCP port that leads to PostgreSQL as long as it is open."""

    def __init__(self) -> None:
        self._listening = socket.create_server((HOST, 0))
        self.port = int(self._listening.getsockname()[1])
        self._open = True
        self._through: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._welcome, daemon=True).start()

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Who is in is thrown out, and nobody comes in, while the block lasts."""
        with self._lock:
            self._open = False
            self._throw_out()
        try:
            yield
        finally:
            with self._lock:
                self._open = True

    def remove(self) -> None:
        """Shut it for good."""
        with self._lock:
            self._open = False
            self._throw_out()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _welcome(self) -> None:
        while True:
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                if not self._open:
                    visitor.close()
                    continue
                inside = socket.create_connection((HOST, PORT))
                self._through |= {visitor, inside}
            for one, other in ((visitor, inside), (inside, visitor)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with self._lock:
            self._close(one, other)

    def _throw_out(self) -> None:
        self._close(*self._through)

    def _close(self, *sockets: socket.socket) -> None:
        for one in sockets:
            self._through.discard(one)
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
