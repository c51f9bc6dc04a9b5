"""A simulated organisation of Resco Cloud as an ASGI application.

Both forms of address are there at once: with the organisation in the path, as on shared servers,
and without, as on a host of its own (Resco wiki, OData service and Resco CRM Connector).
"""

import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import unquote
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tandem.demo.call import Reply, with_version
from tandem.demo.clock import Clock, system_clock
from tandem.demo.dispatch import Incoming
from tandem.demo.errors import ServiceError
from tandem.demo.headers import JSON
from tandem.demo.resco import xml
from tandem.demo.resco.attributes import LookupForm
from tandem.demo.resco.controls import Controls
from tandem.demo.resco.data_service import DataService
from tandem.demo.resco.entities import entities, stored
from tandem.demo.resco.metadata_service import MetadataService
from tandem.demo.resco.odata import ODataService, error_body
from tandem.demo.resco.organization import Organization
from tandem.demo.store import Store

ODATA: Final = "/odata/v4"
DATA: Final = "/rest/v1/data"
METADATA: Final = "/rest/v1/metadata"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
WRITING: Final = ("Create", "Update", "Upsert", "Delete", "Execute")
"""What the names of methods of the data service that write begin with."""


def create_app(  # noqa: PLR0913 each is a choice of its own, by name
    database: Path | str,
    *,
    organization: str = "demo",
    credentials: tuple[str, str] = ("sync", "sync"),
    clock: Clock = system_clock,
    new_id: Callable[[], UUID] = uuid4,
    lookups: LookupForm = LookupForm.TYPED,
    controls: Controls | None = None,
) -> Starlette:
    """The services of one organisation, over a database file that is made if missing.

    `credentials`: the login and password that each request has to bring (basic). `lookups`: how
    OData shows them, which is not documented. `controls`: what a test can make the service do.
    The `Organization` itself is `app.state.organization`, for transactions that stay open.
    """
    all_ = entities(lookups)
    inside = Organization(
        name=organization,
        user=credentials[0],
        store=Store(Path(database), stored(all_), clock=clock),
        entities={entity.name: entity for entity in all_},
        clock=clock,
        new_id=new_id,
        controls=controls or Controls(),
    )
    inside.prepare()
    doors = (
        _Door(ODATA, ODataService(inside, lookups).answer, _json_error),
        _Door(DATA, DataService(inside).answer, _xml_error),
        _Door(METADATA, MetadataService(inside).answer, _xml_error),
    )
    guard = _Guard(inside.controls, credentials)
    app = Starlette(
        routes=[
            Route("/health", _health),
            *(
                Route(path, _endpoint(door, organization, guard), methods=METHODS)
                for door in doors
                for path in (door.path, f"{door.path}/{{rest:path}}")
            ),
        ],
        exception_handlers={Exception: _failed},
    )
    app.state.organization = inside
    return app


@dataclass(frozen=True, slots=True)
class _Door:
    """One service: where it is, how it answers and how it tells of errors."""

    path: str
    answer: Callable[[str, Incoming], Reply]
    error: Callable[[ServiceError], Reply]

    def reply(self, base: str, request: Incoming, guard: "_Guard") -> Reply:
        try:
            guard.check(request.headers)
            reply = self.answer(base, request)
            return guard.after(request, reply)
        except ServiceError as error:
            return self.error(error)


@dataclass(frozen=True, slots=True)
class _Guard:
    """What stands before each of them."""

    controls: Controls
    credentials: tuple[str, str]

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise a ServiceError if the request shall not be answered."""
        expected = base64.b64encode(":".join(self.credentials).encode()).decode()
        scheme, _, given = headers.get("authorization", "").partition(" ")
        good = scheme.lower() == "basic" and secrets.compare_digest(
            given.encode(), expected.encode()
        )
        if self.controls.refused or not good:
            asks = {"www-authenticate": 'Basic realm="Resco Cloud"'}
            message = "Login and password are wrong."
            raise ServiceError(401, "Unauthorized", message, headers=asks)
        if self.controls.throttles():
            wait = {"retry-after": str(self.controls.retry_after)}
            raise ServiceError(429, "TooManyRequests", "Too many requests.", headers=wait)

    def after(self, request: Incoming, reply: Reply) -> Reply:
        """The reply, or that of a gateway that never got it."""
        if writes(request) and self.controls.loses_answer():
            return Reply(504, b"", {})
        return reply


def writes(request: Incoming) -> bool:
    """Whether the request is one that changes records."""
    if request.path.rpartition("/")[2].startswith(WRITING):
        return True
    return request.method in ("PATCH", "DELETE") or (
        request.method == "POST" and request.headers.get("content-type", "").startswith(JSON)
    )


def _endpoint(
    door: _Door, organization: str, guard: _Guard
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        path = request.scope["raw_path"].decode().removeprefix(door.path).removeprefix("/")
        base = f"{str(request.base_url).rstrip('/')}{door.path}/"
        first, _, rest = path.partition("/")
        if unquote(first) == organization:
            path, base = rest, f"{base}{first}/"
        incoming = Incoming(
            method=request.method,
            path=path,
            query=request.url.query,
            headers={name: ",".join(request.headers.getlist(name)) for name in request.headers},
            body=await request.body(),
        )
        reply = await run_in_threadpool(door.reply, base, incoming, guard)
        headers = with_version(reply) if door.path == ODATA else dict(reply.headers)
        return Response(reply.body, reply.status, headers)

    return endpoint


def _json_error(error: ServiceError) -> Reply:
    return Reply(error.status, error_body(error), {"content-type": JSON, **error.headers})


def _xml_error(error: ServiceError) -> Reply:
    root = xml.root("Error")
    xml.fault(root, error)
    reply = xml.reply(root, error.status)
    return replace(reply, headers={**reply.headers, **error.headers})


def _failed(_: Request, error: Exception) -> Response:
    failure = ServiceError(500, "InternalError", f"The service failed: {type(error).__name__}.")
    return Response(error_body(failure), 500, media_type=JSON)


def _health(_: Request) -> Response:
    return JSONResponse({"status": "healthy"})
