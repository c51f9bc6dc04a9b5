"""The databases that are loaded into: made afresh for each run, and read back afterwards."""

import os
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from benchmarks.fields import TABLE

SERVER = os.environ.get("BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
DATABASE = "tandem_bench"


@dataclass(frozen=True, slots=True)
class Totals:
    """What stands in the target: hundredths of amount, millionths of balance."""

    rows: int
    max_version: int
    amount: int
    balance: Decimal | int | None


@dataclass(frozen=True, slots=True)
class Postgres:
    """A database of its own on a PostgreSQL server."""

    name: str = "postgres"

    @property
    def address(self) -> str:
        """Its libpq URL."""
        return self.database(DATABASE)

    def database(self, name: str) -> str:
        """The libpq URL of a database on that server."""
        return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))

    def refresh(self, name: str = DATABASE) -> None:
        """An empty database of that name, whatever was there before."""
        self.drop(name)
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            connection.execute("CHECKPOINT")  # what others left to write is not this run's

    def drop(self, name: str = DATABASE) -> None:
        """Remove the database."""
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def totals(self) -> Totals:
        """What stands in the table."""
        query = (
            "SELECT count(*), max(row_version), sum(round(amount::numeric * 100)),"
            f" sum(balance::numeric * 1000000) FROM {TABLE}"
        )
        with psycopg.connect(self.address) as connection:
            rows, version, amount, balance = connection.execute(query).fetchone() or ()
        return Totals(rows, version, int(amount), balance)

    def cpu_seconds(self) -> float | None:
        """CPU time of all server processes that have ended; None if the server is elsewhere."""
        with psycopg.connect(SERVER) as connection:
            own = Path(f"/proc/{connection.info.backend_pid}/stat")
            if not own.exists() or "postgres" not in own.read_text():
                return None
            parent = Path(f"/proc/{_stat(own)[1]}/stat")
        user, system = _stat(parent)[13:15]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sqlite:
    """A file of its own."""

    folder: Path
    name: str = "sqlite"

    @property
    def address(self) -> str:
        """Its path."""
        return str(self.folder / "target.db")

    def refresh(self) -> None:
        """No file."""
        self.drop()
        self.folder.mkdir(parents=True, exist_ok=True)

    def drop(self) -> None:
        """Remove the file, with its journals."""
        for file in self.folder.glob("target.db*"):
            file.unlink()

    def totals(self) -> Totals:
        """What stands in the table."""
        query = (
            "SELECT count(*), max(row_version), sum(CAST(round(amount * 100) AS INTEGER))"
            f" FROM {TABLE}"
        )
        with sqlite3.connect(self.address) as connection:
            rows, version, amount = connection.execute(query).fetchone()
            cells = connection.execute(f"SELECT balance FROM {TABLE} WHERE balance IS NOT NULL")
            balance = sum(Decimal(str(cell)) for (cell,) in cells)
        return Totals(rows, version, amount, balance * 1_000_000)

    def cpu_seconds(self) -> float | None:
        """SQLite works inside the contestant."""
        return None


def _stat(path: Path) -> list[str]:
    """Fields of /proc/PID/stat from the state on, which is number 3 there (proc(5))."""
    return path.read_text().rpartition(")")[2].split()
