"""Engines, transactions, bulk inserts, and what errors become."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from sqlalchemy import Connection, Engine, MetaData, Table, text
from sqlalchemy.exc import IntegrityError

from tandem.database import insert, open_engine, reading, writing
from tandem.errors import (
    AuthenticationError,
    ConfigurationError,
    TandemError,
    Unreachable,
)

AWKWARD = ["", None, 'say "hi"', "a,b", "two\nlines", "\r\n", "\\", "\\.", "\\N", " pad ", "ž🐎"]


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def run(url: str, *statements: str) -> None:
    with opened(url) as engine, writing(engine) as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(connection: Connection, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(statement))]


def put(url: str, table: str, columns: dict[str, pa.Array]) -> None:
    with opened(url) as engine, writing(engine) as connection:
        insert(connection, Table(table, MetaData()), pa.RecordBatch.from_pydict(columns))


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with opened(url) as engine, reading(engine) as connection:
        return rows(connection, statement)


def test_awkward_texts_are_inserted_as_they_are(database_url: str) -> None:
    run(database_url, "CREATE TABLE t (n integer, a text)")
    numbers = pa.array(range(len(AWKWARD)))
    put(database_url, "t", {"n": numbers, "a": pa.array(AWKWARD)})
    assert query(database_url, "SELECT a FROM t ORDER BY n") == [(value,) for value in AWKWARD]


def test_table_of_one_column_keeps_its_nulls_and_empty_texts(database_url: str) -> None:
    run(database_url, "CREATE TABLE t (a text)")
    put(database_url, "t", {"a": pa.array(["", None, "x", None])})
    assert query(database_url, "SELECT count(*), count(a) FROM t") == [(4, 2)]


def test_columns_are_found_by_name_and_names_are_quoted(database_url: str) -> None:
    run(database_url, 'CREATE TABLE "order" ("from" text, "a ""b%" integer, other text)')
    put(database_url, "order", {'a "b%': pa.array([1]), "from": pa.array(["x"])})
    assert query(database_url, 'SELECT * FROM "order"') == [("x", 1, None)]


def test_postgresql_takes_every_type_exactly(postgresql_url: str) -> None:
    run(
        postgresql_url,
        "CREATE TABLE t (a numeric, b timestamptz, c timestamp, d date, e time, f bytea,"
        " g boolean, h float8, i bigint, j uuid, k numeric(38, 20))",
    )
    moment = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    values = {
        "a": pa.array([Decimal("9" * 38)], pa.decimal128(38, 0)),
        "b": pa.array([moment], pa.timestamp("us", "UTC")),
        "c": pa.array([datetime(1, 1, 1)], pa.timestamp("us")),  # noqa: DTZ001
        "d": pa.array([date(1, 1, 1)]),
        "e": pa.array([time(23, 59, 59, 999999)], pa.time64("us")),
        "f": pa.array([b"\x00\\\xff"]),
        "g": pa.array([True]),
        "h": pa.array([0.1]),
        "i": pa.array([-(2**63)]),
        "j": pa.array(["6f9619ff-8b86-d011-b42d-00cf4fc964ff"]),
        "k": pa.array([Decimal("1E-20")], pa.decimal128(38, 20)),
    }
    put(postgresql_url, "t", values)
    ((a, b, c, d, e, f, g, h, i, j, k),) = query(postgresql_url, "SELECT * FROM t")
    assert (a, b, c) == (Decimal("9" * 38), moment, datetime(1, 1, 1))  # noqa: DTZ001
    assert (d, e, f, g) == (date(1, 1, 1), time(23, 59, 59, 999999), b"\x00\\\xff", True)
    assert (h, i, str(j)) == (0.1, -(2**63), "6f9619ff-8b86-d011-b42d-00cf4fc964ff")
    assert k == Decimal("1E-20")


def test_sqlite_keeps_what_it_has_no_type_for_as_text(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    run(url, "CREATE TABLE t (a DECIMAL_TEXT(18,2), b INSTANT_TEXT, c DATE_TEXT, d TIME_TEXT, e)")
    values = {
        "a": pa.array([Decimal("12.50"), Decimal("0.00")]),
        "b": pa.array([datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)] * 2),
        "c": pa.array([date(1, 1, 1)] * 2),
        "d": pa.array([time(1, 2)] * 2),
        "e": pa.array([True, False]),
    }
    put(url, "t", values)
    expected = ("2026-01-02 03:04:05.000000", "0001-01-01", "01:02:00.000000")
    assert query(url, "SELECT * FROM t") == [("12.5", *expected, 1), ("0", *expected, 0)]


def test_insert_that_fails_leaves_nothing(database_url: str) -> None:
    run(database_url, "CREATE TABLE t (id integer PRIMARY KEY)")
    records = pa.RecordBatch.from_pydict({"id": pa.array([1, 2, 2, 3])})
    with opened(database_url) as engine, writing(engine) as connection:
        with pytest.raises(IntegrityError), connection.begin_nested():
            insert(connection, Table("t", MetaData()), records)
        assert rows(connection, "SELECT count(*) FROM t") == [(0,)]
        insert(connection, Table("t", MetaData()), records.slice(0, 2))
    assert query(database_url, "SELECT count(*) FROM t") == [(2,)]


def test_insert_belongs_to_the_transaction(database_url: str) -> None:
    run(database_url, "CREATE TABLE t (id integer)")
    records = pa.RecordBatch.from_pydict({"id": pa.array([1])})

    def insert_and_fail(engine: Engine) -> None:
        with writing(engine) as connection:
            insert(connection, Table("t", MetaData()), records)
            raise ZeroDivisionError

    with opened(database_url) as engine, pytest.raises(ZeroDivisionError):
        insert_and_fail(engine)
    assert query(database_url, "SELECT count(*) FROM t") == [(0,)]


def test_reading_sees_one_moment(database_url: str) -> None:
    run(database_url, "CREATE TABLE t (id integer)", "INSERT INTO t VALUES (1)")
    with opened(database_url) as engine, reading(engine) as connection:
        assert rows(connection, "SELECT count(*) FROM t") == [(1,)]
        run(database_url, "INSERT INTO t VALUES (2)")
        assert rows(connection, "SELECT count(*) FROM t") == [(1,)]


def test_many_read_at_once(database_url: str) -> None:
    with opened(database_url) as engine, ExitStack() as readers:
        connections = [readers.enter_context(reading(engine)) for _ in range(33)]
        assert all(rows(connection, "SELECT 1") == [(1,)] for connection in connections)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_opened(url: str) -> None:
    assert query(url, "SELECT 1") == [(1,)]


def test_sqlite_writers_wait_for_each_other_and_readers_for_nobody(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    run(url, "CREATE TABLE t (id integer)")
    with opened(url) as engine, writing(engine):
        other = sqlite3.connect(tmp_path / "x.db", timeout=0)
        assert other.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO t VALUES (1)")
        other.close()


def test_sqlite_checks_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    run(url, "CREATE TABLE p (id integer PRIMARY KEY)", "CREATE TABLE c (p REFERENCES p (id))")
    with pytest.raises(IntegrityError):
        run(url, "INSERT INTO c VALUES (1)")


def test_sqlite_file_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as plain:
        plain.execute("CREATE TABLE t (id integer)")
    plain.close()
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    assert query(url, "SELECT count(*) FROM t") == [(0,)]
    with pytest.raises(ConfigurationError, match="readonly"):
        run(url, "INSERT INTO t VALUES (1)")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql://postgres@127.0.0.1:1/x", Unreachable),
        ("postgresql://postgres@no-such-host.invalid/x", Unreachable),
        ("sqlite:////no/such/folder/x.db", ConfigurationError),
        ("sqlite:////etc/hostname", ConfigurationError),
        ("nosuchdatabase://host/x", ConfigurationError),
        ("mssql+nosuchdriver://host/x", ConfigurationError),
        ("no url", ConfigurationError),
    ],
)
def test_database_that_cannot_be_opened_is_an_error_with_a_remedy(
    url: str, kind: type[TandemError]
) -> None:
    with pytest.raises(kind) as caught:
        query(url, "SELECT 1")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [("nobody:secret@127.0.0.1:5432/postgres", AuthenticationError),
     ("postgres:secret@127.0.0.1:5432/nothing", ConfigurationError)],
)  # fmt: skip
def test_wrong_login_or_database_is_told_apart(
    postgresql_url: str, wrong: str, kind: type[TandemError]
) -> None:
    assert postgresql_url
    with pytest.raises(kind) as caught:
        query(f"postgres://{wrong}", "SELECT 1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret@host:port/x", "//u:secret@host", "sqlite+secret:///x"]
)
def test_password_does_not_show_in_errors_about_the_url(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_engine(url)
    assert "u:secret" not in str(caught.value)


def test_table_that_is_not_there_is_a_configuration_error(database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="Read the schema again"):
        query(database_url, "SELECT * FROM nothing")
    with pytest.raises(ConfigurationError, match="Read the schema again"):
        put(database_url, "nothing", {"a": pa.array([1])})


def test_connection_that_the_server_cuts_is_retried_later(postgresql_url: str) -> None:
    def cut(engine: Engine) -> None:
        with writing(engine) as connection, psycopg.connect(postgresql_url) as admin:
            ((process,),) = rows(connection, "SELECT pg_backend_pid()")
            admin.execute("SELECT pg_terminate_backend(%s)", [process])
            connection.execute(text("SELECT 1"))

    with opened(postgresql_url) as engine:
        with pytest.raises(Unreachable):
            cut(engine)
        with reading(engine) as connection:
            assert rows(connection, "SELECT 1") == [(1,)]


def test_missing_permission_is_an_authentication_error(postgresql_url: str) -> None:
    with pytest.raises(AuthenticationError, match="permission denied"):
        run(postgresql_url, "SET LOCAL ROLE pg_monitor", "SELECT * FROM pg_authid")


def test_a_database_that_we_make_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    run(f"sqlite:///{path}", "CREATE TABLE t (a text)")
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_a_database_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "there.db"
    path.touch(mode=0o640)
    run(f"sqlite:///{path}", "CREATE TABLE t (a text)")
    assert oct(path.stat().st_mode & 0o777) == "0o640"


def test_values_of_a_statement_do_not_show_in_its_errors(database_url: str) -> None:
    run(database_url, "CREATE TABLE t (a text PRIMARY KEY)")
    statement = text("INSERT INTO t (a) VALUES (:a), (:a)")
    with opened(database_url) as engine, writing(engine) as connection:
        with pytest.raises(IntegrityError, match="parameters hidden") as raised:
            connection.execute(statement, {"a": "s3cret"})
        connection.rollback()
    assert "[parameters: " not in str(raised.value)
