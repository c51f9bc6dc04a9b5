"""The SQL connector passes the suite on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from sqlalchemy import MetaData, Table, text

from tandem.conformance import *  # noqa: F403
from tandem.conformance import Subject
from tandem.connectors.sql import SqlConnector
from tandem.database import insert, open_engine, writing
from tandem.model.connection import Connection

SQLITE = (
    """CREATE TABLE item (
        id GUID_TEXT NOT NULL PRIMARY KEY, string TEXT, code VARCHAR(12), boolean BOOLEAN,
        int64 INTEGER, price DECIMAL_TEXT(18, 2), total DECIMAL_TEXT(38, 0), "decimal" DECIMAL_TEXT,
        float64 REAL, "date" DATE_TEXT, "time" TIME_TEXT, instant INSTANT_TEXT, foreign_at DATETIME,
        local_datetime LOCAL_DATETIME_TEXT, guid GUID_TEXT, "binary" BLOB, json JSON_TEXT,
        stage TEXT NOT NULL, level TEXT NOT NULL DEFAULT 'low'
    )""",
    'CREATE TABLE line ("order" TEXT, number INTEGER, "text" TEXT, PRIMARY KEY ("order", number))',
)
POSTGRESQL = (
    """CREATE TABLE item (
        id uuid PRIMARY KEY, string text COLLATE "en-x-icu", code varchar(12), boolean boolean,
        int64 bigint, price numeric(18, 2), total numeric(38, 0), "decimal" numeric,
        float64 double precision, "date" date, "time" time, instant timestamptz,
        local_datetime timestamp, guid uuid, "binary" bytea, json json, bag jsonb,
        stage text NOT NULL, level text NOT NULL DEFAULT 'low' CHECK (level IN ('low', 'high'))
    )""",
    'CREATE TABLE line ("order" text, number bigint, "text" text, PRIMARY KEY ("order", number))',
)
TABLES = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
ODD_ID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
SPOILT = {
    "sqlite": f"INSERT INTO item (id, stage, int64) VALUES ('{ODD_ID}', 'x', 'many')",
    "postgresql": f"INSERT INTO item (id, stage, instant) VALUES ('{ODD_ID}', 'x', 'infinity')",
}


@pytest.fixture
def subject(database_url: str) -> Iterator[Subject]:
    engine = open_engine(database_url)
    with writing(engine) as connection:
        for statement in TABLES[engine.dialect.name]:
            connection.execute(text(statement))

    def put(entity: str, records: pa.RecordBatch) -> None:
        with writing(engine) as connection:
            insert(connection, Table(entity, MetaData()), records)

    def spoil(_entity: str) -> None:
        with writing(engine) as connection:
            connection.execute(text(SPOILT[engine.dialect.name]))

    connector = SqlConnector(
        Connection(id="here", conn_type="sql", extra={"url": database_url}), page_rows=10
    )
    yield Subject(connector, entity="item", put=put, composite="line", spoil=spoil)
    connector.close()
    engine.dispose()
