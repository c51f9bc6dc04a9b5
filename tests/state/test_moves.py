"""The state database goes up and down, a migration at a time, with what both versions know."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, Engine, Integer, LargeBinary, MetaData, Table, select

from tandem.database import open_engine, writing
from tandem.errors import Busy, ConfigurationError
from tandem.state import moves
from tandem.state.migrate import HEAD, alembic_config, ensure_current
from tandem.state.store import open_state
from tandem.state.tables import metadata

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = AT + timedelta(days=30)
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def engine(database_url: str):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def fill(engine: Engine) -> None:
    """Two rows in every table."""
    with writing(engine) as connection:
        for table in metadata.sorted_tables:
            for number in (1, 2):
                connection.execute(table.insert().values(values_of(table, number)))


def values_of(table: Table, number: int) -> dict[str, Any]:
    def value(column: Any) -> Any:
        if isinstance(column.type, Integer | BigInteger):
            return number
        if isinstance(column.type, LargeBinary):
            return bytes([number, 0, 255])
        if column.name in ("started_at", "finished_at") or column.name.endswith("_at"):
            return AT + timedelta(days=number)
        return f"{column.name} {number} ž ' %s"

    return {column.name: value(column) for column in table.columns}


def found(engine: Engine) -> Rows:
    """All rows of all tables, as the database has them."""
    known = MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        return {
            name: sorted(
                (dict(row) for row in connection.execute(select(table)).mappings()), key=repr
            )
            for name, table in known.tables.items()
            if name != "alembic_version"
        }


def shared(rows: Rows, others: Rows) -> Rows:
    """What of these rows the others' tables and columns could hold too."""
    return {
        name: [{c: v for c, v in row.items() if c in others[name][0]} for row in rows[name]]
        for name in rows.keys() & others.keys()
    }


def shape(engine: Engine) -> Any:
    """Columns, keys and indexes of all tables."""
    known = MetaData()
    known.reflect(engine)
    return {
        name: (
            {c.name: (str(c.type), c.nullable) for c in table.columns},
            [c.name for c in table.primary_key],
            {i.name: ([c.name for c in i.columns], i.unique) for i in table.indexes},
        )
        for name, table in known.tables.items()
    }


def to(engine: Engine, move: Any, revision: str) -> None:
    with writing(engine) as connection:
        move(alembic_config(connection), revision)


def test_down_one_by_one_and_up_again_keeps_what_both_versions_know(engine):
    shapes = {}
    for revision in moves.revisions():
        to(engine, command.upgrade, revision)
        shapes[revision] = shape(engine)
    assert revision == HEAD
    fill(engine)
    before = found(engine)
    for revision in moves.revisions()[-2::-1]:
        moves.downgrade(engine, revision, now=LATER)
        assert shape(engine) == shapes[revision]
        now = found(engine)
        assert now == shared(before, now), revision
        before = now
    for revision in moves.revisions()[1:]:
        to(engine, command.upgrade, revision)
        assert shape(engine) == shapes[revision]
        now = found(engine)
        assert shared(now, before) == before, revision
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    moves.downgrade(engine, moves.BASE, now=LATER)
    assert found(engine) == {}


def test_what_would_be_lost_is_said_before(engine):
    ensure_current(engine)
    fill(engine)
    lines = list(moves.lost(engine, "0006"))
    assert [line[:4] for line in lines] == moves.revisions()[:5:-1]
    assert "integration_question: 2 rows" in lines[-1]
    assert list(moves.lost(engine, HEAD)) == []


def test_every_migration_says_what_is_lost():
    assert moves.revisions()[-1] == HEAD
    assert moves.revisions() == [f"{n:04d}" for n in range(1, len(moves.revisions()) + 1)]


def test_nothing_is_taken_back_under_a_run(engine, database_url):
    state = open_state(database_url, "crm")
    state.acquire("r1", process=None, now=AT, ttl=timedelta(minutes=10))
    with pytest.raises(Busy, match="r1"):
        moves.downgrade(engine, "0006", now=AT)
    moves.downgrade(engine, "0006", now=AT + timedelta(hours=1))
    state.close()


@pytest.mark.parametrize("target", ["0099", "", "head", "-1", "base; drop table x"])
def test_a_migration_that_is_none_is_refused(engine, target):
    ensure_current(engine)
    with pytest.raises(ConfigurationError, match="no migration"):
        moves.downgrade(engine, target, now=AT)


def test_there_is_no_way_down_to_a_newer_one(engine):
    to(engine, command.upgrade, "0003")
    with pytest.raises(ConfigurationError, match="before 0005"):
        list(moves.lost(engine, "0005"))


def test_a_database_of_a_newer_version_is_left_alone(engine):
    ensure_current(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(ConfigurationError, match="does not know"):
        moves.downgrade(engine, "0006", now=AT)
