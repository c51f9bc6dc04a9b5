"""Connections by id: from the environment, else from wherever Airflow keeps them."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tandem.errors import ConfigurationError
from tandem.model.connection import Connection, parse_connection

if TYPE_CHECKING:
    from airflow.sdk import Connection as AirflowConnection


def find_connection(conn_id: str, environment: Mapping[str, str] = os.environ) -> Connection:
    """The connection of that id; ConfigurationError if it is nowhere.

    Airflow is asked, and loaded, only for what is not in AIRFLOW_CONN_<ID>.
    """
    text = environment.get(f"AIRFLOW_CONN_{conn_id.upper()}")
    if text:
        return parse_connection(conn_id, text)
    return _ask_airflow(conn_id)


def _ask_airflow(conn_id: str) -> Connection:
    from airflow.sdk import Connection as AirflowConnection
    from airflow.sdk.exceptions import AirflowNotFoundException

    # Outside a task Airflow looks into its own database only for a process that calls itself a
    # server; `airflow connections` does so too. In a task this changes nothing.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    try:
        return from_airflow(AirflowConnection.get(conn_id))
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"There is no connection {conn_id!r}.",
            remedy=f"Set AIRFLOW_CONN_{conn_id.upper()}, or add it on Airflow's Connections page.",
        ) from None


def from_airflow(found: "AirflowConnection") -> Connection:
    """Airflow's connection as ours. What its form leaves empty counts as absent."""
    extra = {name: value for name, value in found.extra_dejson.items() if value is not None}
    return Connection(
        id=found.conn_id,
        conn_type=found.conn_type,
        host=found.host,
        schema_name=found.schema,
        port=found.port,
        login=found.login,
        password=found.password,
        extra=extra,
    )
