"""The floor: download, parse, write; nothing else. httpx + orjson + COPY, or + executemany.

python -m benchmarks.floor SERVICE_ROOT TARGET     TARGET: a libpq URL, or a SQLite file
"""

import sqlite3
import sys
from collections.abc import Iterator
from operator import itemgetter

import httpx
import orjson
import psycopg

from benchmarks.fields import COLUMNS, ENTITY, TABLE


def pages(root: str) -> Iterator[list[tuple[object, ...]]]:
    """The records page by page, as tuples in the order of the columns."""
    row = itemgetter(*(column.name for column in COLUMNS))
    with httpx.Client() as client:
        link: str | None = root + ENTITY
        while link:
            page = orjson.loads(client.get(link).raise_for_status().content)
            yield [row(record) for record in page["value"]]
            link = page.get("@odata.nextLink")


def into_postgres(root: str, url: str) -> None:
    """One COPY into a new table without index."""
    columns = ", ".join(f"{c.local} {c.postgres}" for c in COLUMNS)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} ({columns})")
        with cursor.copy(f"COPY {TABLE} FROM STDIN") as copy:
            for page in pages(root):
                for record in page:
                    copy.write_row(record)


def into_sqlite(root: str, path: str) -> None:
    """One transaction into a new table without index."""
    columns = ", ".join(f"{c.local} {c.sqlite}" for c in COLUMNS)
    marks = ", ".join("?" * len(COLUMNS))
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE {TABLE} ({columns})")
        for page in pages(root):
            connection.executemany(f"INSERT INTO {TABLE} VALUES ({marks})", page)


if __name__ == "__main__":
    service_root, target = sys.argv[1:]
    load = into_postgres if target.startswith("postgresql:") else into_sqlite
    load(service_root, target)
