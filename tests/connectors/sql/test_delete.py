"""Deletes from SQL tables, also of rows that others refer to, and keys that the database makes."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tandem.conformance.subject import NOW, batch_of, records_of
from tandem.connectors.base import ROW, Query, Written
from tandem.connectors.sql import SqlConnector
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity

System = Callable[..., AbstractContextManager[SqlConnector]]

TEAM = "CREATE TABLE team (id integer PRIMARY KEY, boss integer REFERENCES team (id) {rule})"
PERSON = "CREATE TABLE person (id integer PRIMARY KEY, team integer REFERENCES team (id))"


def keys(entity: Entity, *ids: int):
    return batch_of(entity, [{"id": number} for number in ids])


def ids(connector: SqlConnector, entity: Entity) -> list[int]:
    return [r["id"] for r in records_of(list(connector.read(Query(entity, ("id",), NOW))))]


def test_row_that_others_refer_to_is_rejected_in_the_databases_words(
    database_url: str, system: System
) -> None:
    with system(
        database_url,
        TEAM.format(rule=""),
        PERSON,
        "INSERT INTO team VALUES (1, NULL), (2, NULL), (3, NULL), (4, NULL)",
        "INSERT INTO person VALUES (1, 3)",
    ) as connector:
        entity = connector.schema().entity("team")
        written = connector.delete(entity, keys(entity, 1, 9, 3, 4))
        assert list(written.rejected) == [2]
        assert "foreign key" in written.rejected[2].lower()
        assert "\n" not in written.rejected[2]
        assert written.missing == (1,)
        assert ids(connector, entity) == [2, 3]


@pytest.mark.parametrize("rule", ["", "ON DELETE RESTRICT", "ON DELETE CASCADE"])
def test_rows_of_one_batch_that_refer_to_each_other_are_deleted_together(
    database_url: str, system: System, rule: str
) -> None:
    with system(
        database_url,
        TEAM.format(rule=rule),
        "INSERT INTO team VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, NULL)",
    ) as connector:
        entity = connector.schema().entity("team")
        assert connector.delete(entity, keys(entity, 1, 2, 3, 4)) == Written()
        assert ids(connector, entity) == [5]


def test_rows_in_a_circle_are_deleted_together(database_url: str, system: System) -> None:
    with system(
        database_url,
        TEAM.format(rule=""),
        "INSERT INTO team VALUES (1, NULL), (2, 1)",
        "UPDATE team SET boss = 2 WHERE id = 1",
    ) as connector:
        entity = connector.schema().entity("team")
        assert connector.delete(entity, keys(entity, 1, 2)) == Written()


def test_refused_row_does_not_keep_those_that_refer_to_it(
    database_url: str, system: System
) -> None:
    """1 ← 2 ← 3 ← 4, and a person refers to 2: what can go goes, in whatever order it comes."""
    with system(
        database_url,
        TEAM.format(rule=""),
        PERSON,
        "INSERT INTO team VALUES (1, NULL), (2, 1), (3, 2), (4, 3)",
        "INSERT INTO person VALUES (1, 2)",
    ) as connector:
        entity = connector.schema().entity("team")
        written = connector.delete(entity, keys(entity, 1, 2, 3, 4))
        assert sorted(written.rejected) == [0, 1]
        assert ids(connector, entity) == [1, 2]


def test_rows_with_a_composite_key_are_deleted(database_url: str, system: System) -> None:
    table = "CREATE TABLE seat (row integer, number integer, PRIMARY KEY (row, number))"
    with system(database_url, table, "INSERT INTO seat VALUES (1, 1), (1, 2), (2, 1)") as connector:
        entity = connector.schema().entity("seat")
        some = batch_of(entity, [{"row": 1, "number": 2}, {"row": 2, "number": 2}])
        assert connector.delete(entity, some) == Written(missing=(1,))
        left = records_of(list(connector.read(Query(entity, ("row", "number"), NOW))))
        assert left == [{"row": 1, "number": 1}, {"row": 2, "number": 1}]


def test_records_are_not_deleted_without_their_key(database_url: str, system: System) -> None:
    with system(database_url, TEAM.format(rule="")) as connector:
        entity = connector.schema().entity("team")
        with pytest.raises(ConfigurationError, match="without id"):
            connector.delete(entity, batch_of(entity, [{"boss": 1}]))


def test_trigger_that_changes_a_record_shows_in_the_answer(
    database_url: str, system: System
) -> None:
    sqlite = """CREATE TRIGGER trimmed AFTER INSERT ON t BEGIN
        UPDATE t SET name = trim(name) WHERE id = new.id; END"""
    function = """CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN new.name = trim(new.name); RETURN new; END'"""
    trigger = "CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trimmed()"
    triggers = [sqlite] if database_url.startswith("sqlite") else [function, trigger]
    table = "CREATE TABLE t (id integer PRIMARY KEY, name varchar(9))"
    with system(database_url, table, *triggers) as connector:
        entity = connector.schema().entity("t")
        records = [{"id": 1, "name": " Ada "}, {"id": 2, "name": "much too long"}]
        written = connector.create(entity, batch_of(entity, records))
        assert list(written.rejected) == [1]
        assert written.records is not None
        assert written.records.to_pylist() == [{ROW: 0, "id": 1, "name": "Ada"}]


def test_database_makes_the_key_and_the_answer_tells_it(
    postgresql_url: str, system: System
) -> None:
    table = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(5), age integer"
    with system(postgresql_url, f"CREATE TABLE t ({table}, CHECK (age > 0))") as connector:
        entity = connector.schema().entity("t")
        assert not entity.capabilities.client_keys
        new = [{"name": "Ada", "age": 3}, {"name": "Bob", "age": 0}, {"name": "Robert", "age": 1},
               {"name": "Cyd", "age": 5}]  # fmt: skip
        written = connector.create(entity, batch_of(entity, new))
        assert sorted(written.rejected) == [1, 2]
        assert written.records is not None
        told = written.records.to_pylist()
        assert [(r[ROW], r["name"], r["age"]) for r in told] == [(0, "Ada", 3), (3, "Cyd", 5)]
        there = records_of(list(connector.read(Query(entity, ("id", "name"), NOW))))
        assert there == [{"id": r["id"], "name": r["name"]} for r in told]
