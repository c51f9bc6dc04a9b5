"""The editor's page."""

from fastapi import APIRouter, Request, Response

from tandem.web.access import Reads
from tandem.web.answers import Shown, answer

router = APIRouter(tags=["mapping"])


class Page(Shown):
    """What the page shows."""

    name: str


@router.get("/integrations/{name}/mapping", response_model=Page)
def show_mapping(request: Request, visit: Reads) -> Response:
    """The editor's page."""
    return answer(request, Page(name=visit.name), "mapping/page.html", visit=visit, tab="Mapping")
