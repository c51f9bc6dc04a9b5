"""From a request to its reply, alone or within a batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.demo.call import Call, Json, Reply, Service
from tandem.demo.errors import ServiceError, bad_request
from tandem.demo.headers import check_version
from tandem.demo.modifications import create_entity, delete_entity, update_entity
from tandem.demo.queries import (
    count_entities,
    list_entities,
    metadata,
    read_entity,
    service_root,
)
from tandem.demo.resources import (
    Batch,
    Collection,
    Count,
    Item,
    Metadata,
    ServiceDocument,
    parse_path,
)

HANDLERS: Final[dict[type, dict[str, Callable[[Call, Any], Reply]]]] = {
    ServiceDocument: {"GET": service_root},
    Metadata: {"GET": metadata},
    Collection: {"GET": list_entities, "POST": create_entity},
    Count: {"GET": count_entities},
    Item: {"GET": read_entity, "PATCH": update_entity, "DELETE": delete_entity},
}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came."""

    method: str
    path: str
    """Below the service root, percent-encoded."""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes | Json = b""


def answer(service: Service, root: str, request: Incoming) -> Reply:
    """The reply; ServiceError if there is none."""
    check_version(request.headers)
    resource = parse_path(request.path, service.store.model)
    if isinstance(resource, Batch):
        raise bad_request("A batch cannot contain a batch.")
    handlers = HANDLERS[type(resource)]
    method = "GET" if request.method == "HEAD" else request.method
    if method not in handlers:
        raise method_not_allowed(request.method, list(handlers))
    return handlers[method](
        Call(service, root, request.query, request.headers, request.body), resource
    )


def method_not_allowed(method: str, allowed: list[str]) -> ServiceError:
    """405, with the methods that are allowed."""
    message = f"{method} is not allowed here; {', '.join(allowed)} are."
    return ServiceError(405, "MethodNotAllowed", message, headers={"allow": ", ".join(allowed)})
