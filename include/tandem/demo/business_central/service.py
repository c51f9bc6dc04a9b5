"""A simulated Business Central as an ASGI application.

Microsoft Learn, "Business Central API endpoint structure": one environment, below it API v2.0, a
custom API and the published web services, each a service root of its own with `$metadata` and
`$batch`; "Operational limits for Business Central online" for what is refused when it is too much.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tandem.demo.business_central.api import API
from tandem.demo.business_central.batch import answer_batch
from tandem.demo.business_central.control import Control
from tandem.demo.business_central.custom import CUSTOM
from tandem.demo.business_central.dispatch import Server, answer
from tandem.demo.business_central.errors import refused, told
from tandem.demo.business_central.sample import COMPANIES
from tandem.demo.business_central.sites import site
from tandem.demo.business_central.web_services import WEB_SERVICES
from tandem.demo.call import Reply, Service, error_reply, with_version
from tandem.demo.clock import Clock, system_clock
from tandem.demo.dispatch import Incoming
from tandem.demo.errors import ServiceError, not_found

TENANT: Final = "contoso.example"
ENVIRONMENT: Final = "Production"
BASE: Final = f"/v2.0/{TENANT}/{ENVIRONMENT}/"
ROOT: Final = f"{BASE}{API.path}"
CUSTOM_ROOT: Final = f"{BASE}{CUSTOM.path}"
WEB_SERVICE_ROOT: Final = f"{BASE}{WEB_SERVICES.path}"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
WRITING: Final = ("POST", "PATCH", "DELETE")
_PATH: Final = re.compile(
    r"(/v2\.0/(?:[^/]+/)??([^/]+)/)(api/v2\.0|api/contoso/app1/v1\.0|ODataV4)(?:/(.*))?"
)


def create_app(
    database: Path,
    *,
    clock: Clock = system_clock,
    new_id: Callable[[], UUID] = uuid4,
    accepts: Callable[[str], bool] | None = None,
    control: Control | None = None,
) -> Starlette:
    """A Business Central with two companies, over database files beside that path.

    `accepts` says whether a bearer token is good now; without it everyone is let in. `control`
    makes trouble and counts requests.
    """
    used = control or Control()
    servers = {}
    for root in (API, CUSTOM, WEB_SERVICES):
        found = site(root, COMPANIES, database, clock)
        servers[root.path.rstrip("/")] = Server(
            found, Service(found.any_store, clock, new_id, used.page_size), used
        )
    gate = _Gate(servers, used, new_id, accepts)
    return Starlette(
        routes=[
            Route("/health", lambda _: JSONResponse({"status": "healthy"})),
            Route("/v2.0/{path:path}", gate.respond, methods=METHODS),
        ]
    )


class _Gate:
    def __init__(
        self,
        servers: Mapping[str, Server],
        control: Control,
        new_id: Callable[[], UUID],
        accepts: Callable[[str], bool] | None,
    ) -> None:
        self._servers = servers
        self._control = control
        self._new_id = new_id
        self._accepts = accepts

    async def respond(self, request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(self._respond, request, body)

    def _respond(self, request: Request, body: bytes) -> Response:
        try:
            with self._control.place():
                self._let_in(request, body)
                reply = self._answer(request, body)
            if request.method in WRITING and self._control.take("lose_answers"):
                raise refused("Unknown", "The gateway got no answer in time.", 504)
        except ServiceError as error:
            reply = error_reply(told(error, self._new_id()))
        return Response(reply.body, reply.status, with_version(reply))

    def _let_in(self, request: Request, body: bytes) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        bearer = token if scheme.lower() == "bearer" else ""
        if self._accepts is not None and not (bearer and self._accepts(bearer)):
            message = "The server has rejected the client credentials."
            headers = {"www-authenticate": 'Bearer realm="", error="invalid_token"'}
            raise ServiceError(401, "Authentication_InvalidCredentials", message, headers=headers)
        if self._control.take("throttle"):
            raise refused("Application_TooManyRequests", "Too many requests reached.", 429)
        if self._control.take("unavailable"):
            headers = {"retry-after": str(self._control.retry_after)}
            message = "The service is temporarily unavailable."
            raise ServiceError(503, "Internal_ServerError", message, headers=headers)
        if len(body) > self._control.body_size:
            raise refused("BadRequest", "The request body is too large.", 413)

    def _answer(self, request: Request, body: bytes) -> Reply:
        raw = request.scope["raw_path"].decode()
        match = _PATH.fullmatch(raw)
        if not match:
            raise not_found("Resource not found for the segment.")
        if match[2] != ENVIRONMENT:
            raise refused("NoEnvironment", "Environment does not exist.", 404)
        self._control.requests.append(f"{request.method} {match[4] or ''}")
        incoming = Incoming(
            method=request.method,
            path=match[4] or "",
            query=request.url.query,
            headers={name: ",".join(request.headers.getlist(name)) for name in request.headers},
            body=body,
        )
        root = f"{str(request.base_url).rstrip('/')}{match[1]}{match[3]}/"
        respond = answer_batch if incoming.path == "$batch" else answer
        return respond(self._servers[match[3]], root, incoming)
