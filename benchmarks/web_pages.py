"""How fast the pages answer: 200 entities, one of them with 400 fields, and 100,000 rows of log.

python -m benchmarks.web_pages [--requests N] [--profile PAGE]

The pages are served over HTTP as to a browser, in an Airflow that is played; nothing else is on
the way: no system is asked. Median and 95th percentile of each page, whole and uncompressed.
"""

import argparse
import cProfile
import pstats
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from httpx import Client
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from tests.web.conftest import PlayedAirflow

from tandem.demo.server import serving
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity, Field, Kind, Schema
from tandem.settings import Settings
from tandem.state.migrate import open_database
from tandem.state.store import SqlState
from tandem.state.tables import log
from tandem.sync.environment import Environment
from tandem.web.app import create_app

ENTITIES: Final = 200
ROWS: Final = 100_000
FIELDS: Final = 20
MANY_FIELDS: Final = 400
LIMIT_MS: Final = 300
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_RUN: Final = "manual__249"

PAGES: Final = {
    "list": "/",
    "overview": "/integrations/big",
    "mapping": "/integrations/big/mapping?entity=Entity000",
    "data": "/integrations/big/data",
    "runs": "/integrations/big/runs",
    "runs, older": "/integrations/big/runs?before=50000",
    "runs of an entity": "/integrations/big/runs?entity=Entity000",
    "runs that failed": "/integrations/big/runs?status=failed",
    "run": f"/integrations/big/runs/{_RUN}",
    "waiting": "/integrations/big/waiting",
    "explain": "/integrations/big/explain",
}


def integration_file() -> str:
    """The integration `big`."""
    lines = [
        "name: big",
        "external: {connector: odata, connection: external}",
        "local: {connector: sql, connection: local}",
        "entities:",
    ]
    for number in range(ENTITIES):
        lines += [
            f"  - external: Entity{number:03}",
            f"    local: entity{number:03}",
            "    direction: bidirectional",
            "    primary_key: [f0]",
            "    fields:",
        ]
        lines += [f"      - {{external: f{n}, local: l{n}}}" for n in range(_fields(number))]
    return "\n".join(lines) + "\n"


def _fields(entity: int) -> int:
    return FIELDS if entity else MANY_FIELDS


def schema(name: str, key: str, field: str) -> Schema:
    """What one side has: the mapped fields, and as many that are not."""
    entities = [
        Entity(
            name=f"{name}{number:03}",
            key=(key,),
            fields=(
                Field(name=key, kind=Kind.GUID),
                *(Field(name=f"{field}{n}", kind=Kind.STRING) for n in range(2 * _fields(number))),
            ),
        )
        for number in range(ENTITIES)
    ]
    return Schema(entities=tuple(entities))


def fill(url: str) -> None:
    """The state: schemas of both sides, and the log of 250 runs both ways."""
    engine = open_database(url)
    state = SqlState(engine, "big")
    state.keep_schema("external", schema("Entity", "ID", "f"), run_id=_RUN, at=_AT)
    state.keep_schema("local", schema("entity", "id", "l"), run_id=_RUN, at=_AT)
    for run in range(ROWS // ENTITIES // 2):
        with engine.begin() as connection:
            connection.execute(insert(log), list(_rows(run)))
    engine.dispose()


def _rows(run: int) -> Iterator[dict[str, Any]]:
    at = _AT + timedelta(hours=run)
    for number in range(ENTITIES):
        for direction in ("download", "upload"):
            failed = number == 8 and run % 50 == 5
            yield {
                "integration": "big",
                "run_id": f"manual__{run}",
                "entity": f"Entity{number:03}",
                "direction": direction,
                "mode": "incremental",
                "started_at": at,
                "finished_at": at + timedelta(minutes=3),
                "status": "failed" if failed else "partial" if number == 7 else "success",
                "all": 10 + run,
                "created": 3,
                "updated": 7 + run,
            }


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The pages over that state; their address."""
    config = folder / "integrations"
    config.mkdir()
    (config / "big.yaml").write_text(integration_file())
    settings = Settings(
        config=config,
        state=f"sqlite:///{folder / 'state.db'}",
        staging=f"file://{folder / 'staging'}",
        key_file=folder / "tandem.key",
    )
    fill(settings.state)
    environment = Environment(settings, _no_connection, lambda: datetime.now(UTC))
    airflow = PlayedAirflow()
    airflow.paused = dict.fromkeys((f"big__{kind}" for kind in ("sync", "import", "export")), False)
    pages = create_app(airflow, environment)
    app = Starlette(
        routes=[
            Route("/health", lambda _: PlainTextResponse("healthy")),
            Mount("/tandem", pages),
        ]
    )
    with serving(app, root="/tandem") as root:
        yield root


def _no_connection(conn_id: str) -> Any:
    raise ConfigurationError(f"A page asked for the connection {conn_id!r}.")


def measured(client: Client, path: str, requests: int) -> str:
    """The row of a page in the table."""
    answer = client.get(path)
    if answer.status_code != 200:
        return f"{answer.status_code} | - | {len(answer.content) // 1000}"
    seconds = []
    for _ in range(requests):
        started = time.perf_counter()
        client.get(path)
        seconds.append(time.perf_counter() - started)
    median, slow = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    told = " (MISSED)" if median * 1000 > LIMIT_MS else ""
    return f"{median * 1000:.0f}{told} | {slow * 1000:.0f} | {len(answer.content) // 1000}"


def profile(client: Client, path: str) -> None:
    """Where the time of one page goes, most first."""
    client.get(path)
    profiler = cProfile.Profile()

    async def in_the_loop(do: Any, *arguments: Any, **named: Any) -> Any:
        return profiler.runcall(do, *arguments, **named)

    with patch("fastapi.routing.run_in_threadpool", in_the_loop):
        client.get(path)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.web_pages", description=__doc__)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--profile", choices=PAGES, help="show where the time of a page goes")
    arguments = parser.parse_args()
    client = Client(cookies={"role": "editor"}, headers={"Accept": "text/html"}, timeout=60)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as root, client:
        client.base_url = root
        if arguments.profile:
            profile(client, PAGES[arguments.profile])
            return
        print("| page | median ms | p95 ms | kB |\n|---|---|---|---|")
        for name, path in PAGES.items():
            print(f"| {name} | {measured(client, path, arguments.requests)} |", flush=True)


if __name__ == "__main__":
    main()
