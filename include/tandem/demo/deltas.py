"""GET of a delta link: what changed since (OData Protocol 4.01, 11.3)."""

from tandem.demo.call import Call, Reply, json_headers
from tandem.demo.changes import Shape, changes
from tandem.demo.errors import ServiceError
from tandem.demo.headers import JSON, wants_4_01
from tandem.demo.history import latest
from tandem.demo.model import EntitySet
from tandem.demo.options import OF_A_DELTA, filtered, selected, system_options
from tandem.demo.pages import TRACK_CHANGES, as_json, page_size, preference_applied
from tandem.demo.read import Selection
from tandem.demo.tokens import DeltaToken, Reading, parse_token


def new_token(
    call: Call, entity_set: EntitySet, since: int, select: str | None, filter_: str | None
) -> DeltaToken:
    """The token for a client that begins to read the set now and sees the changes up to `since`."""
    return DeltaToken(
        database=call.service.store.identity,
        entity_set=entity_set.name,
        issued=call.service.clock(),
        since=since,
        select=select,
        filter=filter_,
    )


def delta_link(call: Call, entity_set: EntitySet, token: str) -> str:
    """The URL of the changes after the token."""
    return f"{call.root}{entity_set.name}?$deltatoken={token}"


def list_changes(call: Call, entity_set: EntitySet) -> Reply:
    """One page of changes, and the link to the next page or to later changes.

    The latter comes only to a client that prefers `track-changes` on the first page (11.3.3).
    Clients that take OData 4.01 are answered in 4.01, the others in 4.0. Further query options
    are refused: a delta link is opaque and complete.
    """
    text = system_options(call.query, OF_A_DELTA)["$deltatoken"]
    accepted = call.accepts({}, JSON)
    if accepted.metadata == "none":
        message = "Changes cannot be told without control information."
        raise ServiceError(406, "NotAcceptable", message)
    as_4_01 = wants_4_01(call.headers)
    at = "@" if as_4_01 else "@odata."
    size, applied = page_size(call)
    with call.service.store.reading() as connection:
        now = latest(connection, entity_set)
        token = parse_token(call, text, entity_set, now)
        reading = token.reading or _begin(call, token, now)
        if token.reading is None and reading.track:
            applied = (TRACK_CHANGES, *applied)
        paths = selected(token.select, entity_set)
        selection = Selection(entity_set, paths, accepted.ieee754, control=at)
        where = filtered(token.filter, entity_set, call.service.store.model)
        found = changes(connection, selection, where, token.since, reading, Shape(size, as_4_01))
    head = {f"{at}context": f"{call.context(entity_set, paths)}/$delta"}
    tail = {}
    if found.end is not None:
        onward = token.at(reading.model_copy(update={"after": found.end}))
        tail = {f"{at}nextLink": delta_link(call, entity_set, onward.text)}
    elif reading.track:
        later = token.moved(reading.until, reading.began)
        tail = {f"{at}deltaLink": delta_link(call, entity_set, later.text)}
    headers = json_headers(accepted) | preference_applied(applied) | {"vary": "OData-MaxVersion"}
    version = {"odata-version": "4.01"} if as_4_01 else {}
    return Reply(body=as_json(head, found.texts, tail), headers=headers | version)


def _begin(call: Call, token: DeltaToken, until: int) -> Reading:
    return Reading(
        began=call.service.clock(),
        until=until,
        after=token.since,
        track="track-changes" in call.preferences,
    )
