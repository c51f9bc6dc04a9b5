"""The dlt pipeline into either target."""

from typing import Any

import dlt


def is_postgres(target: str) -> bool:
    """Whether the target is a libpq URL; otherwise it is a SQLite file."""
    return target.startswith("postgresql:")


def pipeline_into(target: str, **settings: Any) -> Any:
    """A pipeline that loads into the target, with these of dlt's settings."""
    for name, value in {"runtime__dlthub_telemetry": False, **settings}.items():
        dlt.config[name.replace("__", ".")] = value
    if is_postgres(target):
        destination: Any = dlt.destinations.postgres(target)
        dataset = "public"
    else:
        destination = dlt.destinations.sqlalchemy(f"sqlite:///{target}")
        dataset = "main"
    return dlt.pipeline("bench", destination=destination, dataset_name=dataset)
