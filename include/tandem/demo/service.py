"""The demo service as an ASGI application."""

import base64
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tandem.demo.batch import answer_batch
from tandem.demo.call import Reply, Service, error_reply, with_version
from tandem.demo.clock import Clock, system_clock
from tandem.demo.dispatch import Incoming, answer
from tandem.demo.errors import ServiceError
from tandem.demo.model import ServiceModel
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.store import RETENTION, Store

ROOT: Final = "/odata/v4/demo/"
PAGE_SIZE: Final = 1_000
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def create_app(  # noqa: PLR0913 each is a choice of its own, by name
    database: Path | str,
    model: ServiceModel = FIELD_SERVICE,
    *,
    clock: Clock = system_clock,
    new_id: Callable[[], UUID] = uuid4,
    page_size: int = PAGE_SIZE,
    credentials: tuple[str, str] | None = None,
    delta_retention: timedelta = RETENTION,
    if_match_required: bool = False,
) -> Starlette:
    """An OData v4 service for the model, at ROOT, over a database file that is made if missing.

    `page_size` holds where a client prefers none. With `credentials` (login, password) each
    request but that of `/health` has to bring them (basic). `delta_retention`: how long after the
    reading that gave it a delta link can be followed; later it is a 410. With
    `if_match_required`, a PATCH or DELETE of an entity that has an etag is a 428 without If-Match
    (OData Protocol 4.01, 8.2.4).
    """
    store = Store(Path(database), model, clock=clock, retention=delta_retention)
    service = Service(store, clock, new_id, page_size, if_match_required)

    async def odata(request: Request) -> Response:
        body = await request.body()
        try:
            _check_credentials(request.headers.get("authorization", ""), credentials)
            reply = await run_in_threadpool(_answer, service, request, body)
        except ServiceError as error:
            reply = error_reply(error)
        return _response(reply)

    return Starlette(
        routes=[
            Route("/", _to_root),
            Route("/health", _health),
            Route(f"{ROOT}{{path:path}}", odata, methods=METHODS),
        ],
        exception_handlers={Exception: _failed},
    )


def _answer(service: Service, request: Request, body: bytes) -> Reply:
    incoming = Incoming(
        method=request.method,
        path=request.scope["raw_path"].decode().removeprefix(ROOT),
        query=request.url.query,
        headers={name: ",".join(request.headers.getlist(name)) for name in request.headers},
        body=body,
    )
    respond = answer_batch if incoming.path == "$batch" else answer
    return respond(service, f"{str(request.base_url).rstrip('/')}{ROOT}", incoming)


def _check_credentials(authorization: str, credentials: tuple[str, str] | None) -> None:
    if credentials is None:
        return
    expected = base64.b64encode(":".join(credentials).encode()).decode()
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic" or not secrets.compare_digest(given.encode(), expected.encode()):
        headers = {"www-authenticate": 'Basic realm="demo"'}
        raise ServiceError(401, "Unauthorized", "Login and password are wrong.", headers=headers)


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, with_version(reply))


def _failed(_: Request, error: Exception) -> Response:
    message = f"The service failed: {type(error).__name__}."
    return _response(error_reply(ServiceError(500, "InternalError", message)))


def _health(_: Request) -> Response:
    return JSONResponse({"status": "healthy"})


def _to_root(_: Request) -> Response:
    return RedirectResponse(ROOT)
