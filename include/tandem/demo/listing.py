"""GET of an entity set, page by page, and the delta link at the end for who wants to follow it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tandem.demo import read
from tandem.demo.call import Call, Reply, json_headers
from tandem.demo.deltas import delta_link, new_token
from tandem.demo.headers import JSON
from tandem.demo.history import latest
from tandem.demo.model import EntitySet
from tandem.demo.options import (
    OF_A_COLLECTION,
    filtered,
    flag,
    ordered,
    selected,
    system_options,
    whole_number,
)
from tandem.demo.pages import TRACK_CHANGES, as_json, page_size, preference_applied
from tandem.demo.paging import next_link, token, token_values
from tandem.demo.read import Listing, Rows


@dataclass(frozen=True, slots=True)
class _Request:
    call: Call
    entity_set: EntitySet
    options: Mapping[str, str]

    @property
    def top(self) -> int | None:
        return whole_number(self.options, "$top")

    @property
    def place(self) -> tuple[str | None, str]:
        """Where this page starts (None: it is the first), and the delta token that goes along."""
        text = self.options.get("$skiptoken")
        if text is None:
            return None, ""
        start, _, delta = text.partition(".")
        return start, delta

    @property
    def tracked(self) -> bool:
        """Whether changes to the result shall be tracked from this page on.

        On the first page only (OData Protocol 4.01, 8.2.8.6), and only where all of the result is
        read: a delta link has no $top and $skip (11.3.2), so it would tell of entities that the
        client left out.
        """
        whole = not {"$top", "$skip", "$skiptoken"} & self.options.keys()
        return whole and "track-changes" in self.call.preferences


def list_set(call: Call, entity_set: EntitySet) -> Reply:
    """One page of an entity set."""
    request = _Request(call, entity_set, system_options(call.query, OF_A_COLLECTION))
    options = request.options
    accepted = call.accepts(options, JSON)
    selection = call.service.selection(
        entity_set, selected(options.get("$select"), entity_set), accepted.ieee754, None
    )
    size, applied = page_size(call)
    listing = _listing(request, size)
    delta = request.place[1]
    with call.service.store.reading() as connection:
        if request.tracked:
            since = latest(connection, entity_set)
            shape = (options.get("$select"), options.get("$filter"))
            delta = new_token(call, entity_set, since, *shape).text
            applied = (TRACK_CHANGES, *applied)
        total = (
            read.count(connection, entity_set, listing.where) if flag(options, "$count") else None
        )
        rows = read.page(connection, selection, listing)
    head: dict[str, Any] = {}
    if accepted.metadata != "none":
        head["@odata.context"] = call.context(entity_set, selection.paths)
    if total is not None:
        head["@odata.count"] = str(total) if accepted.ieee754 else total
    body = as_json(head, rows.texts, _link(request, rows, delta))
    return Reply(body=body, headers=json_headers(accepted) | preference_applied(applied))


def _listing(request: _Request, size: int) -> Listing:
    options, entity_set = request.options, request.entity_set
    start, orderings = request.place[0], ordered(options.get("$orderby"), entity_set)
    return Listing(
        where=filtered(options.get("$filter"), entity_set, request.call.service.store.model),
        orderings=orderings,
        limit=size if request.top is None else min(size, request.top),
        start=None if start is None else token_values(start, orderings),
        skip=whole_number(options, "$skip") or 0,
    )


def _link(request: _Request, rows: Rows, delta: str) -> dict[str, str]:
    """The link to the next page, or on the last one that to the changes."""
    left = None if request.top is None else request.top - len(rows.texts)
    if rows.end is None or left == 0:
        return (
            {"@odata.deltaLink": delta_link(request.call, request.entity_set, delta)}
            if delta
            else {}
        )
    url = f"{request.call.root}{request.entity_set.name}"
    place = token(rows.end) + (f".{delta}" if delta else "")
    return {"@odata.nextLink": next_link(url, request.call.query, place, top=left)}
