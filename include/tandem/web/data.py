"""Data."""

from fastapi import APIRouter, Request, Response

from tandem.web.access import Reads
from tandem.web.answers import Shown, answer

router = APIRouter(tags=["data"])


class Page(Shown):
    """What the page shows."""

    name: str


@router.get("/integrations/{name}/data", response_model=Page)
def show_data(request: Request, visit: Reads) -> Response:
    """Data."""
    return answer(request, Page(name=visit.name), "data/page.html", visit=visit, tab="Data")
