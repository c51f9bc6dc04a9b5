"""Explain."""

from fastapi import APIRouter, Request, Response

from tandem.web.access import Reads
from tandem.web.answers import Shown, answer

router = APIRouter(tags=["explain"])


class Page(Shown):
    """What the page shows."""

    name: str


@router.get("/integrations/{name}/explain", response_model=Page)
def show_explain(request: Request, visit: Reads) -> Response:
    """Explain."""
    return answer(request, Page(name=visit.name), "explain/page.html", visit=visit, tab="Explain")
