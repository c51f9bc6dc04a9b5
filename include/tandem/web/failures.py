"""What errors look like: as a page, as a message on a page, or as JSON."""

import logging
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from tandem.errors import (
    AuthenticationError,
    Busy,
    ConfigurationError,
    RetryLater,
    TandemError,
    Throttled,
)
from tandem.web.access import NotAllowed, NotLoggedIn, desk_of
from tandem.web.answers import Problem, answer, is_for_browser, is_fragment
from tandem.web.browsers import TOLD
from tandem.web.desk import NoSuchIntegration
from tandem.web.texts import problem_text

_log: Final = logging.getLogger(__name__)

_STATUS: Final[tuple[tuple[type[TandemError], int], ...]] = (
    (NotLoggedIn, 401),
    (NotAllowed, 403),
    (NoSuchIntegration, 404),
    (Busy, 409),
    (Throttled, 503),
    (RetryLater, 502),
    (AuthenticationError, 502),
    (ConfigurationError, 422),
    (TandemError, 422),
)


def add_failures(app: FastAPI) -> None:
    """Let the app answer errors so."""
    app.add_exception_handler(TandemError, _ours)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(UnicodeEncodeError, _half_characters)
    app.add_exception_handler(Exception, _bug)


def _ours(request: Request, error: Any) -> Response:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    if status == 401 and is_for_browser(request) and not is_fragment(request):
        return RedirectResponse(desk_of(request).host.login_url(str(request.url)), 303)
    return _told(request, Problem(problem=problem_text(error), remedy=error.remedy), status)


def _wrong_request(request: Request, error: Any) -> Response:
    found = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()]
    return _told(request, Problem(problem="; ".join(found) or "The request is wrong."), 422)


def _http(request: Request, error: Any) -> Response:
    return _told(request, Problem(problem=str(error.detail)), error.status_code)


def _bug(request: Request, error: Exception) -> Response:
    _log.error("A page failed: this is a bug", exc_info=error)
    problem = f"This is a bug: {type(error).__name__}."
    told = _told(request, Problem(problem=problem, remedy="The API server's log has more."), 500)
    told.headers.update({**TOLD, "cache-control": "no-store"})  # middleware is passed by
    return told


def _half_characters(request: Request, _error: Exception) -> Response:
    """JSON can say half of a pair of surrogates, which nothing can be written down as."""
    problem = "The request, or what it asks for, has half a character in a text."
    return _told(request, Problem(problem=problem, remedy="Write it again."), 422)


def _told(request: Request, problem: Problem, status: int) -> Response:
    return answer(request, problem, "problem.html", status=status)
