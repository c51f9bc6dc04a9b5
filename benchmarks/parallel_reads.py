"""What a full reading in parts saves where each page has to be waited for, and where the rest goes.

python -m benchmarks.parallel_reads [RECORDS]

RECORDS (200,000) accounts of the demo service, in a process of its own that lets each page wait
0 or 300 ms. Each first sync has a fresh state and a fresh SQLite file; parts are read in threads.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tandem.demo.data import Sizes, fill
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.store import Store
from tandem.integration_files import load_integration
from tandem.model.connection import Connection
from tandem.settings import Settings
from tandem.sync import steps
from tandem.sync.environment import Environment
from tandem.sync.job import Request, open_job

PROJECT: Final = Path(__file__).parents[1]
WAITS: Final = (0.0, 0.3)
"""Seconds that a page takes to come."""
PARTS: Final = (1, 2, 4, 8)


def serve(database: str, wait: str) -> None:
    """The service, until standard input ends."""
    inner = create_app(Path(database))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(float(wait))
        await inner(scope, receive, send)

    with serving(app) as url:
        print(url, flush=True)
        sys.stdin.read()


@contextmanager
def service(database: Path, wait: float) -> Iterator[str]:
    """Its root URL."""
    command = [sys.executable, "-m", "benchmarks.parallel_reads", "serve", str(database), str(wait)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def first_sync(url: str, parts: int) -> dict[str, float]:
    """Seconds of each step of a first sync of accounts, which are downloaded."""
    with tempfile.TemporaryDirectory() as folder:
        local = {"url": f"sqlite:///{folder}/local.db"}
        found = {
            "northwind_api": Connection(id="northwind_api", conn_type="odata", host=url),
            "northwind_local": Connection(id="northwind_local", conn_type="sql", extra=local),
        }
        settings = Settings(Path(folder), f"sqlite:///{folder}/state.db", f"file://{folder}/staged")
        environment = Environment(settings, found.__getitem__, lambda: datetime.now(UTC))
        with open_job(_integration(parts), Request("measured"), environment) as run:
            steps.refresh_schema(run)
            steps.validate_metadata(run)
            begun = time.perf_counter()
            read = steps.read_all(run, "Accounts")
            at = [time.perf_counter()]
            planned = steps.transform(run, read)
            at.append(time.perf_counter())
            steps.load(run, planned)
            at.append(time.perf_counter())
    return dict(zip(("read", "transform", "load"), _differences([begun, *at]), strict=True))


def _integration(parts: int) -> Any:
    file = load_integration(PROJECT / "config" / "integrations" / "northwind.yaml")
    accounts = file.entities[0].model_copy(
        update={"parallel_reads": parts, "direction": "download_only"}
    )
    return file.model_copy(update={"entities": (accounts,)})


def _differences(moments: list[float]) -> list[float]:
    return [later - before for before, later in pairwise(moments)]


def main(records: int) -> None:
    """Print the table in BENCHMARKS.md."""
    print(f"{records:,} accounts\n")
    print("| wait for a page | parts | read in s | of one part | transform in s | load in s |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "service.db"
        sizes = replace(Sizes(), accounts=records, contacts=1, work_orders=1)
        fill(Store(database, FIELD_SERVICE), sizes)
        for wait in WAITS:
            with service(database, wait) as url:
                one = 0.0
                for parts in PARTS:
                    took = first_sync(url, parts)
                    one = one or took["read"]
                    print(
                        f"| {1000 * wait:.0f} ms | {parts} | {took['read']:.1f} "
                        f"| {took['read'] / one:.2f} | {took['transform']:.1f} "
                        f"| {took['load']:.1f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(*sys.argv[2:])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200_000)
