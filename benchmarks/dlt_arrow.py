"""dlt fed with Arrow tables, one a page.

python -m benchmarks.dlt_arrow SERVICE_ROOT TARGET [--plain]

TARGET: a libpq URL, or a SQLite file. `--plain`: orjson, `Table.from_pylist` and dlt's default
settings. Otherwise tuned by hand, keeping what was faster (BENCHMARKS.md):

- pyarrow's JSON reader with all types given; for SQLite, whose rows go through Python objects,
  numbers and text instead of decimals and dates;
- no `_dlt_load_id` and `_dlt_id` columns, so that files pass the normalizer untouched;
- into PostgreSQL parquet files by ADBC (into SQLite dlt offers only inserts).
"""

import io
import re
import sys
from collections.abc import Callable, Iterator

import dlt
import httpx
import orjson
import pyarrow as pa
import pyarrow.json as pj

from benchmarks.dlt_pipeline import is_postgres, pipeline_into
from benchmarks.fields import COLUMNS, ENTITY, TABLE, Column

NEXT_LINK = re.compile(rb'"@odata\.nextLink":"([^"]*)"')
DATE_AS_READ = pa.timestamp("s")  # the JSON reader knows no date32
TYPES = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": DATE_AS_READ,
    "double precision": pa.float64(),
    "integer": pa.int32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
SQLITE_TYPES = {"INTEGER": pa.int64(), "REAL": pa.float64(), "TEXT": pa.string()}


def exact(column: Column) -> pa.DataType:
    """The type that keeps every value."""
    if decimal := re.fullmatch(r"numeric\((\d+),(\d+)\)", column.postgres):
        return pa.decimal128(*map(int, decimal.groups()))
    return TYPES.get(column.postgres, pa.string())


def simple(column: Column) -> pa.DataType:
    """The type that the sqlite3 module takes as it is."""
    return pa.bool_() if column.postgres == "boolean" else SQLITE_TYPES[column.sqlite]


def contents(root: str) -> Iterator[bytes]:
    """The pages as they come."""
    with httpx.Client() as client:
        link: str | None = root + ENTITY
        while link:
            content = client.get(link).raise_for_status().content
            yield content
            found = NEXT_LINK.search(content, len(content) - 500)
            link = found[1].decode() if found else None


def inferred_tables(root: str) -> Iterator[pa.Table]:
    """One table a page, with the types that Arrow sees in the values."""
    for content in contents(root):
        yield pa.Table.from_pylist(orjson.loads(content)["value"])


def typed_tables(root: str, type_of: Callable[[Column], pa.DataType]) -> Iterator[pa.Table]:
    """One table a page, read with the types given."""
    read = pa.schema([(column.name, type_of(column)) for column in COLUMNS])
    given = pa.schema([(f.name, pa.date32() if f.type == DATE_AS_READ else f.type) for f in read])
    options = pj.ParseOptions(explicit_schema=read, unexpected_field_behavior="ignore")
    blocks = pj.ReadOptions(block_size=1 << 20)
    for content in contents(root):
        start, stop = content.index(b'"value":[') + 9, content.rindex(b"]")
        lines = content[start:stop].replace(b'},{"', b'}\n{"')
        yield pj.read_json(io.BytesIO(lines), blocks, options).cast(given)


def run_plain(root: str, target: str) -> None:
    """Load with dlt's default settings."""
    pipeline_into(target).run(dlt.resource(inferred_tables(root), name=TABLE))


def run_tuned(root: str, target: str) -> None:
    """Load with the settings that were fastest."""
    settings = {
        "normalize__parquet_normalizer__add_dlt_load_id": False,
        "normalize__parquet_normalizer__add_dlt_id": False,
        "load__workers": 2,
    }
    pages = typed_tables(root, exact if is_postgres(target) else simple)
    resource = dlt.resource(pages, name=TABLE, write_disposition="append")
    pipeline_into(target, **settings).run(resource, loader_file_format="parquet")


if __name__ == "__main__":
    service_root, into, *flags = sys.argv[1:]
    (run_plain if "--plain" in flags else run_tuned)(service_root, into)
