"""Names of ours as ids of Airflow's."""

import re


def task_key(name: str) -> str:
    """The name in characters that Airflow allows in ids."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
