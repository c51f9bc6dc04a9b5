"""The organization as an ASGI application."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tandem.demo.call import Reply, Service, error_reply, with_version
from tandem.demo.clock import Clock, system_clock
from tandem.demo.dispatch import Incoming
from tandem.demo.dynamics.batch import answer_batch
from tandem.demo.dynamics.control import Control
from tandem.demo.dynamics.dispatch import answer
from tandem.demo.dynamics.errors import REQUEST, in_its_words
from tandem.demo.dynamics.listing import MAX
from tandem.demo.dynamics.organization import ROOT, Organization
from tandem.demo.dynamics.sample import open_store
from tandem.demo.errors import ServiceError

METHODS: Final = ("GET", "POST", "PATCH", "DELETE")
WRITES: Final = ("POST", "PATCH", "DELETE")
URL_LENGTH: Final = 32_768
"""Microsoft Learn, "Query data using the Web API": 32 KB, 64 KB within a batch."""
TOKEN_LIFE: Final = timedelta(days=7)
"""Microsoft Learn, "Organization table": ExpireChangeTrackingInDays."""
AUTHORITY: Final = "https://login.microsoftonline.com/common/oauth2/authorize"


def create_app(
    database: Path,
    *,
    clock: Clock = system_clock,
    new_id: Callable[[], UUID] = uuid4,
    accepts: Callable[[str], bool] | None = None,
    page_size: int = MAX,
    control: Control | None = None,
) -> Starlette:
    """A Dataverse organization at ROOT over a database file that is made if missing.

    `accepts` says whether a bearer token is good now; None: everyone is let in. `page_size`: the
    most rows of a page. `control`: its limits, and the hand that tests have on it.
    """
    store = open_store(database, clock)
    service = Service(store, clock, new_id, min(page_size, MAX))
    organization = Organization(service, control or Control(), TOKEN_LIFE)

    async def web_api(request: Request) -> Response:
        body = await request.body()
        try:
            challenge = _challenge(organization.control, request, accepts)
            reply: Reply = (
                await run_in_threadpool(_admitted, organization, request, body)
                if challenge is None
                else challenge
            )
        except ServiceError as error:
            reply = error_reply(in_its_words(error))
        if request.method in WRITES and reply.status < 300 and organization.control.loses():
            return _Lost()
        return Response(reply.body, reply.status, with_version(reply))

    return Starlette(
        routes=[
            Route("/health", lambda _: JSONResponse({"status": "healthy"})),
            Route(f"{ROOT}{{path:path}}", web_api, methods=METHODS),
        ],
        exception_handlers={Exception: _failed},
    )


def _admitted(organization: Organization, request: Request, body: bytes) -> Reply:
    began = organization.service.clock()
    organization.control.admit(began)
    try:
        return _answered(organization, request, body)
    finally:
        organization.control.leave(began, organization.service.clock())


def _answered(organization: Organization, request: Request, body: bytes) -> Reply:
    path = request.scope["raw_path"].decode().removeprefix(ROOT)
    if len(str(request.url)) > URL_LENGTH:
        raise ServiceError(414, REQUEST, "The request URI is too long.")
    incoming = Incoming(
        method=request.method,
        path=path,
        query=request.scope["query_string"].decode(),
        headers={name: ",".join(request.headers.getlist(name)) for name in request.headers},
        body=body,
    )
    respond = answer_batch if path == "$batch" else answer
    return respond(organization, f"{str(request.base_url).rstrip('/')}{ROOT}", incoming)


def _challenge(
    control: Control, request: Request, accepts: Callable[[str], bool] | None
) -> Reply | None:
    """401 without a body where the token is not good.

    Microsoft Learn, "Use OAuth authentication with Microsoft Dataverse": the challenge.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    good = accepts is None or (scheme.lower() == "bearer" and accepts(token))
    if good and not control.refuses():
        return None
    challenge = f"Bearer authorization_uri={AUTHORITY}, resource_id={request.base_url}"
    return Reply(401, headers={"www-authenticate": challenge})


class _Lost(Response):
    """No answer: the connection is closed although the write is done."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


def _failed(_: Request, error: Exception) -> Response:
    message = f"The simulator failed: {type(error).__name__}."
    reply = error_reply(ServiceError(500, "0x80040216", message))
    return Response(reply.body, reply.status, with_version(reply))
