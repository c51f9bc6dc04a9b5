"""Change tracking: all rows first, then what changed and what is gone since a delta token.

Microsoft Learn, "Use change tracking to synchronize data with external systems". The token is a
version and a time; this organization's versions are the numbers of its log.
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

from tandem.demo import read
from tandem.demo.call import Reply
from tandem.demo.conditions import Sql
from tandem.demo.dynamics.cookies import cookie, last_row, parse_cookie, start
from tandem.demo.dynamics.errors import (
    EXPIRED_VERSION_STAMP,
    INVALID_ARGUMENT,
    NO_PRIVILEGE,
    REQUEST,
)
from tandem.demo.dynamics.listing import context, link, page_size, reply, shown
from tandem.demo.dynamics.organization import Ask
from tandem.demo.dynamics.span import Span
from tandem.demo.dynamics.tables import Table
from tandem.demo.errors import ServiceError
from tandem.demo.history import latest
from tandem.demo.options import ordered
from tandem.demo.read import Listing

REFUSED: Final = ("$filter", "$orderby", "$expand", "$top")
SINCE: Final = "since"
UNTIL: Final = "until"
PHASE: Final = "phase"
AFTER: Final = "after"
_TIME: Final = "%m/%d/%Y %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Token:
    """The value of `$deltatoken`."""

    version: int
    issued: datetime

    @property
    def text(self) -> str:
        """As it stands in a URL: `919042%2108%2f22%2f2017%2008%3a10%3a44`."""
        moment = quote(self.issued.strftime(_TIME), safe="")
        return f"{self.version}%21{moment.replace('%2F', '%2f').replace('%3A', '%3a')}"


def begins(ask: Ask) -> bool:
    """Whether the request begins to track changes, or goes on with a reading that does."""
    token = ask.options.get("$skiptoken")
    if token is None:
        return "track-changes" in ask.call.preferences
    return SINCE in parse_cookie(token)[1] and "$deltatoken" not in ask.options


def list_tracked(ask: Ask, table: Table) -> Reply:
    """A page of all rows; on the last one the delta link."""
    _check(ask, table)
    size, applied = page_size(ask)
    orderings = ordered(None, table.entity_set)
    page, values = _place(ask)
    since = values.pop(SINCE, None)
    began = values.pop("began", None)
    listing = Listing(
        Sql("1"), orderings, size, start(orderings, values, table.entity_set) if values else None
    )
    with ask.organization.store.reading() as connection:
        if since is None or began is None:
            # Changes that others make during the walk are told afterwards.
            token = Token(latest(connection, table.entity_set), ask.organization.now())
        else:
            token = Token(int(since), datetime.fromisoformat(began))
        found = read.page(connection, shown(ask, table), listing)
    head = {"@odata.context": context(ask, table)}
    if found.end is None:
        head["@odata.deltaLink"] = _delta_link(ask, table, token)
        return _answer(ask, head, found.texts, {}, applied)
    last = last_row(orderings, found.end, table.entity_set)
    last |= {SINCE: str(token.version), "began": token.issued.isoformat()}
    tail = {"@odata.nextLink": link(ask, table, cookie(page + 1, last, tracking=True))}
    return _answer(ask, head, found.texts, tail, applied)


def list_changes(ask: Ask, table: Table) -> Reply:
    """A page of what is new or changed, by version, and of what is gone, after all of that."""
    _check(ask, table)
    size, applied = page_size(ask)
    page, values = _place(ask)
    with ask.organization.store.reading() as connection:
        token, now = _token(ask, table, connection), latest(connection, table.entity_set)
        until = int(values.get(UNTIL) or now)
        span = Span(table, token.version, until)
        place = (int(values.get(PHASE) or 0), int(values.get(AFTER) or 0))
        items = span.read(connection, shown(ask, table), ask.call.root, place, size + 1)
    head = {"@odata.context": f"{context(ask, table)}/$delta"}
    texts = [text for _, text in items[:size]]
    if len(items) <= size:
        began = values.get("began")
        issued = datetime.fromisoformat(began) if began else ask.organization.now()
        head["@odata.deltaLink"] = _delta_link(ask, table, Token(until, issued))
        return _answer(ask, head, texts, {}, applied)
    phase, after = items[size - 1][0]
    last = {
        UNTIL: str(until),
        PHASE: str(phase),
        AFTER: str(after),
        "began": values.get("began") or ask.organization.now().isoformat(),
    }
    tail = {"@odata.nextLink": link(ask, table, cookie(page + 1, last, tracking=True))}
    return _answer(ask, head, texts, tail, applied)


def count_changes(ask: Ask, table: Table) -> Reply:
    """How many changes a delta link would tell: `/$count?$deltatoken=…`."""
    _check(ask, table)
    with ask.organization.store.reading() as connection:
        token, now = _token(ask, table, connection), latest(connection, table.entity_set)
        total = Span(table, token.version, now).count(connection)
    return Reply(body=str(total).encode(), headers={"content-type": "text/plain"})


def _answer(
    ask: Ask, head: dict[str, str], texts: list[str], tail: dict[str, str], applied: list[str]
) -> Reply:
    return reply(head, texts, tail, ["odata.track-changes", *applied], ask)


def _delta_link(ask: Ask, table: Table, token: Token) -> str:
    select = [
        part for part in ask.call.query.split("&") if unquote(part.partition("=")[0]) == "$select"
    ]
    query = "&".join([*select, f"$deltatoken={token.text}"])
    return f"{ask.call.root}{table.set_name}?{query}"


def _place(ask: Ask) -> tuple[int, dict[str, str | None]]:
    token = ask.options.get("$skiptoken")
    return (1, {}) if token is None else parse_cookie(token)


def _check(ask: Ask, table: Table) -> None:
    for name in REFUSED:
        if name in ask.options:
            message = (
                f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'
            )
            raise ServiceError(400, REQUEST, message)
    if not table.tracks_changes:
        message = f"Change tracking is not enabled for the entity '{table.logical_name}'."
        raise ServiceError(400, INVALID_ARGUMENT, message)
    if not ask.organization.control.may_track(table.logical_name):
        message = (
            "Change tracking requires organization-level read privilege "
            f"(prvRead{table.logical_name}) for entity '{table.logical_name}'."
        )
        raise ServiceError(403, NO_PRIVILEGE, message)


def _token(ask: Ask, table: Table, connection: sqlite3.Connection) -> Token:
    version, _, moment = ask.options["$deltatoken"].partition("!")
    try:
        token = Token(int(version), datetime.strptime(moment, _TIME).replace(tzinfo=UTC))
    except ValueError as error:
        message = "The delta token is not valid."
        raise ServiceError(400, INVALID_ARGUMENT, message) from error
    organization = ask.organization
    if (
        token.version > latest(connection, table.entity_set)
        or token.issued + organization.token_life < organization.now()
        or organization.control.has_expired(token.issued)
    ):
        message = (
            "Version stamp associated with the client has expired. Please perform a full sync."
        )
        raise ServiceError(400, EXPIRED_VERSION_STAMP, message)
    return token
