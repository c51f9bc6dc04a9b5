"""Server-driven paging by keyset: a page starts after the last row of the one before.

So rows that others insert or delete meanwhile neither shift nor repeat those still to come
(OData Protocol 4.01, 11.2.6.7).
"""

import base64
import binascii
import json
from collections.abc import Sequence
from urllib.parse import unquote

from tandem.demo.conditions import Sql, column
from tandem.demo.errors import bad_request
from tandem.demo.model import EntitySet
from tandem.demo.options import Ordering
from tandem.demo.values import Stored


def token(values: Sequence[Stored]) -> str:
    """The $skiptoken of a page that ended with these values of the ordering's columns."""
    text = json.dumps(list(values), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def token_values(text: str, orderings: Sequence[Ordering]) -> list[Stored]:
    """The values in a $skiptoken; ServiceError if it is not one of ours for this ordering."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    if not isinstance(values, list) or len(values) != len(orderings):
        raise _invalid()
    if not all(isinstance(value, Stored) and not isinstance(value, bool) for value in values):
        raise _invalid()
    return values


def _invalid() -> Exception:
    return bad_request("The $skiptoken is not valid for this request.", "$skiptoken")


def order_by(orderings: Sequence[Ordering]) -> str:
    """The ORDER BY list. SQLite puts nulls first, as OData asks (11.2.6.2)."""
    return ", ".join(column(item.path) + (" DESC" if item.descending else "") for item in orderings)


def after(orderings: Sequence[Ordering], values: Sequence[Stored], entity_set: EntitySet) -> Sql:
    """The condition that holds for rows that come after `values` in this ordering."""
    nullable = any(entity_set.paths[item.path].nullable for item in orderings)
    if not nullable and not any(item.descending for item in orderings):
        # One row comparison: SQLite answers it from an index.
        columns = ", ".join(column(item.path) for item in orderings)
        return Sql(f"({columns}) > ({', '.join('?' * len(values))})", tuple(values))
    alternatives = [_after_at(place, orderings, values) for place in range(len(orderings))]
    text = " OR ".join(f"({alternative.text})" for alternative in alternatives)
    return Sql(f"({text})", tuple(v for a in alternatives for v in a.parameters))


def _after_at(place: int, orderings: Sequence[Ordering], values: Sequence[Stored]) -> Sql:
    """Rows that tie up to `place` and come later there."""
    ties = [f"{column(item.path)} IS ?" for item in orderings[:place]]
    later = _later(orderings[place], values[place])
    return Sql(" AND ".join([*ties, later.text]), (*values[:place], *later.parameters))


def _later(ordering: Ordering, value: Stored) -> Sql:
    name = column(ordering.path)
    if value is None:
        return Sql("0") if ordering.descending else Sql(f"{name} IS NOT NULL")
    if ordering.descending:
        return Sql(f"({name} < ? OR {name} IS NULL)", (value,))
    return Sql(f"{name} > ?", (value,))


def next_link(url: str, query: str, skip_token: str, *, top: int | None) -> str:
    """The URL of the next page: the request's own, with the token and what is left of $top."""
    kept = [
        part
        for part in query.split("&")
        if part and unquote(part.partition("=")[0]) not in ("$skiptoken", "$skip", "$top")
    ]
    left = [f"$top={top}"] if top is not None else []
    return f"{url}?{'&'.join([*kept, *left, f'$skiptoken={skip_token}'])}"
