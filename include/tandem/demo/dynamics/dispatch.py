"""From a request to its reply, alone or within a batch."""

from urllib.parse import unquote

from tandem.demo.call import Call, Reply
from tandem.demo.dispatch import Incoming, method_not_allowed
from tandem.demo.dynamics.actions import call_action
from tandem.demo.dynamics.csdl import csdl
from tandem.demo.dynamics.definitions import definitions, who_am_i
from tandem.demo.dynamics.errors import no_segment
from tandem.demo.dynamics.listing import count_rows, document, list_rows, read_row
from tandem.demo.dynamics.modifications import change_row, create_row, delete_row
from tandem.demo.dynamics.organization import Ask, Organization
from tandem.demo.dynamics.rows import Place, parse_place
from tandem.demo.dynamics.schema import BY_SET, MODEL, NAMESPACE, TABLES
from tandem.demo.dynamics.tables import Table
from tandem.demo.dynamics.tracking import begins, count_changes, list_changes, list_tracked
from tandem.demo.headers import XML, check_version
from tandem.demo.metadata import service_document


def answer(organization: Organization, root: str, request: Incoming) -> Reply:
    """The reply to a request other than a batch; ServiceError if there is none."""
    check_version(request.headers)
    call = Call(organization.service, root, request.query, request.headers, request.body)
    ask = Ask(organization, call)
    path = [unquote(segment) for segment in request.path.split("/")]
    match path:
        case ["" | "$metadata" | "WhoAmI" | "WhoAmI()" as name]:
            _only(request, "GET")
            return _document(ask, name)
        case [name, *_] if name.startswith("EntityDefinitions"):
            _only(request, "GET")
            return definitions(ask, "/".join(path))
        case [name] if name in BY_SET:
            return _collection(ask, request, BY_SET[name])
        case [name, "$count"] if name in BY_SET:
            _only(request, "GET")
            count = count_changes if "$deltatoken" in ask.options else count_rows
            return count(ask, BY_SET[name])
        case [name, action] if name in BY_SET and action.startswith(f"{NAMESPACE}."):
            _only(request, "POST")
            return call_action(ask, BY_SET[name], action.removeprefix(f"{NAMESPACE}."))
        case [segment]:
            return _row(ask, request, parse_place(segment))
    raise no_segment(path[-1])


def _only(request: Incoming, *methods: str) -> None:
    if request.method not in methods:
        raise method_not_allowed(request.method, list(methods))


def _document(ask: Ask, name: str) -> Reply:
    if name.startswith("WhoAmI"):
        return who_am_i(ask)
    if name:
        annotated = "*" in ask.annotations or "annotations=true" in ask.call.query.split("&")
        body = csdl(TABLES, annotated=annotated)
        return Reply(body=body, headers={"content-type": XML})
    return document(service_document(MODEL, ask.call.root))


def _collection(ask: Ask, request: Incoming, table: Table) -> Reply:
    if request.method == "POST" and not table.read_only:
        return create_row(ask, table)
    _only(request, "GET", "POST")
    if "$deltatoken" in ask.options:
        return list_changes(ask, table)
    return list_tracked(ask, table) if begins(ask) else list_rows(ask, table)


def _row(ask: Ask, request: Incoming, place: Place) -> Reply:
    if request.method == "GET":
        return read_row(ask, place)
    _only(request, "GET", "PATCH", "DELETE")
    return change_row(ask, place) if request.method == "PATCH" else delete_row(ask, place)
