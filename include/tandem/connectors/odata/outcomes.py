"""What a service's answers to writes mean for the records."""

from collections.abc import Container, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from tandem.connectors.base import Written
from tandem.connectors.http import Http, Reply
from tandem.connectors.http_codes import DUPLICATES, ENTITY_CHANGED, INVALID_TOKEN
from tandem.connectors.http_errors import error_code, server_message
from tandem.connectors.odata.delivery import Delivery
from tandem.connectors.odata.ready import Ready
from tandem.errors import RetryLater


class Outcome(Enum):
    """What became of a record."""

    DONE = auto()
    MISSING = auto()
    CHANGED = auto()
    FORBIDDEN = auto()
    REFUSED = auto()


_OF_THERE: Final = {
    401: Outcome.FORBIDDEN,
    403: Outcome.FORBIDDEN,
    404: Outcome.MISSING,
    410: Outcome.MISSING,
    412: Outcome.CHANGED,
    428: Outcome.CHANGED,
}
"""Status of an update or a delete → what it means (OData 4.01 Protocol, 9.3 and 11.4.1.1)."""

_OF_NEW: Final = {401: Outcome.FORBIDDEN, 403: Outcome.FORBIDDEN}
"""Of a create a 404 speaks of another record, and a 409 may speak of anything."""

_SAYING_NOTHING: Final = (None, "", "412")
"""Codes of an error that say no more than the status 412."""


def outcome(reply: Reply, method: str, *, guarded: bool) -> Outcome:
    """The outcome that this reply to a POST, PATCH or DELETE tells.

    `guarded`: the request went with an etag. A 412 to one that did not, and that says more than
    that, speaks of something else; one of Dataverse's duplicates speaks of another record.
    """
    if 200 <= reply.status < 300:
        return Outcome.DONE
    code = error_code(reply.body)
    if method != "POST" and (code == ENTITY_CHANGED or (guarded and code == INVALID_TOKEN)):
        return Outcome.CHANGED
    unguarded = not guarded and code not in _SAYING_NOTHING
    if reply.status == 412 and (unguarded or code in DUPLICATES):
        return Outcome.REFUSED
    return (_OF_NEW if method == "POST" else _OF_THERE).get(reply.status, Outcome.REFUSED)


def reason(reply: Reply) -> str:
    """Why the record was refused, in one line: the service's own words, where it has any."""
    said = server_message(reply.body)
    return said or f"The service refuses it ({reply.status})."


def told(
    http: Http, delivery: Delivery, method: str, ready: Ready, guarded: Container[int] = ()
) -> Written:
    """The delivery in our words; the rows `guarded` went with an etag.

    Raises AuthenticationError if the service permits none of it.
    """
    by_row = {
        row: outcome(reply, method, guarded=row in guarded)
        for row, reply in sorted(delivery.replies.items())
    }
    forbidden = [row for row, what in by_row.items() if what is Outcome.FORBIDDEN]
    if len(forbidden) > 1 and len(forbidden) == len(by_row):
        raise http.error(http.root, delivery.replies[forbidden[0]])
    refused = {
        row: reason(delivery.replies[row])
        for row, what in by_row.items()
        if what in (Outcome.REFUSED, Outcome.FORBIDDEN)
    }
    changed = [row for row, what in by_row.items() if what is Outcome.CHANGED]
    return Written(
        rejected={**ready.problems, **refused},
        missing=tuple(row for row, what in by_row.items() if what is Outcome.MISSING),
        changed=tuple(sorted((*ready.altered, *changed))),
        unsent=tuple(sorted(delivery.unsent)),
        unknown=tuple(sorted(delivery.unknown)),
        stopped_by=delivery.stopped_by,
    )


def unreached(ready: Ready, error: RetryLater) -> Written:
    """Nothing was sent, because the service cannot even be read."""
    return Written(rejected=dict(ready.problems), unsent=tuple(ready.fit), stopped_by=error)


def not_written(written: Written) -> set[int]:
    """The rows that are named."""
    rows = (written.missing, written.changed, written.unsent, written.unknown)
    return {*written.rejected, *(row for some in rows for row in some)}


def merged(first: Written, second: Written, rows: Sequence[int]) -> Written:
    """`first`, and what became of some of its rows afterwards: row i of `second` is `rows[i]`."""

    def moved(some: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(rows[row] for row in some)

    return replace(
        first,
        rejected={**first.rejected, **{rows[row]: why for row, why in second.rejected.items()}},
        missing=first.missing + moved(second.missing),
        changed=first.changed + moved(second.changed),
        unsent=first.unsent + moved(second.unsent),
        unknown=first.unknown + moved(second.unknown),
        stopped_by=first.stopped_by or second.stopped_by,
    )
