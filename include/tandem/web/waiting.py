"""Waiting."""

from fastapi import APIRouter, Request, Response

from tandem.web.access import Reads
from tandem.web.answers import Shown, answer

router = APIRouter(tags=["waiting"])


class Page(Shown):
    """What the page shows."""

    name: str


@router.get("/integrations/{name}/waiting", response_model=Page)
def show_waiting(request: Request, visit: Reads) -> Response:
    """Waiting."""
    return answer(request, Page(name=visit.name), "waiting/page.html", visit=visit, tab="Waiting")
