"""The demo service as an ASGI application."""

import base64
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tandem.demo.call import Call, Reply, Service
from tandem.demo.errors import ServiceError
from tandem.demo.headers import JSON, check_version
from tandem.demo.model import ServiceModel
from tandem.demo.modifications import create_entity, delete_entity, update_entity
from tandem.demo.queries import (
    count_entities,
    list_entities,
    metadata,
    read_entity,
    service_root,
)
from tandem.demo.resources import (
    Collection,
    Count,
    Item,
    Metadata,
    ServiceDocument,
    parse_path,
)
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.store import Store

ROOT: Final = "/odata/v4/demo/"
PAGE_SIZE: Final = 1_000
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
HANDLERS: Final[dict[type, dict[str, Callable[[Call, Any], Reply]]]] = {
    ServiceDocument: {"GET": service_root},
    Metadata: {"GET": metadata},
    Collection: {"GET": list_entities, "POST": create_entity},
    Count: {"GET": count_entities},
    Item: {"GET": read_entity, "PATCH": update_entity, "DELETE": delete_entity},
}


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 the one place where the demo looks at the clock


def create_app(
    database: Path | str,
    model: ServiceModel = FIELD_SERVICE,
    *,
    clock: Callable[[], datetime] = system_clock,
    new_id: Callable[[], UUID] = uuid4,
    page_size: int = PAGE_SIZE,
    credentials: tuple[str, str] | None = None,
) -> Starlette:
    """An OData v4 service for the model, at ROOT, over a database file that is made if missing.

    `page_size` holds where a client prefers none. With `credentials` (login, password) each
    request but that of `/health` has to bring them (basic).
    """
    service = Service(Store(Path(database), model), clock, new_id, page_size)

    async def odata(request: Request) -> Response:
        body = await request.body()
        try:
            _check_credentials(request.headers.get("authorization", ""), credentials)
            reply = await run_in_threadpool(_answer, service, request, body)
        except ServiceError as error:
            return _error(error)
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
    check_version(request.headers)
    resource = parse_path(
        request.scope["raw_path"].decode().removeprefix(ROOT), service.store.model
    )
    handlers = HANDLERS[type(resource)]
    method = "GET" if request.method == "HEAD" else request.method
    if method not in handlers:
        raise _method_not_allowed(request.method, list(handlers))
    headers = {name: ",".join(request.headers.getlist(name)) for name in request.headers}
    root = f"{str(request.base_url).rstrip('/')}{ROOT}"
    return handlers[method](Call(service, root, request.url.query, headers, body), resource)


def _method_not_allowed(method: str, allowed: list[str]) -> ServiceError:
    message = f"{method} is not allowed here; {', '.join(allowed)} are."
    return ServiceError(405, "MethodNotAllowed", message, headers={"allow": ", ".join(allowed)})


def _check_credentials(authorization: str, credentials: tuple[str, str] | None) -> None:
    if credentials is None:
        return
    expected = base64.b64encode(":".join(credentials).encode()).decode()
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic" or not secrets.compare_digest(given.encode(), expected.encode()):
        headers = {"www-authenticate": 'Basic realm="demo"'}
        raise ServiceError(401, "Unauthorized", "Login and password are wrong.", headers=headers)


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, {"odata-version": "4.0", **reply.headers})


def _error(error: ServiceError) -> Response:
    headers = {"content-type": JSON, **error.headers}
    return _response(Reply(error.status, json.dumps(error.body).encode(), headers))


def _failed(_: Request, error: Exception) -> Response:
    return _error(
        ServiceError(500, "InternalError", f"The service failed: {type(error).__name__}.")
    )


def _health(_: Request) -> Response:
    return JSONResponse({"status": "healthy"})


def _to_root(_: Request) -> Response:
    return RedirectResponse(ROOT)
