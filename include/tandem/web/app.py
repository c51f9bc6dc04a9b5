"""The app: every route with its guard, what errors look like, and what browsers are told."""

from typing import Final

from fastapi import APIRouter, FastAPI

from tandem.airflow.host import Host
from tandem.sync.environment import Environment
from tandem.web import (
    creating,
    data,
    explain,
    files,
    integrations,
    overview,
    runs,
    sign_ins,
    waiting,
)
from tandem.web.answers import templates
from tandem.web.browsers import BrowserRules
from tandem.web.desk import Desk
from tandem.web.failures import add_failures
from tandem.web.mapping import (
    carrying,
    changes,
    checking,
    cleaning,
    filters,
    lines,
    saving,
    schemas,
    suggestions,
)
from tandem.web.mapping import page as mapping

ROUTERS: Final[tuple[APIRouter, ...]] = (
    integrations.router,
    creating.router,
    overview.router,
    sign_ins.router,
    mapping.router,
    filters.router,
    changes.router,
    lines.router,
    saving.router,
    suggestions.router,
    cleaning.router,
    schemas.router,
    carrying.router,
    checking.router,
    data.router,
    runs.router,
    waiting.router,
    explain.router,
    files.router,
)


def create_app(host: Host, environment: Environment) -> FastAPI:
    """The pages of these integrations, in that Airflow.

    Each path answers in HTML to browsers, and in JSON to programs.
    """
    app = FastAPI(title="Tandem", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = Desk(host, environment)
    app.state.templates = templates()
    app.add_middleware(BrowserRules)
    add_failures(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
