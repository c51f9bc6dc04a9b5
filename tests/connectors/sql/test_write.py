"""Batches into SQL tables, also those with bad rows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tandem.conformance.subject import NOW, batch_of, records_of
from tandem.connectors.base import ETAG, ROW, Query, Written
from tandem.connectors.sql import SqlConnector
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity

System = Callable[..., AbstractContextManager[SqlConnector]]

TABLES = (
    "CREATE TABLE team (id integer PRIMARY KEY)",
    "INSERT INTO team VALUES (1)",
    """CREATE TABLE person (
        id integer PRIMARY KEY, name varchar(10) NOT NULL, code text UNIQUE,
        age integer CHECK (age < 150), team integer REFERENCES team (id)
    )""",
)


@pytest.fixture
def people(database_url: str, system: System) -> Iterator[tuple[SqlConnector, Entity]]:
    with system(database_url, *TABLES) as connector:
        yield connector, connector.schema().entity("person")


def person(number: int, **values: Any) -> dict[str, Any]:
    return {"id": number, "name": f"p{number}", "code": None, "age": 30, "team": 1, **values}


def found(connector: SqlConnector, entity: Entity, *fields: str) -> list[dict[str, Any]]:
    return records_of(list(connector.read(Query(entity, fields, NOW))))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"name": "much too long"}, "longer than 10"),
        ({"name": None}, "must have a value"),
        ({"age": 200}, "check"),
        ({"team": 7}, "foreign key"),
        ({"code": "p1"}, "code"),
        ({"age": 2**40}, ""),
    ],
)
def test_bad_row_is_rejected_with_the_databases_reason(
    people: tuple[SqlConnector, Entity], bad: dict[str, Any], reason: str
) -> None:
    connector, entity = people
    records = [person(n, code=f"p{n}") for n in range(9)]
    records[5] |= bad
    written = connector.create(entity, batch_of(entity, records))
    assert list(written.rejected) == [5]
    assert reason in written.rejected[5].lower()
    assert "INSERT" not in written.rejected[5]
    ids = [record["id"] for record in found(connector, entity, "id")]
    assert ids == [0, 1, 2, 3, 4, 6, 7, 8]


def test_many_bad_rows_among_many_good_ones(people: tuple[SqlConnector, Entity]) -> None:
    connector, entity = people
    records = [person(n, team=7 if n % 100 == 3 else 1) for n in range(2000)]
    written = connector.create(entity, batch_of(entity, records))
    assert sorted(written.rejected) == list(range(3, 2000, 100))
    assert len(found(connector, entity, "id")) == 1980


def test_bad_update_is_rejected_and_the_others_are_made(
    people: tuple[SqlConnector, Entity],
) -> None:
    connector, entity = people
    connector.create(entity, batch_of(entity, [person(n) for n in range(6)]))
    changes = [{"id": n, "age": 160 if n == 2 else 40 + n} for n in (1, 2, 9, 3)]
    written = connector.update(entity, batch_of(entity, changes))
    assert list(written.rejected) == [1]
    assert written.missing == (2,)
    ages = {r["id"]: r["age"] for r in found(connector, entity, "id", "age")}
    assert ages == {0: 30, 1: 41, 2: 30, 3: 43, 4: 30, 5: 30}


def test_row_numbers_are_those_of_the_batch_as_it_was_given(
    people: tuple[SqlConnector, Entity],
) -> None:
    connector, entity = people
    changes = [{"id": n, "name": "x" * (20 if n == 1 else 2)} for n in range(4)]
    written = connector.update(entity, batch_of(entity, changes))
    assert list(written.rejected) == [1]
    assert written.missing == (0, 2, 3)


def test_records_that_are_there_and_new_ones_come_in_one_batch(
    people: tuple[SqlConnector, Entity],
) -> None:
    connector, entity = people
    connector.create(entity, batch_of(entity, [person(1, age=20, code="old")]))
    again = [{"id": n, "name": f"n{n}", "age": 50} for n in (1, 2)]
    assert connector.create(entity, batch_of(entity, again), replace=True) == Written()
    assert found(connector, entity, "id", "name", "age", "code") == [
        {"id": 1, "name": "n1", "age": 50, "code": "old"},
        {"id": 2, "name": "n2", "age": 50, "code": None},
    ]


def test_new_records_are_created_beside_those_that_are_there(
    people: tuple[SqlConnector, Entity],
) -> None:
    """Equal ones are written already, others stay; a bad row and one key twice are told apart."""
    connector, entity = people
    connector.create(entity, batch_of(entity, [person(1, age=20), person(2, age=20)]))
    again = [
        person(1, age=20),
        person(2, age=21),
        person(3, age=200),
        person(4),
        person(5, name="much too long"),
        person(4, age=31),
        person(6),
    ]
    written = connector.create(entity, batch_of(entity, again))
    assert sorted(written.rejected) == [2, 4]
    assert written.changed == (1, 5)
    ages = {r["id"]: r["age"] for r in found(connector, entity, "id", "age")}
    assert ages == {1: 20, 2: 20, 4: 30, 6: 30}


def test_records_that_are_nothing_but_their_key(database_url: str, system: System) -> None:
    with system(database_url, "CREATE TABLE tag (name varchar(9) PRIMARY KEY)") as connector:
        entity = connector.schema().entity("tag")
        tags = [{"name": "a"}, {"name": "b"}]
        assert connector.create(entity, batch_of(entity, tags[:1])) == Written()
        assert connector.create(entity, batch_of(entity, tags)) == Written()
        assert connector.update(entity, batch_of(entity, tags)) == Written()
        assert connector.delete(entity, batch_of(entity, tags)) == Written()


def test_field_that_was_seen_and_is_unknown_is_an_error(
    people: tuple[SqlConnector, Entity],
) -> None:
    connector, entity = people
    seen = pa.RecordBatch.from_pydict({"nickname": ["Ada"]})
    with pytest.raises(ConfigurationError, match="nickname"):
        connector.update(entity, batch_of(entity, [person(1)]), seen=seen)


def test_etags_mean_nothing_to_a_database(people: tuple[SqlConnector, Entity]) -> None:
    connector, entity = people
    connector.create(entity, batch_of(entity, [person(1)]))
    seen = pa.RecordBatch.from_pydict({ETAG: pa.array([None], pa.string()), "age": [30]})
    assert connector.update(entity, batch_of(entity, [person(1, age=31)]), seen=seen) == Written()


def test_of_two_rows_with_one_key_the_later_counts(people: tuple[SqlConnector, Entity]) -> None:
    connector, entity = people
    twice = [person(1, age=20), person(2), person(1, age=21)]
    assert connector.create(entity, batch_of(entity, twice), replace=True) == Written()
    ages = [record["age"] for record in found(connector, entity, "age")]
    assert ages == [21, 30]


def test_column_that_no_record_has_and_none_may_lack(people: tuple[SqlConnector, Entity]) -> None:
    connector, entity = people
    written = connector.create(entity, batch_of(entity, [{"id": 1, "age": 3}]))
    assert "name" in written.rejected[0]


def test_records_without_their_key_are_not_written(people: tuple[SqlConnector, Entity]) -> None:
    connector, entity = people
    with pytest.raises(ConfigurationError, match="without id"):
        connector.update(entity, batch_of(entity, [{"age": 3}]))


def test_table_without_a_key_is_not_written(database_url: str, system: System) -> None:
    with system(database_url, "CREATE TABLE log (line text)") as connector:
        entity = connector.schema().entity("log")
        with pytest.raises(ConfigurationError, match="primary key"):
            connector.update(entity, batch_of(entity, [{"line": "x"}]))


def test_rows_that_refer_to_later_rows_of_their_batch(database_url: str, system: System) -> None:
    tree = "CREATE TABLE node (id integer PRIMARY KEY, parent integer REFERENCES node (id))"
    with system(database_url, tree) as connector:
        entity = connector.schema().entity("node")
        nodes = [{"id": 1, "parent": 2}, {"id": 2, "parent": 1}, {"id": 3, "parent": None}]
        assert connector.create(entity, batch_of(entity, nodes)) == Written()


def test_deferred_constraint_rejects_the_row_and_not_the_batch(
    postgresql_url: str, system: System
) -> None:
    late = "team integer REFERENCES team (id) DEFERRABLE INITIALLY DEFERRED"
    with system(
        postgresql_url, *TABLES[:2], f"CREATE TABLE seat (id integer PRIMARY KEY, {late})"
    ) as connector:
        entity = connector.schema().entity("seat")
        seats = [{"id": 1, "team": 1}, {"id": 2, "team": 9}]
        written = connector.create(entity, batch_of(entity, seats))
        assert list(written.rejected) == [1]


def test_constraint_that_sqlite_checks_last_is_a_clear_error(
    tmp_path: object, system: System
) -> None:
    late = "team integer REFERENCES team (id) DEFERRABLE INITIALLY DEFERRED"
    with system(
        f"sqlite:///{tmp_path}/x.db",
        *TABLES[:2],
        f"CREATE TABLE seat (id integer PRIMARY KEY, {late})",
    ) as connector:
        entity = connector.schema().entity("seat")
        with pytest.raises(ConfigurationError, match="FOREIGN KEY"):
            connector.create(entity, batch_of(entity, [{"id": 2, "team": 9}]))
        assert found(connector, entity, "id") == []


def test_trigger_of_the_database_can_reject_a_row(postgresql_url: str, system: System) -> None:
    with system(
        postgresql_url,
        *TABLES,
        """CREATE FUNCTION no_bob() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF new.name = ''bob'' THEN RAISE EXCEPTION ''no bobs''; END IF; RETURN new; END'""",
        "CREATE TRIGGER t BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION no_bob()",
    ) as connector:
        entity = connector.schema().entity("person")
        records = [person(1), person(2, name="bob"), person(3)]
        written = connector.create(entity, batch_of(entity, records))
        assert written.rejected == {1: "no bobs."}


