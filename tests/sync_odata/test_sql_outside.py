"""A SQL database as the external side: the same rules."""

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.settings import Settings
from tandem.sync.environment import Environment
from tandem.sync.job import Request, open_job
from tandem.sync.run import run_all

DEFINITIONS = {
    "sqlite": "CREATE TABLE client (no INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, "
    "label TEXT, parent INTEGER, total DECIMAL_TEXT(18, 2))",
    "postgresql": "CREATE TABLE client (no BIGINT PRIMARY KEY, code TEXT NOT NULL UNIQUE, "
    "label TEXT, parent BIGINT, total NUMERIC(18, 2))",
}
CLIENTS: dict[str, Any] = {
    "external": "client",
    "local": "client",
    "direction": "bidirectional",
    "first_sync": "link_and_merge",
    "primary_key": ["code"],
    "fields": [
        {"external": "no", "local": "no"},
        {"external": "code", "local": "code"},
        {"external": "label", "local": "label"},
        {"external": "parent", "local": "parent", "lookup": {"entity": "client", "field": "no"}},
        {"external": "total", "local": "total"},
    ],
}


@pytest.fixture
def outside(local):
    """The external database."""
    local.run(DEFINITIONS["sqlite" if local.url.startswith("sqlite") else "postgresql"])
    return local


@pytest.fixture
def inside(outside, tmp_path):
    """The local database: always SQLite."""
    return type(outside)(f"sqlite:///{tmp_path}/inside.db")


@pytest.fixture
def sync(outside, inside, tmp_path, new_state, counted):
    """Runs the integration; what was written."""

    ticks = count()
    shutil.copy(new_state, tmp_path / "state.db")

    def now():
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticks))

    def run(**request):
        urls = {"outside": outside.url, "inside": inside.url}
        connections = {
            name: Connection(id=name, conn_type="sql", extra={"url": url})
            for name, url in urls.items()
        }
        settings = Settings(tmp_path, f"sqlite:///{tmp_path}/state.db", f"file://{tmp_path}/s")
        environment = Environment(settings, connections.__getitem__, now)
        integration = Integration.model_validate(
            {
                "name": "town",
                "external": {"connector": "sql", "connection": "outside"},
                "local": {"connector": "sql", "connection": "inside"},
                "provision": True,
                "entities": [CLIENTS],
            }
        )
        asked = Request(f"run-{next(ticks)}", **request)
        with open_job(integration, asked, environment) as job:
            return counted(run_all(job))

    return run


def clients(database, key="code"):
    with_ids = database.query('SELECT * FROM "client"')
    return {row[key]: row for row in with_ids}


def test_a_database_outside_is_kept_in_step(sync, outside, inside):
    outside.run("INSERT INTO client VALUES (1, 'a', 'Ada', NULL, '0.10')")
    outside.run("INSERT INTO client VALUES (2, 'b', 'Bob', 1, '9999999999999999.99')")
    assert sync() == {"client download": {"created": 2}}
    here = clients(inside)
    assert here["b"]["parent"] == here["a"]["id"]
    assert here["b"]["total"] == "9999999999999999.99"
    assert sync() == {}

    inside.run(
        "INSERT INTO client (id, no, code, label, parent, total) VALUES"
        f" ('{'0' * 8}-0000-4000-8000-{'0' * 12}', 3, 'c', 'Cid', '{here['b']['id']}', '1.50')"
    )
    inside.run("UPDATE client SET label = 'Ada here' WHERE code = 'a'")
    outside.run("UPDATE client SET total = '2.20' WHERE code = 'a'")
    sync()
    there, here = clients(outside), clients(inside)
    assert (there["c"]["no"], there["c"]["parent"]) == (3, 2)
    assert (there["a"]["label"], here["a"]["label"]) == ("Ada here", "Ada here")
    assert Decimal(there["a"]["total"]) == Decimal(here["a"]["total"]) == Decimal("2.20")
    assert sync() == {}

    inside.run("DELETE FROM client WHERE code = 'c'")
    outside.run("DELETE FROM client WHERE code = 'b'")
    sync()
    assert set(clients(outside)) == set(clients(inside)) == {"a"}
    assert sync() == {}


def test_what_a_database_keeps_as_it_was_sent_may_come_back_otherwise(
    sync, outside, inside, monkeypatch
):
    trimmed = {"external": "label", "local": "label", "transform": ["trim"]}
    monkeypatch.setitem(CLIENTS, "fields", [*CLIENTS["fields"][:2], trimmed])
    outside.run("INSERT INTO client VALUES (1, 'a', 'Ada', NULL, '0.10')")
    sync()
    inside.run("UPDATE client SET label = ' Bo ' WHERE code = 'a'")
    sync()
    assert clients(outside)["a"]["label"] == " Bo "
    assert clients(inside)["a"]["label"] == "Bo"
    assert sync() == {}
    inside.run("UPDATE client SET label = 'Carl' WHERE code = 'a'")
    sync()
    assert clients(outside)["a"]["label"] == clients(inside)["a"]["label"] == "Carl"
    assert sync() == {}
