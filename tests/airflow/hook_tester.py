"""Presses the Test button of Airflow's Connections page, in a process of its own.

Reads one connection a line, as JSON of its fields, and answers each with one JSON line: whether it
works, and the message. Each press gives the connection another id, as Airflow's page does.
"""

import json
import logging
import os
import sys
from secrets import token_hex
from typing import Any

ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from airflow.models.connection import Connection  # noqa: E402

logging.basicConfig(level=logging.DEBUG)


def press(fields: dict[str, Any]) -> tuple[bool, str]:
    """As `airflow.api_fastapi.core_api.routes.public.connections.test_connection`."""
    conn_id = f"transient{token_hex(4)}"
    extra = json.dumps(fields.pop("extra", {}))
    connection = Connection(conn_id=conn_id, extra=extra, **fields)
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    os.environ[variable] = connection.get_uri()
    try:
        return connection.test_connection()
    finally:
        del os.environ[variable]


for line in sys.stdin:
    ANSWERS.write(json.dumps(press(json.loads(line))) + "\n")
    ANSWERS.flush()
