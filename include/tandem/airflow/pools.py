"""Which Airflow pool a step runs in. Light to import.

A pool stands for the quota of one holder at one system, a user of a tenant, whatever integration
asks. Airflow gives a task one pool, and a step talks to both sides: the external side's counts,
or else the local one's.
"""

from typing import Final

from tandem.model.integration import Integration

TALKING: Final = frozenset(
    ("refresh_schema", "split", "extract", "transform", "load", "complete_lookups")
)
"""Steps that talk to the systems."""


def pool_of(integration: Integration, step: str) -> dict[str, str]:
    """The task's option `pool`; empty for Airflow's default pool."""
    pool = integration.external.pool or integration.local.pool
    return {"pool": pool} if pool and step in TALKING else {}