def test_postgresql_values_of_its_own_types_are_written(
    postgresql_url: str, system: System
) -> None:
    with system(
        postgresql_url,
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE TABLE t (id uuid PRIMARY KEY, m mood, i inet, j jsonb, c char(5), d interval)",
    ) as connector:
        entity = connector.schema().entity("t")
        key = "6f9619ff-8b86-d011-b42d-00cf4fc964f"
        good = {"m": "ok", "i": "10.0.0.1", "j": '{"a": 1}', "c": "ab", "d": "01:00:00"}
        rows = [
            {"id": f"{key}1", **good},
            {"id": f"{key}2", **good, "m": "angry"},
            {"id": f"{key}3", **good, "i": "10.0.0.999"},
            {"id": f"{key}4", **good, "j": "{"},
            {"id": f"{key}5", **good, "c": "nul\0"},
            {"id": f"{key}6", **dict.fromkeys(good)},
        ]
        written = connector.create(entity, batch_of(entity, rows))
        assert sorted(written.rejected) == [1, 2, 3, 4]
        records = found(connector, entity, *entity.by_name)
        assert records[0] == rows[0]
        assert records[1] == rows[5]
        written = connector.update(
            entity, batch_of(entity, [{**rows[5], **good, "i": "10.0.0.1/32"}])
        )
        assert written.records is not None
        assert written.records.to_pylist() == [{ROW: 0, **rows[5], **good}]
        assert found(connector, entity, "m", "c")[1] == {"m": "ok", "c": "ab"}


