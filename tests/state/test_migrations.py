import pyarrow as pa
import pytest
from alembic import command
from sqlalchemy import inspect, text

from tandem.database import open_engine, writing
from tandem.state.migrate import HEAD, alembic_config, ensure_current
from tandem.state.store import open_state
from tandem.state.tables import metadata


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def migrated(engine, move, revision):
    with writing(engine) as connection:
        move(alembic_config(connection), revision)


def columns(engine):
    return {
        name: {column["name"] for column in inspect(engine).get_columns(name)}
        for name in inspect(engine).get_table_names()
        if name != "alembic_version"
    }


def indexes(engine):
    return {
        index["name"]: index["column_names"]
        for name in metadata.tables
        for index in inspect(engine).get_indexes(name)
    }


def values(engine, table, *names):
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT {', '.join(names)} FROM {table}"))
        return [tuple(row) for row in rows]


def fill_first_version(engine):
    at = "'2026-01-02 03:04:05+00:00'"
    with writing(engine) as connection:
        blob = "x'01'" if engine.dialect.name == "sqlite" else "'\\x01'"
        connection.exec_driver_sql(
            "INSERT INTO integration_link (integration, entity, external_id, local_id, base_hash,"
            f" updated_at) VALUES ('crm', 'Accounts', 'e1', 'l1', {blob}, {at})"
        )
        connection.exec_driver_sql(
            "INSERT INTO integration_conflict (integration, entity, local_id, external_id, run_id,"
            " status, fields, created_at, updated_at)"
            f" VALUES ('crm', 'Accounts', 'l1', 'e1', 'r1', 'open', '{{}}', {at}, {at})"
        )


def test_the_first_versions_data_are_kept_on_the_way_up(engine, database_url):
    migrated(engine, command.upgrade, "0001")
    fill_first_version(engine)
    ensure_current(engine)
    state = open_state(database_url, "crm")
    found = state.links("Accounts", "external", pa.array(["e1"]))
    assert [list(row.values()) for row in found.to_pylist()] == [["e1", "l1", b"\x01", None]]
    assert [(c.kind, c.decision, c.fields) for c in state.conflicts()] == [("edited", None, {})]
    state.close()


def test_data_are_kept_on_the_way_down_and_up_again(engine, database_url):
    migrated(engine, command.upgrade, "0001")
    before = columns(engine)
    fill_first_version(engine)
    ensure_current(engine)
    migrated(engine, command.downgrade, "0001")
    assert columns(engine) == before
    assert values(engine, "integration_link", "external_id", "local_id") == [("e1", "l1")]
    assert values(engine, "integration_conflict", "run_id", "status") == [("r1", "open")]
    ensure_current(engine)
    assert columns(engine) == {t.name: {c.name for c in t.columns} for t in metadata.sorted_tables}
    assert values(engine, "integration_link", "external_id", "local_id") == [("e1", "l1")]


def test_all_the_way_down_nothing_is_left(engine):
    ensure_current(engine)
    migrated(engine, command.downgrade, "base")
    assert columns(engine) == {}


def test_migrations_make_the_indexes_of_this_version(engine):
    ensure_current(engine)
    expected = {
        index.name: [column.name for column in index.columns]
        for table in metadata.sorted_tables
        for index in table.indexes
    }
    assert indexes(engine) == expected
    assert values(engine, "alembic_version", "version_num") == [(HEAD,)]


def test_migrations_and_tables_agree(engine):
    ensure_current(engine)
    with writing(engine) as connection:
        command.check(alembic_config(connection))
