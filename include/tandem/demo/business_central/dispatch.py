"""From a request to its reply, alone or within a batch."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tandem.demo.business_central.control import Control
from tandem.demo.business_central.errors import refused
from tandem.demo.business_central.metadata import metadata_xml, service_document
from tandem.demo.business_central.places import Place, Site, locate
from tandem.demo.business_central.records import (
    CONTENT,
    Request,
    count_records,
    list_records,
    read_record,
    read_stream,
)
from tandem.demo.business_central.writes import create_record, delete_record, update_record
from tandem.demo.call import Call, Reply, Service
from tandem.demo.dispatch import Incoming
from tandem.demo.errors import bad_request
from tandem.demo.headers import XML
from tandem.demo.options import names_option

Handlers = dict[str, Callable[[Request], Reply]]
MANY: Final[Handlers] = {"GET": list_records, "POST": create_record}
ONE: Final[Handlers] = {"GET": read_record, "PATCH": update_record, "DELETE": delete_record}
READING: Final = ("GET", "HEAD")


@dataclass(frozen=True)
class Server:
    """What all requests to one service root share."""

    site: Site
    service: Service
    control: Control


def answer(server: Server, root: str, incoming: Incoming) -> Reply:
    """The reply; ServiceError if there is none."""
    if incoming.path in ("", "$metadata"):
        return _document(server, root, incoming.path)
    if names_option(incoming.query, "$deltatoken"):
        raise bad_request("Entity does not support delta requests.")
    _check_intent(incoming)
    place = locate(server.site, incoming.path, incoming.query, incoming.headers)
    method = "GET" if incoming.method == "HEAD" else incoming.method
    handlers = _handlers(server, place)
    if method not in handlers:
        message = (
            f"'{method}' requests for '{place.page.name}' of EdmType 'Entity' are not allowed "
            "within Microsoft Dynamics NAV OData web services."
        )
        raise refused("BadRequest_MethodNotAllowed", message, 405)
    call = Call(server.service, root, incoming.query, incoming.headers, incoming.body)
    pages = server.site.root.pages
    return handlers[method](Request(call, place, server.control, pages))


def _handlers(server: Server, place: Place) -> Handlers:
    if place.stream:
        return {"GET": read_stream}
    if place.count:
        return {"GET": count_records}
    handlers = MANY if place.key is None else ONE
    if place.page.entity_set is server.site.root.companies:
        return {"GET": handlers["GET"]}
    return handlers


def _document(server: Server, root: str, path: str) -> Reply:
    if path:
        return Reply(body=metadata_xml(server.site.root), headers={"content-type": XML})
    document = service_document(server.site.root, root)
    return Reply(body=json.dumps(document).encode(), headers=CONTENT)


def _check_intent(incoming: Incoming) -> None:
    """Microsoft Learn, "Tips for working with the APIs": a replica takes no writes."""
    wanted = unquote(incoming.headers.get("data-access-intent", "")).lower()
    if wanted == "readonly" and incoming.method not in READING:
        raise bad_request("Data-Access-Intent ReadOnly is for reading only.")
