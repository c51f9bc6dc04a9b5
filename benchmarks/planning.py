"""What planning unchanged pairs costs: `transform` over staged records of both sides.

python -m benchmarks.planning [PAIRS …]

Both sides are staged and linked beforehand, in a state database on SQLite. Each size runs in a
process of its own, so that its peak memory is its own.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run as run_command
from typing import Any, Final

import pyarrow as pa

from tandem.connectors.memory import store
from tandem.core.ids import new_ids
from tandem.core.images import bases, external_image, image_hashes, local_image
from tandem.core.mapping import BoundMapping
from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.model.schema import Entity, Field, Kind
from tandem.settings import Settings
from tandem.staging import BATCH_ROWS, BatchWriter
from tandem.sync.environment import Environment
from tandem.sync.job import Request, Run, open_job
from tandem.sync.manifests import Extracted, Read
from tandem.sync.schema import pin_schemas
from tandem.sync.sides.known import read_known
from tandem.sync.sides.reading import mapping_hash
from tandem.sync.transform import transform

SIZES: Final = (100_000, 1_000_000)
_FIELDS: Final = {
    "number": Kind.STRING,
    "name": Kind.STRING,
    "city": Kind.STRING,
    "email": Kind.STRING,
    "note": Kind.STRING,
    "revenue": Kind.DECIMAL,
    "employees": Kind.INT64,
    "active": Kind.BOOLEAN,
    "modified": Kind.INSTANT,
}
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def _entity(name: str, key: str) -> Entity:
    fields = [
        Field(name=n, kind=kind, scale=2 if kind is Kind.DECIMAL else None)
        for n, kind in _FIELDS.items()
    ]
    return Entity(name=name, key=(key,), fields=(Field(name=key, kind=Kind.GUID), *fields))


INTEGRATION: Final = Integration.model_validate(
    {
        "name": "planning",
        "external": {"connector": "memory", "connection": "external"},
        "local": {"connector": "memory", "connection": "local"},
        "entities": [
            {
                "external": "Accounts",
                "local": "account",
                "direction": "bidirectional",
                "primary_key": ["number"],
                "fields": [{"external": name, "local": name} for name in _FIELDS],
            }
        ],
    }
)


def _values(numbers: range) -> dict[str, pa.Array]:
    integers = pa.array(numbers, pa.int64())
    return {
        "number": pa.array([f"A-{n:08d}" for n in numbers]),
        "name": pa.array([f"Account number {n}" for n in numbers]),
        "city": pa.array([f"City {n % 1000}" for n in numbers]),
        "email": pa.array([f"person{n}@example.com" for n in numbers]),
        "note": pa.array([f"a note that is somewhat longer than the rest, {n}" for n in numbers]),
        "revenue": integers.cast(pa.decimal128(21, 2)).cast(pa.decimal128(38, 2)),
        "employees": integers,
        "active": pa.array([n % 2 == 0 for n in numbers]),
        "modified": integers.cast(pa.timestamp("us", "UTC")),
    }


def _batches(pairs: int) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    for start in range(0, pairs, BATCH_ROWS):
        numbers = range(start, min(pairs, start + BATCH_ROWS))
        ids = new_ids("external", pa.array([str(n) for n in numbers]))
        values = _values(numbers)
        external = {"ID": ids, **values}
        local = {"id": new_ids("local", ids), **values}
        yield pa.RecordBatch.from_pydict(external), pa.RecordBatch.from_pydict(local)


def _link(run: Run, bound: BoundMapping, external: pa.RecordBatch, local: pa.RecordBatch) -> None:
    theirs = external_image(bound.fields, external).texts
    ours = local_image(bound.fields, local).texts
    links = {
        "external_id": external.column("ID"),
        "local_id": local.column("id"),
        "base_hash": image_hashes(bound.fields, theirs),
        "local_hash": image_hashes(bound.fields, ours),
        "base": bases(bound.fields, theirs, ours),
        "external_version": pa.nulls(external.num_rows, pa.string()),
    }
    with run.state.account("Accounts") as account:
        account.links.put(pa.table(links), at=_NOW, replace=False)


def _staged(run: Run, pairs: int) -> Extracted:
    bound = run.bound("Accounts")
    sides = (
        BatchWriter(run.try_folder("Accounts", "e")),
        BatchWriter(run.try_folder("Accounts", "l")),
    )
    for external, local in _batches(pairs):
        _link(run, bound, external, local)
        sides[0].add(external.select(bound.external_fields))
        sides[1].add(local.select(bound.local_fields))
    external_read, local_read = (
        Read(mode="full", records=pairs, paths=tuple(side.written())) for side in sides
    )
    return Extracted(
        entity="Accounts",
        mapping_hash=mapping_hash(bound.mapping),
        external=external_read,
        local=local_read,
    )


def plan(pairs: int) -> dict[str, Any]:
    """Plan that many unchanged pairs; seconds, and the process's peak memory in MB."""
    store("external").define(_entity("Accounts", "ID"))
    store("local").define(_entity("account", "id"))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            config=Path(folder), state=f"sqlite:///{folder}/state.db", staging=f"file://{folder}"
        )
        environment = Environment(
            settings, lambda conn_id: Connection(id=conn_id, conn_type="memory"), lambda: _NOW
        )
        with open_job(INTEGRATION, Request("planning"), environment) as run:
            pin_schemas(run)
            extracted = _staged(run, pairs)
            clock, cpu = time.perf_counter(), time.process_time()
            planned = transform(run, extracted)
            seconds, cpu = time.perf_counter() - clock, time.process_time() - cpu
            clock = time.perf_counter()
            read_known(run.state, "Accounts")
            links = time.perf_counter() - clock
    assert planned.counts.unchanged == planned.upload_counts.unchanged == pairs
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"pairs": pairs, "seconds": seconds, "links": links, "cpu": cpu, "peak_mb": peak}


def main(sizes: list[int]) -> None:
    """Measure each size and print a table."""
    print("| pairs | s | of it reading links | CPU s | pairs a second | besides links | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for pairs in sizes:
        command = [sys.executable, "-m", "benchmarks.planning", "--one", str(pairs)]
        found = json.loads(run_command(command, check=True, capture_output=True).stdout)
        speed = found["pairs"] / found["seconds"]
        alone = found["pairs"] / (found["seconds"] - found["links"])
        print(
            f"| {found['pairs']:,} | {found['seconds']:.2f} | {found['links']:.2f} "
            f"| {found['cpu']:.2f} | {speed:,.0f} | {alone:,.0f} | {found['peak_mb']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(plan(int(sys.argv[2]))))
    else:
        main([int(text) for text in sys.argv[1:]] or list(SIZES))
