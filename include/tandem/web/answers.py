"""One answer, two forms: HTML for browsers, JSON for programs."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from tandem.web.texts import FILTERS

PREFIX: Final = "/tandem"
"""Where the pages are below Airflow."""
_TEMPLATES: Final = Path(__file__).parent / "templates"


class Shown(BaseModel):
    """What a route answers. Whatever numbers records hold are texts: JSON's lose digits."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Shown):
    """Why a request was not carried out."""

    problem: str
    remedy: str = ""


def templates() -> Jinja2Templates:
    """All templates; what is put into them is escaped, and what is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals["url_for"] = _url_for
    environment.globals["airflow_url"] = _airflow_url
    return Jinja2Templates(env=environment)


def path_to(request: Request, route: str, **parameters: Any) -> str:
    """The path of that route, below where Airflow has put the pages."""
    path = _route(request.app, route).url_path_for(route, **parameters)
    return f"{request.scope['root_path']}{path}"


@lru_cache(maxsize=256)
def _route(app: Starlette, name: str) -> BaseRoute:
    """A page has hundreds of links, and `app.url_path_for` would try all routes for each."""
    return next(route for route in app.routes if getattr(route, "name", None) == name)


def path_in_airflow(request: Request, path: str) -> str:
    """The path of one of Airflow's own pages, which may be below a prefix itself."""
    return f"{request.scope['root_path'].removesuffix(PREFIX)}{path}"


@pass_context
def _airflow_url(context: Any, path: str) -> str:
    return path_in_airflow(context["request"], path)


@pass_context
def _url_for(context: Any, route: str, **parameters: Any) -> str:
    return path_to(context["request"], route, **parameters)


def is_for_browser(request: Request) -> bool:
    """Whether HTML is wanted: by what a browser, or htmx in it, says that it accepts."""
    return is_fragment(request) or "text/html" in request.headers.get("accept", "")


def is_fragment(request: Request) -> bool:
    """Whether htmx asks, which puts the answer into the page that is there."""
    return request.headers.get("hx-request") == "true"


def answer(
    request: Request,
    shown: BaseModel,
    template: str,
    *,
    status: int = 200,
    **context: Any,
) -> Response:
    """`shown` as that template makes HTML of it (there it is called `shown`), or as JSON.

    A template that extends `layout` is a whole page, or only its `main` where htmx asks.
    """
    if not is_for_browser(request):
        return JSONResponse(shown.model_dump(mode="json"), status_code=status)
    pages: Jinja2Templates = request.app.state.templates
    layout = "layout/fragment.html" if is_fragment(request) else "layout/page.html"
    values: Mapping[str, Any] = {"shown": shown, "layout": layout, **context}
    return pages.TemplateResponse(request, template, dict(values), status_code=status)


def moved(request: Request, route: str, *, said: str = "", **parameters: Any) -> Response:
    """Go on at that route: what a form that made something answers. `said`: the query of the page
    that tells people what was done.
    """
    url = path_to(request, route, **parameters)
    if is_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": url + said})
    return JSONResponse({"location": url}, status_code=201, headers={"Location": url})
