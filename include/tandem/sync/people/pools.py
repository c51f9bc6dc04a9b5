"""Pools of Airflow that integration files name, held against who shares a quota."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tandem.connectors.quota import quota_holder
from tandem.model.connection import Connection
from tandem.model.integration import Integration


@dataclass(frozen=True, slots=True)
class Sharing:
    """Connections of one quota holder that do not all name the same pool."""

    holder: str
    pools: dict[str, frozenset[str]]
    """Connection id → the pools that files name for it; an empty text is Airflow's default."""

    def __str__(self) -> str:
        """For people."""
        named = "; ".join(
            f"{conn}: {', '.join(pool or 'none' for pool in sorted(pools))}"
            for conn, pools in sorted(self.pools.items())
        )
        return f"{self.holder} is one quota holder, but files name different pools ({named})."


def pools_named(integrations: Iterable[Integration]) -> frozenset[str]:
    """The pools that tasks of these integrations run in, which Airflow must have."""
    sides = (side for one in integrations for side in (one.external, one.local))
    return frozenset(side.pool for side in sides if side.pool)


def shared_apart(
    integrations: Iterable[Integration], connections: Callable[[str], Connection]
) -> list[Sharing]:
    """Quota holders that are met from different pools, or from one and from none.

    The pools of external sides count, and of local ones where the file names one for no external
    side: those are the ones that tasks run in. Raises ConfigurationError for a connection that is
    not there.
    """
    found: dict[str, dict[str, set[str]]] = {}
    for one in integrations:
        pool = one.external.pool or one.local.pool or ""
        for side in (one.external, one.local):
            holder = quota_holder(connections(side.connection))
            found.setdefault(holder, {}).setdefault(side.connection, set()).add(pool)
    return [
        Sharing(holder, {conn: frozenset(pools) for conn, pools in by_connection.items()})
        for holder, by_connection in found.items()
        if len(together := set().union(*by_connection.values())) > 1 and together != {""}
    ]
