"""What is the same for everybody: style sheets, scripts, icons, and the description of the API."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from tandem.web.access import signed_in
from tandem.web.answers import Problem, answer

router = APIRouter(dependencies=[Depends(signed_in)], tags=["files"])

_FILES: Final = {path.name: path for path in (Path(__file__).parent / "static").iterdir()}


@router.get("/static/{path}", include_in_schema=False)
def static(request: Request, path: str) -> Response:
    """A file of that name."""
    if path not in _FILES:
        return answer(
            request, Problem(problem=f"There is no file {path!r}."), "problem.html", status=404
        )
    return FileResponse(_FILES[path], headers={"Cache-Control": "private, max-age=3600"})


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    """The REST API, as OpenAPI describes it."""
    document: dict[str, Any] = request.app.openapi()
    return document
