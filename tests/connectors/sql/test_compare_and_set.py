"""Rows that others change while we write: nobody's change is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from tandem.conformance.subject import NOW, batch_of, records_of
from tandem.connectors.base import Query, Written
from tandem.connectors.sql import SqlConnector
from tandem.model.connection import Connection
from tandem.model.schema import Entity

System = Callable[..., AbstractContextManager[SqlConnector]]

TABLE = "CREATE TABLE account (id integer PRIMARY KEY, name text, visits integer)"
ROWS = "INSERT INTO account VALUES (1, 'Ada', 0), (2, 'Bob', 0), (3, 'Cyd', 0)"


@pytest.fixture
def accounts(database_url: str, system: System) -> Iterator[tuple[SqlConnector, Entity]]:
    with system(database_url, TABLE, ROWS) as connector:
        yield connector, connector.schema().entity("account")


@pytest.fixture
def contested(postgresql_url: str, system: System) -> Iterator["Contested"]:
    """A table in PostgreSQL, and another writer with a transaction that is open."""
    with (
        system(postgresql_url, TABLE, ROWS) as connector,
        psycopg.connect(postgresql_url) as other,
        psycopg.connect(postgresql_url, autocommit=True) as watcher,
        ThreadPoolExecutor(max_workers=1) as pool,
    ):
        yield Contested(connector, other, watcher, pool)


class Contested:
    def __init__(
        self,
        connector: SqlConnector,
        other: psycopg.Connection,
        watcher: psycopg.Connection,
        pool: ThreadPoolExecutor,
    ) -> None:
        self.connector = connector
        self.entity = connector.schema().entity("account")
        self.other = other
        self._watcher = watcher
        self._pool = pool

    @contextmanager
    def waiting(self, write: Callable[[], Written]) -> Iterator[Future[Written]]:
        """Within the block our write waits for the other transaction."""
        ours = self._pool.submit(write)
        while not self._blocked():
            assert not ours.done(), f"did not wait: {ours.result()}"
        yield ours

    def _blocked(self) -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        found = self._watcher.execute(query, [self.other.info.backend_pid]).fetchone()
        return bool(found and found[0])

    def update(self, seen: list[dict[str, Any]], **values: Any) -> Callable[[], Written]:
        """Give Ada, Bob and Cyd these values, if they are as seen."""
        changes = batch_of(self.entity, [{"id": n, **values} for n in (1, 2, 3)])
        return lambda: self.connector.update(self.entity, changes, seen=batch_of(self.entity, seen))


def names(connector: SqlConnector, entity: Entity) -> list[tuple[str, int]]:
    records = records_of(list(connector.read(Query(entity, ("name", "visits"), NOW))))
    return [(record["name"], record["visits"]) for record in records]


SEEN = [{"name": "Ada"}, {"name": "Bob"}, {"name": "Cyd"}]


def test_update_does_not_overwrite_what_was_committed_while_it_waited(
    contested: Contested,
) -> None:
    contested.other.execute("UPDATE account SET name = 'Barbara' WHERE id = 2")
    with contested.waiting(contested.update(SEEN, name="ours")) as ours:
        contested.other.commit()
    assert ours.result() == Written(changed=(1,))
    assert names(contested.connector, contested.entity) == [
        ("ours", 0),
        ("Barbara", 0),
        ("ours", 0),
    ]


def test_update_is_made_when_the_other_writer_gives_up(contested: Contested) -> None:
    contested.other.execute("UPDATE account SET name = 'Barbara' WHERE id = 2")
    with contested.waiting(contested.update(SEEN, name="ours")) as ours:
        contested.other.rollback()
    assert ours.result() == Written()


def test_update_keeps_a_change_of_a_field_that_is_neither_seen_nor_given(
    contested: Contested,
) -> None:
    contested.other.execute("UPDATE account SET visits = 7 WHERE id = 2")
    with contested.waiting(contested.update(SEEN, name="ours")) as ours:
        contested.other.commit()
    assert ours.result() == Written()
    assert names(contested.connector, contested.entity)[1] == ("ours", 7)


def test_record_that_is_deleted_while_an_update_waits_is_missing(contested: Contested) -> None:
    contested.other.execute("DELETE FROM account WHERE id = 3")
    with contested.waiting(contested.update(SEEN, name="ours")) as ours:
        contested.other.commit()
    assert ours.result() == Written(missing=(2,))


def test_delete_leaves_what_was_changed_while_it_waited(contested: Contested) -> None:
    keys = batch_of(contested.entity, [{"id": n} for n in (1, 2, 3)])
    seen = batch_of(contested.entity, SEEN)
    contested.other.execute("UPDATE account SET name = 'Barbara' WHERE id = 2")

    def delete() -> Written:
        return contested.connector.delete(contested.entity, keys, seen=seen)

    with contested.waiting(delete) as ours:
        contested.other.commit()
    assert ours.result() == Written(changed=(1,))
    assert names(contested.connector, contested.entity) == [("Barbara", 0)]


@pytest.mark.parametrize(
    ("theirs", "expected"), [("Dora", Written(changed=(1,))), ("Dan", Written())]
)
def test_record_that_is_created_while_a_create_waits(
    contested: Contested, theirs: str, expected: Written
) -> None:
    new = batch_of(contested.entity, [{"id": n, "name": "Dan"} for n in (4, 5, 6)])
    contested.other.execute("INSERT INTO account VALUES (5, %s)", [theirs])
    with contested.waiting(lambda: contested.connector.create(contested.entity, new)) as ours:
        contested.other.commit()
    assert ours.result() == expected
    assert [name for name, _ in names(contested.connector, contested.entity)[3:]] == [
        "Dan", theirs, "Dan"
    ]  # fmt: skip


def test_no_increment_of_several_writers_is_lost(database_url: str, system: System) -> None:
    """Each reads, adds one, and writes if nobody else did; else it reads again."""
    writers, rounds = 4, 8

    def count_up(connector: SqlConnector) -> None:
        entity = connector.schema().entity("account")
        done = 0
        while done < rounds:
            query = Query(entity, ("id", "visits"), NOW)
            seen = next(iter(connector.read(query))).records
            more = [{**r, "visits": r["visits"] + 1} for r in seen.to_pylist()]
            written = connector.update(entity, batch_of(entity, more), seen=seen.select(["visits"]))
            assert written in (Written(), Written(changed=(0,)))
            done += written == Written()

    with system(database_url, TABLE, "INSERT INTO account VALUES (1, 'Ada', 0)") as one:
        entity = one.schema().entity("account")
        connection = Connection(id="here", conn_type="sql", extra={"url": database_url})
        others = [SqlConnector(connection) for _ in range(writers - 1)]
        with ThreadPoolExecutor(max_workers=writers) as pool:
            list(pool.map(count_up, [one, *others]))
        for other in others:
            other.close()
        assert names(one, entity) == [("Ada", writers * rounds)]


def test_null_that_was_seen_is_compared_too(accounts: tuple[SqlConnector, Entity]) -> None:
    connector, entity = accounts
    connector.update(entity, batch_of(entity, [{"id": 1, "name": None}]))
    changes = batch_of(entity, [{"id": n, "visits": 1} for n in (1, 2)])
    seen = batch_of(entity, [{"name": None}, {"name": None}])
    assert connector.update(entity, changes, seen=seen) == Written(changed=(1,))


def test_values_that_the_database_writes_otherwise_are_what_was_seen(
    tmp_path: object, system: System
) -> None:
    """What other programs left in SQLite has many forms; what counts is what a reader sees."""
    with system(
        f"sqlite:///{tmp_path}/x.db",
        "CREATE TABLE t (id integer PRIMARY KEY, d DATETIME, g UUID, p NUMERIC(9, 2), b BOOLEAN)",
        "INSERT INTO t VALUES (1, '2024-02-29T12:30', upper('6f9619ff-8b86-d011-b42d-00cf4fc964ff')"
        ", '1.50', 'true')",
    ) as connector:
        entity = connector.schema().entity("t")
        seen = [page.records for page in connector.read(Query(entity, ("d", "g", "p", "b"), NOW))]
        assert seen[0].num_rows == 1
        keys = pa.RecordBatch.from_pydict({"id": [1]})
        assert connector.delete(entity, keys, seen=seen[0]) == Written()
