"""Airflow's plugin: the pages, an entry for them in its navigation, and a tab on each DAG."""

from typing import Any
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from tandem.web.lazy import LazyApp

_PREFIX = "/tandem"
_BASE = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + _PREFIX


def _pages() -> Any:
    from tandem.web.in_airflow import app

    return app()


class TandemPlugin(AirflowPlugin):
    """Registers the pages."""

    name = "tandem"
    fastapi_apps: list[Any] = [{"name": "Tandem", "app": LazyApp(_pages), "url_prefix": _PREFIX}]  # noqa: RUF012 - Airflow's way
    external_views: list[Any] = [  # noqa: RUF012
        {
            "name": "Integrations",
            "href": f"{_BASE}/",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "integrations",
            "icon": f"{_BASE}/static/icon.svg",
            "icon_dark_mode": f"{_BASE}/static/icon-dark.svg",
        },
        {
            "name": "Integration",
            "href": f"{_BASE}/dags/{{DAG_ID}}",
            "destination": "dag",
            "url_route": "integration",
        },
    ]
