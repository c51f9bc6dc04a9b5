"""Who shares a quota should share a pool."""

from typing import Any

from tandem.model.connection import Connection
from tandem.model.integration import Integration
from tandem.sync.people.pools import pools_named, shared_apart

CRM = {"conn_type": "odata", "host": "https://crm.example.com/", "login": "sync"}
HERE = {"conn_type": "sql", "extra": {"url": "sqlite:///local.db"}}


def integration(name: str, connection: str, pool: str | None) -> Integration:
    fields = ({"external": "a", "local": "a"},)
    system: dict[str, Any] = {"connector": "odata", "connection": connection, "pool": pool}
    return Integration.model_validate(
        {
            "name": name,
            "external": system,
            "local": {"connector": "sql", "connection": f"{name}_here"},
            "entities": ({"external": "A", "local": "a", "fields": fields},),
        }
    )


def find(conn_id: str) -> Connection:
    local = conn_id.endswith("_here")
    parts = {**HERE, "extra": {"url": f"sqlite:///{conn_id}.db"}} if local else CRM
    return Connection(id=conn_id, **parts)


def test_one_holder_met_from_two_pools_is_told() -> None:
    files = [integration("one", "crm_a", "quota"), integration("two", "crm_b", None)]
    assert pools_named(files) == {"quota"}
    [found] = shared_apart(files, find)
    assert str(found).endswith("different pools (crm_a: quota; crm_b: none).")
    assert "crm.example.com" in found.holder


def test_one_pool_or_none_at_all_is_fine() -> None:
    for pool in ("quota", None):
        files = [integration("one", "crm_a", pool), integration("two", "crm_b", pool)]
        assert shared_apart(files, find) == []
