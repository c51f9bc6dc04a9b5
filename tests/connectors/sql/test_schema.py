"""Tables as the SQL connector describes them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tandem.connectors.sql import SqlConnector
from tandem.connectors.sql.types import Declared, facets_of, parse_type
from tandem.errors import ConfigurationError
from tandem.model.schema import Deletes, Entity, Field, Kind

System = Callable[..., AbstractContextManager[SqlConnector]]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("varchar(40)", Declared("VARCHAR", 40)),
        ("NUMERIC(18, 2)", Declared("NUMERIC", 18, 2)),
        ("numeric(5,-2)", Declared("NUMERIC", 5, -2)),
        ("timestamp(3) with time zone", Declared("TIMESTAMP WITH TIME ZONE", 3)),
        ('TEXT COLLATE "C"', Declared("TEXT")),
        ("", Declared("")),
    ],
)
def test_declared_type_is_taken_apart(declared: str, expected: Declared) -> None:
    assert parse_type(declared) == expected


@pytest.mark.parametrize(
    ("declared", "precision", "scale"),
    [("NUMERIC(18, 2)", 18, 2), ("NUMERIC(9)", 9, 0), ("NUMERIC(5,-2)", 7, 0),
     ("NUMERIC", None, None), ("NUMERIC(100, 50)", None, None)],
)  # fmt: skip
def test_decimal_has_the_facets_that_a_value_can_have(
    declared: str, precision: int | None, scale: int | None
) -> None:
    facets = facets_of(declared, {"NUMERIC": Kind.DECIMAL})
    assert (facets.get("precision"), facets.get("scale")) == (precision, scale)


def test_numbers_of_other_types_are_no_length() -> None:
    assert facets_of("interval(6)", {}).get("max_length") is None


SQLITE_KINDS = {
    "INTEGER": Kind.INT64, "bigint": Kind.INT64, "BOOLEAN": Kind.BOOLEAN, "REAL": Kind.FLOAT64,
    "DOUBLE PRECISION": Kind.FLOAT64, "NUMERIC(10,2)": Kind.DECIMAL, "DECIMAL": Kind.DECIMAL,
    "VARCHAR(40)": Kind.STRING, "CHAR(36)": Kind.STRING, "TEXT": Kind.STRING, "": Kind.STRING,
    "DATE": Kind.DATE, "TIME": Kind.TIME, "DATETIME": Kind.INSTANT, "TIMESTAMP": Kind.INSTANT,
    "UUID": Kind.GUID, "BLOB": Kind.BINARY, "JSON": Kind.JSON, "WHATEVER": Kind.STRING,
    "DECIMAL_TEXT(38, 20)": Kind.DECIMAL, "INSTANT_TEXT": Kind.INSTANT, "DATE_TEXT": Kind.DATE,
    "TIME_TEXT": Kind.TIME, "LOCAL_DATETIME_TEXT": Kind.LOCAL_DATETIME, "GUID_TEXT": Kind.GUID,
    "JSON_TEXT": Kind.JSON,
}  # fmt: skip


@pytest.mark.parametrize(("declared", "kind"), SQLITE_KINDS.items())
def test_sqlite_types_have_kinds(
    declared: str, kind: Kind, tmp_path: object, system: System
) -> None:
    with system(f"sqlite:///{tmp_path}/x.db", f"CREATE TABLE t (a {declared})") as connector:
        field = connector.schema().entity("t").field("a")
    assert (field.kind, field.type_name) == (kind, declared)


POSTGRESQL_KINDS = {
    "smallint": Kind.INT64, "bigserial": Kind.INT64, "boolean": Kind.BOOLEAN,
    "real": Kind.FLOAT64, "numeric(18,2)": Kind.DECIMAL, "varchar(40)": Kind.STRING,
    "char(3)": Kind.STRING, "date": Kind.DATE, "time": Kind.TIME, "timetz": Kind.STRING,
    "timestamptz": Kind.INSTANT, "timestamp(3)": Kind.LOCAL_DATETIME, "uuid": Kind.GUID,
    "bytea": Kind.BINARY, "jsonb": Kind.JSON, "json": Kind.JSON, "integer[]": Kind.JSON,
    "interval": Kind.STRING, "xml": Kind.STRING, "inet": Kind.STRING, "positive": Kind.INT64,
    "mood": Kind.STRING,
}  # fmt: skip


def test_postgresql_types_have_kinds(postgresql_url: str, system: System) -> None:
    columns = ", ".join(f'"{name}" {name}' for name in POSTGRESQL_KINDS)
    with system(
        postgresql_url,
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE DOMAIN positive AS integer CHECK (value > 0)",
        f"CREATE TABLE t ({columns})",
    ) as connector:
        entity = connector.schema().entity("t")
    assert {field.name: field.kind for field in entity.fields} == POSTGRESQL_KINDS
    assert entity.field("mood").options == ("sad", "ok")
    assert entity.field("varchar(40)").max_length == 40
    assert entity.field("integer[]").read_only


def test_table_has_key_lookups_and_what_can_be_done_with_it(
    database_url: str, system: System
) -> None:
    with system(
        database_url,
        "CREATE TABLE customer (id integer PRIMARY KEY, name varchar(40) NOT NULL)",
        "CREATE TABLE line (no integer, customer integer REFERENCES customer (id),"
        " pos integer, twice integer GENERATED ALWAYS AS (pos * 2) STORED,"
        " PRIMARY KEY (no, pos))",
    ) as connector:
        line = connector.schema().entity("line")
        customer = connector.schema().entity("customer")
    assert line.key == ("no", "pos")
    assert not line.field("pos").nullable
    assert [t.entity for t in line.field("customer").lookup] == ["customer"]
    assert line.field("twice").read_only
    assert not customer.field("name").nullable
    able = customer.capabilities
    assert (able.writes, able.client_keys, able.filter) == (True, True, True)
    assert able.deletes is Deletes.KEY_SWEEP


def lookups(connector: SqlConnector, table: str) -> dict[str, list[tuple[str, str]]]:
    fields = connector.schema().entity(table).fields
    return {f.name: [(t.entity, t.field) for t in f.lookup] for f in fields if f.lookup}


def test_lookup_leads_to_the_field_that_its_foreign_key_names(
    database_url: str, system: System
) -> None:
    with system(
        database_url,
        "CREATE TABLE team (id integer PRIMARY KEY, code varchar(9) UNIQUE,"
        " part_of varchar(9) REFERENCES team (code))",
        "CREATE TABLE player (id integer PRIMARY KEY, team integer REFERENCES team,"
        " former varchar(9) REFERENCES team (code))",
    ) as connector:
        assert lookups(connector, "team") == {"part_of": [("team", "code")]}
        assert lookups(connector, "player") == {
            "team": [("team", "id")],
            "former": [("team", "code")],
        }


def test_what_a_foreign_key_leads_to_is_unique(database_url: str, system: System) -> None:
    with system(
        database_url,
        "CREATE TABLE team (id integer PRIMARY KEY, code varchar(9) UNIQUE, name varchar(9))",
        "CREATE TABLE player (id integer PRIMARY KEY, team integer REFERENCES team,"
        " former varchar(9) REFERENCES team (code))",
    ) as connector:
        fields = connector.schema().entity("team").fields
    assert [field.name for field in fields if field.unique] == ["code"]


def test_foreign_key_of_several_columns_is_no_lookup_of_one_of_them(
    database_url: str, system: System
) -> None:
    with system(
        database_url,
        "CREATE TABLE line (no integer, pos integer, PRIMARY KEY (no, pos))",
        "CREATE TABLE item (id integer PRIMARY KEY, no integer, pos integer,"
        " FOREIGN KEY (no, pos) REFERENCES line (no, pos))",
    ) as connector:
        assert lookups(connector, "item") == {}


def test_reference_to_a_table_of_another_schema_is_no_lookup(
    postgresql_url: str, system: System
) -> None:
    other = "tandem_other_" + postgresql_url[-12:]
    with system(
        postgresql_url,
        f"CREATE SCHEMA {other}",
        f"CREATE TABLE {other}.team (id integer PRIMARY KEY)",
        "CREATE TABLE team (id integer PRIMARY KEY)",
        f"CREATE TABLE player (id integer PRIMARY KEY, team integer REFERENCES {other}.team)",
    ) as connector:
        found = lookups(connector, "player")
    with system(postgresql_url, "DROP TABLE player", f"DROP SCHEMA {other} CASCADE"):
        assert found == {}


def test_sqlite_references_are_found_in_any_case_and_those_to_nothing_are_left_out(
    tmp_path: object, system: System
) -> None:
    with system(
        f"sqlite:///{tmp_path}/x.db",
        "CREATE TABLE Team (ID integer PRIMARY KEY)",
        "CREATE TABLE player (id integer PRIMARY KEY, team integer REFERENCES TEAM (id),"
        " club integer REFERENCES clubs, agent integer REFERENCES agents (id))",
    ) as connector:
        assert lookups(connector, "player") == {"team": [("Team", "ID")]}


def test_columns_that_the_database_fills_are_not_required(
    database_url: str, system: System
) -> None:
    with system(
        database_url,
        "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL,"
        " kind text NOT NULL DEFAULT 'new', note text,"
        " twice integer GENERATED ALWAYS AS (length(name) * 2) STORED NOT NULL)",
    ) as connector:
        entity = connector.schema().entity("t")
    assert [f.name for f in entity.fields if f.defaulted and f.name != "id"] == ["kind"]
    assert [f.name for f in entity.fields if f.is_required and f.name != "id"] == ["name"]


@pytest.mark.parametrize(
    ("key", "defaulted"),
    [
        ("id INTEGER PRIMARY KEY", True),
        ("id integer PRIMARY KEY AUTOINCREMENT", True),
        ("id BIGINT PRIMARY KEY", False),
        ("id INTEGER, pos INTEGER, PRIMARY KEY (id, pos)", False),
        ("id INTEGER PRIMARY KEY DESC", False),
        ("id INTEGER, PRIMARY KEY (id DESC)", True),
    ],
)
def test_sqlite_numbers_the_rows_of_an_integer_primary_key(
    key: str, defaulted: bool, tmp_path: object, system: System
) -> None:
    with system(f"sqlite:///{tmp_path}/x.db", f"CREATE TABLE t ({key})") as connector:
        entity = connector.schema().entity("t")
    assert entity.field("id").defaulted is defaulted
    assert entity.capabilities.client_keys


def test_sqlite_numbers_no_rows_of_a_table_without_row_numbers(
    tmp_path: object, system: System
) -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) WITHOUT ROWID"
    with system(f"sqlite:///{tmp_path}/x.db", table) as connector:
        assert not connector.schema().entity("t").field("id").defaulted


def test_tables_that_sqlite_keeps_an_index_of_texts_in_are_not_offered(
    tmp_path: object, system: System
) -> None:
    index = "CREATE VIRTUAL TABLE found USING fts5 (title, body)"
    plain = "CREATE TABLE found_data_of_ours (id INTEGER PRIMARY KEY)"
    with system(f"sqlite:///{tmp_path}/x.db", index, plain) as connector:
        schema = connector.schema()
    assert list(schema.by_name) == ["found", "found_data_of_ours"]
    assert not schema.entity("found").capabilities.writes


@pytest.mark.parametrize(
    ("made", "read_only"),
    [
        ("GENERATED ALWAYS AS IDENTITY", True),
        ("GENERATED BY DEFAULT AS IDENTITY", False),
        ("DEFAULT 7", False),
    ],
)
def test_an_identity_that_is_always_generated_is_read_only(
    made: str, read_only: bool, postgresql_url: str, system: System
) -> None:
    table = f"CREATE TABLE t (id integer PRIMARY KEY, n bigint NOT NULL {made})"
    with system(postgresql_url, table) as connector:
        field = connector.schema().entity("t").field("n")
    assert (field.read_only, field.defaulted, field.is_required) == (read_only, True, False)


def test_texts_that_a_check_lists_are_options(postgresql_url: str, system: System) -> None:
    with system(
        postgresql_url,
        "CREATE TABLE t (id integer PRIMARY KEY,"
        " status varchar(9) CHECK (status IN ('new', 'it''s', 'a, b')),"
        " \"Odd one\" text CHECK (\"Odd one\" IN ('x')), two text CHECK (two IN ('x', 'y')),"
        " other text CHECK (other IN ('x', 'y') OR length(other) > 3),"
        " low text CHECK (lower(low) IN ('x', 'y')), n integer CHECK (n IN (1, 2)),"
        " never text CHECK (never NOT IN ('x', 'y')))",
    ) as connector:
        fields = connector.schema().entity("t").fields
    assert {field.name: field.options for field in fields if field.options} == {
        "status": ("new", "it's", "a, b"),
        "two": ("x", "y"),
    }


def test_what_the_user_may_not_write_is_read_only(postgresql_url: str, system: System) -> None:
    role = "tandem_reader_" + postgresql_url[-12:]
    schema = postgresql_url.rpartition("%3D")[2]
    grants = (
        "CREATE TABLE seen (id integer PRIMARY KEY, name text)",
        "CREATE TABLE noted (id integer PRIMARY KEY, name text, once text, never text)",
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT ON seen, noted TO {role}",
        f"GRANT INSERT (id, name, once), UPDATE (name) ON noted TO {role}",
    )
    as_reader = postgresql_url.replace("postgres@", f"{role}@")
    with system(postgresql_url, *grants), system(as_reader) as connector:
        seen, noted = (connector.schema().entity(name) for name in ("seen", "noted"))
    with system(postgresql_url, f"DROP OWNED BY {role}", f"DROP ROLE {role}"):
        pass
    assert not seen.capabilities.writes
    able = noted.capabilities
    assert (able.creates, able.updates, able.removes, able.client_keys) == (True, True, False, True)
    assert [field.name for field in noted.fields if field.read_only] == ["once", "never"]
    assert [field.name for field in noted.fields if field.immutable] == ["id", "once"]


def test_views_and_tables_without_a_key_are_read_only(database_url: str, system: System) -> None:
    with system(
        database_url,
        "CREATE TABLE log (line text)",
        "CREATE VIEW lines AS SELECT line FROM log",
    ) as connector:
        schema = connector.schema()
    for name in ("log", "lines"):
        assert not schema.entity(name).capabilities.writes
        assert schema.entity(name).capabilities.deletes is Deletes.NONE


def test_version_fields_are_known_by_their_names(database_url: str, system: System) -> None:
    instant = "timestamptz" if database_url.startswith("postgresql") else "DATETIME"
    columns = f"id integer PRIMARY KEY, updated_at {instant}, row_version bigint, version text"
    columns += f', "modifiedAt" {instant}, created_at {instant}'
    with system(database_url, f"CREATE TABLE t ({columns})") as connector:
        able = connector.schema().entity("t").capabilities
    assert able.version_fields == ("row_version", "updated_at", "modifiedAt")


def test_a_number_that_may_count_the_changes_of_one_record_orders_none(
    database_url: str, system: System
) -> None:
    table = "CREATE TABLE t (id integer PRIMARY KEY, version bigint)"
    with system(database_url, table) as connector:
        assert connector.schema().entity("t").capabilities.version_fields == ()


def test_key_that_the_database_makes_is_not_ours_to_choose(
    postgresql_url: str, system: System
) -> None:
    identity = "CREATE TABLE t (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY)"
    with system(postgresql_url, identity) as connector:
        assert not connector.schema().entity("t").capabilities.client_keys


def test_schema_is_read_once(database_url: str, system: System) -> None:
    with system(database_url, "CREATE TABLE t (id integer PRIMARY KEY)") as connector:
        assert connector.schema() is connector.schema()


def test_check_names_product_version_and_address_without_password(
    database_url: str, system: System
) -> None:
    with system(database_url, "CREATE TABLE t (id integer PRIMARY KEY)") as connector:
        line = connector.check()
    assert line.startswith(("SQLite 3.", "PostgreSQL "))
    assert line.endswith("tables and views: 1")


WANTED = Entity(
    name="account",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.GUID, nullable=False),
        Field(name="name", kind=Kind.STRING, max_length=40),
        Field(name="100% of it", kind=Kind.DECIMAL, precision=18, scale=2),
        Field(name='say "so"', kind=Kind.DECIMAL),
        Field(name="note", kind=Kind.STRING),
        Field(name="seen", kind=Kind.INSTANT),
    ),
)


def test_provisioned_columns_have_native_types_on_postgresql(
    postgresql_url: str, system: System
) -> None:
    with system(postgresql_url) as connector:
        connector.provision(WANTED)
        fields = connector.schema().entity("account").fields
    assert {field.name: field.type_name for field in fields} == {
        "id": "uuid",
        "name": "character varying(40)",
        "100% of it": "numeric(18,2)",
        'say "so"': "numeric",
        "note": "text",
        "seen": "timestamp with time zone",
    }


def test_provisioned_columns_say_what_they_hold_on_sqlite(tmp_path: object, system: System) -> None:
    with system(f"sqlite:///{tmp_path}/x.db") as connector:
        connector.provision(WANTED)
        fields = connector.schema().entity("account").fields
    assert {field.name: field.type_name for field in fields} == {
        "id": "GUID_TEXT",
        "name": "VARCHAR(40)",
        "100% of it": "DECIMAL_TEXT(18, 2)",
        'say "so"': "DECIMAL_TEXT",
        "note": "TEXT",
        "seen": "INSTANT_TEXT",
    }


def test_columns_with_odd_names_are_added(database_url: str, system: System) -> None:
    with system(database_url, "CREATE TABLE account (id integer PRIMARY KEY)") as connector:
        assert connector.missing(WANTED)[0].startswith("add column account.name (VARCHAR(40))")
        connector.provision(WANTED)
        assert connector.schema().entity("account").field("100% of it").scale == 2
        assert connector.missing(WANTED) == ()


def test_name_that_the_database_would_cut_is_refused(postgresql_url: str, system: System) -> None:
    wanted = Entity(name="t", key=("id",), fields=(Field(name="ž" * 32, kind=Kind.STRING),))
    with system(postgresql_url) as connector, pytest.raises(ConfigurationError, match="63 bytes"):
        connector.provision(wanted)