def test_sqlite_refuses_what_its_column_would_change(tmp_path: object, system: System) -> None:
    columns = "id integer PRIMARY KEY, price NUMERIC(30, 10), code STRING, share REAL"
    with system(f"sqlite:///{tmp_path}/x.db", f"CREATE TABLE t ({columns})") as connector:
        entity = connector.schema().entity("t")
        rows = [
            {"id": 1, "price": Decimal("12.5"), "code": "A7", "share": 0.5},
            {"id": 2, "price": Decimal("12345678901234.567"), "code": "A7", "share": 0.5},
            {"id": 3, "price": Decimal("0.0000012345"), "code": "007", "share": 0.5},
            {"id": 4, "price": Decimal("-1"), "code": "7 up", "share": float("nan")},
            {"id": 5, "price": Decimal("-123456789012345"), "code": "", "share": float("inf")},
        ]
        written = connector.create(entity, batch_of(entity, rows))
        assert sorted(written.rejected) == [1, 2, 3]
        assert found(connector, entity, *entity.by_name) == [rows[0], rows[4]]


def test_values_in_a_wider_type_than_the_field_are_fitted(
    people: tuple[SqlConnector, Entity],
) -> None:
    connector, entity = people
    records = pa.RecordBatch.from_pydict(
        {"id": ["1", "2"], "name": ["a", "b"], "age": ["40", "old"]}
    )
    written = connector.create(entity, records)
    assert list(written.rejected) == [1]
    assert found(connector, entity, "id", "age") == [{"id": 1, "age": 40}]
