"""Runs."""

from fastapi import APIRouter, Request, Response

from tandem.web.access import Reads
from tandem.web.answers import Shown, answer

router = APIRouter(tags=["runs"])


class Page(Shown):
    """What the page shows."""

    name: str


@router.get("/integrations/{name}/runs", response_model=Page)
def list_runs(request: Request, visit: Reads) -> Response:
    """Runs."""
    return answer(request, Page(name=visit.name), "runs/page.html", visit=visit, tab="Runs")
