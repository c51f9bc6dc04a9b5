"""What only PostgreSQL has: schemas by any name, domains upon domains, and rights."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tandem.conformance.subject import NOW
from tandem.connectors.base import Query
from tandem.connectors.sql import SqlConnector
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity, Kind

System = Callable[..., AbstractContextManager[SqlConnector]]


def in_schema(url: str, name: str) -> str:
    """The same database, with that schema alone in the search path."""
    return f'{url.partition("?")[0]}?options=-csearch_path%3D"{name}"'.replace(" ", "%5C%20")


@pytest.fixture
def reader(postgresql_url: str, system: System) -> Iterator[str]:
    """A role that may use the test's schema, and nothing in it yet."""
    role = "tandem_reader_" + postgresql_url[-12:]
    schema = postgresql_url.rpartition("%3D")[2]
    usage = f"GRANT USAGE ON SCHEMA {schema} TO {role}"
    with system(postgresql_url, f"CREATE ROLE {role} LOGIN", usage):
        yield role
    with system(postgresql_url, f"DROP OWNED BY {role}", f"DROP ROLE {role}"):
        pass


def as_role(url: str, role: str) -> str:
    return url.replace("postgres@", f"{role}@")


@pytest.mark.parametrize("begins", ["Tandem_Crm_", "tandem crm ", 'tandem "q" '])
def test_a_schema_may_have_any_name(begins: str, postgresql_url: str, system: System) -> None:
    name = begins + postgresql_url[-12:]
    quoted = '"' + name.replace('"', '""') + '"'
    create = (f"CREATE SCHEMA {quoted}", f'CREATE TABLE {quoted}."T" (id uuid PRIMARY KEY)')
    inside = in_schema(postgresql_url, name.replace('"', '""'))
    try:
        with system(postgresql_url, *create), system(inside) as connector:
            entity = connector.schema().entity("T")
            assert connector.check().endswith("tables and views: 1")
            assert list(connector.read(Query(entity, ("id",), NOW))) == []
    finally:
        with system(postgresql_url, f"DROP SCHEMA {quoted} CASCADE"):
            pass
    assert entity.field("id").kind is Kind.GUID


def test_a_domain_is_what_is_beneath_it(postgresql_url: str, system: System) -> None:
    with system(
        postgresql_url,
        "CREATE TYPE mood AS ENUM ('sad', 'it''s ok')",
        "CREATE DOMAIN feeling AS mood",
        "CREATE DOMAIN feeling_now AS feeling NOT NULL",
        "CREATE DOMAIN price AS numeric(18, 2)",
        "CREATE DOMAIN net_price AS price NOT NULL DEFAULT 0",
        "CREATE DOMAIN code AS varchar(5)",
        "CREATE DOMAIN short_code AS code CHECK (length(value) < 4)",
        "CREATE TABLE t (id uuid PRIMARY KEY, m feeling, n feeling_now, p net_price, c short_code)",
    ) as connector:
        entity = connector.schema().entity("t")
    found = {f.name: (f.kind, f.type_name) for f in entity.fields if f.name != "id"}
    assert found == {
        "m": (Kind.STRING, "mood"),
        "n": (Kind.STRING, "mood"),
        "p": (Kind.DECIMAL, "numeric(18,2)"),
        "c": (Kind.STRING, "character varying(5)"),
    }
    assert entity.field("m").options == entity.field("n").options == ("sad", "it's ok")
    price = entity.field("p")
    assert (price.scale, price.nullable, price.defaulted) == (2, False, True)


def read_of(connector: SqlConnector, entity: Entity) -> list[object]:
    return list(connector.read(Query(entity, tuple(entity.by_name), NOW)))


def test_what_the_user_may_not_read_is_not_there(
    postgresql_url: str, reader: str, system: System
) -> None:
    grants = (
        "CREATE TABLE closed (id integer PRIMARY KEY)",
        "CREATE TABLE letters (id integer PRIMARY KEY, body text)",
        "CREATE TABLE staff (id integer PRIMARY KEY, name text, pay integer,"
        " desk integer REFERENCES closed)",
        "CREATE TABLE keyless (id integer PRIMARY KEY, name text)",
        f"GRANT INSERT, UPDATE, DELETE ON letters TO {reader}",
        f"GRANT SELECT (id, name, desk), UPDATE ON staff TO {reader}",
        f"GRANT SELECT (name), INSERT, UPDATE ON keyless TO {reader}",
    )
    with system(postgresql_url, *grants), system(as_role(postgresql_url, reader)) as connector:
        schema = connector.schema()
        assert [read_of(connector, entity) for entity in schema.entities] == [[], []]
    assert [entity.name for entity in schema.entities] == ["keyless", "staff"]
    assert list(schema.entity("staff").by_name) == ["id", "name", "desk"]
    assert schema.entity("staff").field("desk").lookup == ()
    assert schema.entity("keyless").key == ()
    assert not schema.entity("keyless").capabilities.writes


def test_check_says_what_the_user_may_not_read(
    postgresql_url: str, reader: str, system: System
) -> None:
    table = "CREATE TABLE closed (id integer PRIMARY KEY)"
    with system(postgresql_url, table), system(as_role(postgresql_url, reader)) as connector:
        assert connector.check().endswith("tables and views: 0 (1 more that the user may not read)")


def test_a_schema_that_is_missing_is_told(postgresql_url: str, system: System) -> None:
    with system(in_schema(postgresql_url, "Not_There")) as connector:
        with pytest.raises(ConfigurationError, match=r"search path .*Not_There.* exists"):
            connector.check()
        with pytest.raises(ConfigurationError, match="search path"):
            connector.schema()


def test_a_schema_that_the_user_may_not_use_is_told(
    postgresql_url: str, reader: str, system: System
) -> None:
    schema = postgresql_url.rpartition("%3D")[2]
    revoke = f"REVOKE USAGE ON SCHEMA {schema} FROM {reader}"
    with (
        system(postgresql_url, revoke),
        system(as_role(postgresql_url, reader)) as connector,
        pytest.raises(ConfigurationError, match=f"may be used by '{reader}'"),
    ):
        connector.check()
