"""Reading what others wrote into a database."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import text

from tandem.conformance.subject import NOW, batch_of, records_of
from tandem.connectors.base import Query
from tandem.connectors.sql import SqlConnector
from tandem.database import open_engine, writing
from tandem.model.filters import Comparison
from tandem.model.schema import Entity

System = Callable[..., AbstractContextManager[SqlConnector]]

ID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"


def run(url: str, *statements: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def whole(entity: Entity, **parts: Any) -> Query:
    return Query(entity, tuple(entity.by_name), NOW, **parts)


def where(entity: Entity, field: str, operator: str, value: object) -> Query:
    return whole(entity, condition=Comparison(field=field, operator=operator, value=value))


SQLITE = (
    "CREATE TABLE t (id UUID PRIMARY KEY, at DATETIME, day DATE, hour TIME, on_off BOOLEAN,"
    " price NUMERIC(18, 2), name TEXT COLLATE NOCASE, n INTEGER)",
)


def test_texts_of_other_writers_of_sqlite_are_understood(tmp_path: object, system: System) -> None:
    with system(
        f"sqlite:///{tmp_path}/x.db",
        *SQLITE,
        f"INSERT INTO t VALUES ('{ID.upper()}', '2026-01-02 03:04:05', '2026-01-02', '03:04', 1,"
        " 12.5, 'Ada', 1), ('b' || substr(lower('" + ID + "'), 2), '2026-01-02T05:04:05+02:00',"
        " NULL, '03:04:05.5', 'false', '0.10', 'ADA', NULL)",
    ) as connector:
        entity = connector.schema().entity("t")
        first, second = records_of(list(connector.read(whole(entity))))
        noon = where(entity, "at", "eq", "2026-01-02T03:04:05Z")
        assert connector.count(noon) == 2
        assert connector.count(where(entity, "hour", "lt", "03:04:05")) == 1
        assert connector.count(where(entity, "price", "eq", Decimal("0.1"))) == 1
        assert connector.count(where(entity, "name", "eq", "Ada")) == 1
        keys = batch_of(entity, [{"id": ID}])
        assert records_of(list(connector.find(whole(entity), keys))) == [first]
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert first == {
        "id": ID, "at": moment, "day": date(2026, 1, 2), "hour": time(3, 4), "on_off": True,
        "price": Decimal("12.50"), "name": "Ada", "n": 1,
    }  # fmt: skip
    assert (second["at"], second["hour"]) == (moment, time(3, 4, 5, 500000))
    assert (second["on_off"], second["price"]) == (False, Decimal("0.10"))


def test_values_that_sqlite_should_not_have_are_unreadable_one_by_one(
    tmp_path: object, system: System
) -> None:
    bad = {
        "at": "'soon'", "day": "'2026-02-30'", "hour": "'25:00'", "on_off": "7",
        "price": "12.345", "name": "x'00ff'", "n": "2.5",
    }  # fmt: skip
    ids = [f"6f9619ff-8b86-d011-b42d-00cf4fc964f{n}" for n in range(8)]
    rows = [
        f"INSERT INTO t (id, {name}) VALUES ('{key}', {value})"
        for key, (name, value) in zip(ids, bad.items(), strict=False)
    ]
    with system(
        f"sqlite:///{tmp_path}/x.db", *SQLITE, *rows, f"INSERT INTO t (id) VALUES ('{ids[7]}')"
    ) as connector:
        entity = connector.schema().entity("t")
        pages = list(connector.read(whole(entity)))
    (page,) = pages
    assert page.records.column("id").to_pylist() == [ids[7]]
    reasons = {record.id: record.reason for record in page.unreadable}
    assert list(reasons) == ids[:7]
    for key, name in zip(ids, bad, strict=False):
        assert name in reasons[key]
    assert '"at": "soon"' in page.unreadable[0].payload


def test_values_beyond_ours_are_unreadable_on_postgresql(
    postgresql_url: str, system: System
) -> None:
    bad = {
        "a": "'infinity'", "b": "'0044-03-15 BC'", "c": "'NaN'", "d": "'10000-01-01'",
        "e": "'24:00'", "f": "1e30",
    }  # fmt: skip
    rows = [f"INSERT INTO t ({name}) VALUES ({value})" for name, value in bad.items()]
    with system(
        postgresql_url,
        "CREATE TABLE t (id serial PRIMARY KEY, a timestamptz, b date, c numeric, d timestamp,"
        " e time, f numeric)",
        *rows,
        "INSERT INTO t (c) VALUES (1.5)",
    ) as connector:
        entity = connector.schema().entity("t")
        (page,) = connector.read(whole(entity))
    assert page.records.column("id").to_pylist() == [7]
    assert [record.id for record in page.unreadable] == ["1", "2", "3", "4", "5", "6"]


def test_other_types_of_postgresql_are_read_as_text_or_json(
    postgresql_url: str, system: System
) -> None:
    with system(
        postgresql_url,
        "CREATE TABLE t (id integer PRIMARY KEY, a integer[], b char(5), c inet, d interval,"
        ' e "char", f text[], g int4range, h money)',
        "INSERT INTO t VALUES (1, '{1,2}', 'ab', '10.0.0.1', '1 day', 'x', '{\"a,b\"}', '[1,5)',"
        " 2)",
    ) as connector:
        entity = connector.schema().entity("t")
        (record,) = records_of(list(connector.read(whole(entity))))
        assert connector.count(where(entity, "b", "eq", "ab")) == 1
        assert connector.count(where(entity, "c", "begins_with", "10.")) == 1
        assert connector.count(where(entity, "d", "ne", "1 day")) == 0
    assert record["a"] == "[1, 2]"
    assert record["f"] == '["a,b"]'
    assert (record["b"], record["c"], record["d"]) == ("ab", "10.0.0.1", "1 day")
    assert (record["e"], record["g"]) == ("x", "[1,5)")


def test_records_changed_while_they_are_read_come_as_they_were(
    database_url: str, system: System
) -> None:
    with system(
        database_url,
        "CREATE TABLE t (id integer PRIMARY KEY, v text)",
        *(f"INSERT INTO t VALUES ({n}, 'old')" for n in range(20)),
        page_rows=5,
    ) as connector:
        entity = connector.schema().entity("t")
        pages = iter(connector.read(whole(entity)))
        read = [next(pages)]
        run(database_url, "UPDATE t SET v = 'new'", "DELETE FROM t WHERE id > 10")
        read += pages
        assert [record["v"] for record in records_of(read)] == ["old"] * 20


def test_records_come_in_the_order_of_their_key(database_url: str, system: System) -> None:
    with system(
        database_url,
        "CREATE TABLE t (a integer, b text, PRIMARY KEY (a, b))",
        "INSERT INTO t VALUES (2, 'x'), (1, 'y'), (1, 'x')",
    ) as connector:
        entity = connector.schema().entity("t")
        found = [tuple(r.values()) for r in records_of(list(connector.read(whole(entity))))]
    assert found == [(1, "x"), (1, "y"), (2, "x")]


def test_views_are_read(database_url: str, system: System) -> None:
    with system(
        database_url,
        "CREATE TABLE t (id integer PRIMARY KEY, name text)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        'CREATE VIEW "other names" AS SELECT name AS "na%me", id FROM t',
    ) as connector:
        entity = connector.schema().entity("other names")
        found = records_of(list(connector.read(where(entity, "na%me", "eq", "b"))))
    assert found == [{"na%me": "b", "id": 2}]


def test_texts_with_what_formats_and_patterns_use_are_filtered(
    database_url: str, system: System
) -> None:
    odd = ["100%", "%s", "%(a)s", ":a", "a_b", "axb", "'", '"', "\\", ";--", "?"]
    with system(database_url, "CREATE TABLE t (id integer PRIMARY KEY, v text)") as connector:
        entity = connector.schema().entity("t")
        rows = [{"id": n, "v": value} for n, value in enumerate(odd)]
        connector.create(entity, batch_of(entity, rows))
        for operator in ("eq", "contains", "begins_with", "ends_with"):
            for value in odd:
                found = records_of(list(connector.read(where(entity, "v", operator, value))))
                assert value in [record["v"] for record in found]
                assert all(value in record["v"] for record in found)


def test_descending_decimals_follow_their_value(database_url: str, system: System) -> None:
    kind = "numeric" if database_url.startswith("postgresql") else "DECIMAL_TEXT"
    with system(database_url, f"CREATE TABLE t (id integer PRIMARY KEY, v {kind})") as connector:
        entity = connector.schema().entity("t")
        values = [Decimal(text) for text in ("9", "10", "-3", "0.5", "12345678901234567.5")]
        rows = [{"id": n, "v": value} for n, value in enumerate([*values, None])]
        connector.create(entity, batch_of(entity, rows))
        found = records_of(list(connector.read(whole(entity, descending_by="v"))))
    assert [record["v"] for record in found] == [*sorted(values, reverse=True), None]


def test_null_keys_find_nothing(database_url: str, system: System) -> None:
    with system(
        database_url,
        "CREATE TABLE t (id integer PRIMARY KEY, v text)",
        "INSERT INTO t VALUES (1, NULL), (2, 'x')",
    ) as connector:
        entity = connector.schema().entity("t")
        keys = pa.RecordBatch.from_pydict({"v": pa.array([None, "x", "x"])})
        found = records_of(list(connector.find(whole(entity), keys)))
    assert found == [{"id": 2, "v": "x"}]
