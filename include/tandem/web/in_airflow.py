"""The pages' app in Airflow's API server, with the settings of its environment."""

from datetime import UTC, datetime

from fastapi import FastAPI

from tandem.airflow.api_server import AirflowHost
from tandem.airflow.connections import find_connection
from tandem.settings import Settings
from tandem.sync.environment import Environment
from tandem.web.app import create_app


def app() -> FastAPI:
    """The app."""
    environment = Environment(Settings.from_environment(), find_connection, _now)
    return create_app(AirflowHost(), environment)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the clock of the pages
