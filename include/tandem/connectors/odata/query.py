"""URLs of queries: which records, which fields, in which order."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from tandem.connectors.base import Query
from tandem.connectors.odata.filters import filter_expression
from tandem.connectors.odata.parts import source_of
from tandem.model.schema import Entity

FILTER_LENGTH: Final = 6_000
"""Characters of an encoded `$filter` by key: SAP CAP answers 431 to URLs over 16 KB."""

_SAFE: Final = "/(),':$*"


def collection_url(root: str, entity: Entity) -> str:
    """The entity set's URL."""
    return root + (entity.path or quote(entity.name, safe=""))


def read_url(root: str, query: Query, also: str = "", expand: str = "") -> str:
    """The URL of a query's first page; `also` is an expression that must hold besides, `expand`
    what is to come with each record.
    """
    order = _order(query)
    options = {
        "$select": ",".join(_selected(query)),
        "$filter": filter_of(query, also),
        "$orderby": ",".join(order),
        "$top": "" if query.limit is None else str(query.limit),
        "$expand": expand,
    }
    return with_options(collection_url(root, query.entity), options)


def count_url(root: str, query: Query, also: str = "") -> str:
    """The URL that answers with the number of records (OData 4.01 Protocol, 11.2.10)."""
    url = collection_url(root, query.entity) + "/$count"
    return with_options(url, {"$filter": filter_of(query, also)})


def with_options(url: str, options: dict[str, str]) -> str:
    """The URL with those system query options that are not empty, percent-encoded.

    A space is %20 and a plus %2B: `+` means a plus to some servers and a space to others.
    """
    encoded = [f"{name}={quote(value, safe=_SAFE)}" for name, value in options.items() if value]
    return url + ("?" + "&".join(encoded) if encoded else "")


def filter_of(query: Query, also: str = "") -> str:
    """The query's condition and `also` as one expression; empty if there is none."""
    own = query.condition and filter_expression(
        query.condition, query.entity, query.now, query.relations
    )
    return " and ".join(part for part in (own, also) if part)


def key_filters(expressions: Sequence[str]) -> Iterator[str]:
    """Expressions that name one record each, joined to as few filters as their length allows."""
    chunk: list[str] = []
    length = 0
    for expression in expressions:
        size = len(quote(expression, safe=_SAFE)) + len("%20or%20")
        if chunk and length + size > FILTER_LENGTH:
            yield _any(chunk)
            chunk, length = [], 0
        chunk.append(expression)
        length += size
    if chunk:
        yield _any(chunk)


def _any(expressions: Sequence[str]) -> str:
    return f"({' or '.join(expressions)})" if len(expressions) > 1 else expressions[0]


def _selected(query: Query) -> tuple[str, ...]:
    """Fields asked for and the key; of `address/city` the whole address, as 4.0 has no less, and
    of a part the lookup.
    """
    names = [source_of(query.entity, name) for name in (*query.fields, *query.entity.key)]
    return tuple(dict.fromkeys(name.partition("/")[0] for name in names))


def _order(query: Query) -> tuple[str, ...]:
    """Paging needs an order that is stable; the key's is, and it is cheap."""
    if query.descending_by:
        return (f"{query.entity.field(query.descending_by).name} desc",)
    return query.entity.key if query.entity.capabilities.sort else ()
