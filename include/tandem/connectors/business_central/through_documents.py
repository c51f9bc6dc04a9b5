"""Reads lines by their documents: the documents that changed, each with its lines (`$expand`).

Sources: OData 4.01 URL Conventions, 5.1.3; OData JSON 4.01, 4.5.5 (links of what is expanded);
Microsoft Learn, "OData known limitations" (Business Central).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, Page, Query
from tandem.connectors.business_central.document_lines import DOCUMENT, Lines
from tandem.connectors.http import Http, resolved
from tandem.connectors.odata.documents import to_text
from tandem.connectors.odata.page import PageReader, Parsed, load_page
from tandem.connectors.odata.read import JSON, Walk
from tandem.connectors.odata.splitting import split
from tandem.connectors.odata.wire import Wires
from tandem.core.values import arrow_type
from tandem.errors import Unreachable
from tandem.model.filters import AllOf, Comparison, Condition, all_of, fields_of

Find = Callable[[Query, pa.RecordBatch], Iterator[Page]]

_NEXT: Final = ("@odata.nextLink", "@nextLink")


@dataclass(frozen=True, slots=True)
class ThroughDocuments:
    """Reads the lines of one entity."""

    http: Http
    lines: Lines
    wires: Wires
    header_wires: Wires

    def pages(self, query: Query, condition: Condition | None) -> Iterator[Page]:
        """The lines of all documents whose version is within the condition, which is not applied
        further; in the order of the documents if the query asks for the greatest version.
        """
        ordered = query.descending_by == self.lines.version
        asked = replace(
            self._documents(query, condition),
            descending_by=self.lines.header_version if ordered else None,
        )
        expand = f"{self.lines.navigation}($select={','.join(self._selected(query))})"
        reader = _DocumentPages(self.http, self.lines, query.fields, self)
        pages = Walk(self.http, asked, reader, expand=expand).pages()
        if query.descending_by and not ordered:
            pages = _sorted(pages, query.descending_by)
        yield from _cut(pages, query.limit)

    def versions(self, query: Query) -> Iterator[Page]:
        """The greatest versions of documents, of those without lines as well."""
        asked = replace(
            self._documents(query, query.condition),
            descending_by=self.lines.header_version,
            limit=query.limit,
        )
        reader = PageReader(self.lines.headers, asked.fields, self.header_wires)
        for page in Walk(self.http, asked, reader).pages():
            column = page.records.column(self.lines.header_version)
            yield Page(pa.RecordBatch.from_arrays([column], names=[self.lines.version]))

    def _documents(self, query: Query, condition: Condition | None) -> Query:
        """Which documents are asked for: those whose version is within the condition."""
        lines, headers = self.lines, self.lines.headers
        asked = Query(headers, (lines.header_version,), query.now)
        about = of_version(condition, lines)
        return replace(asked, condition=split(about, asked)[0])

    def _selected(self, query: Query) -> Sequence[str]:
        names = dict.fromkeys((*query.fields, *self.lines.entity.key))
        return [name.partition("/")[0] for name in names if name != self.lines.version]


def of_version(condition: Condition | None, lines: Lines) -> Condition | None:
    """What the condition asks of the version, put as a condition on documents."""
    if condition is None:
        return None
    if fields_of(condition) == {lines.version}:
        return _renamed(condition, lines.header_version)
    if isinstance(condition, AllOf):
        return all_of(*(of_version(part, lines) for part in condition.conditions))
    return None


def asks_for_versions_only(query: Query, lines: Lines) -> bool:
    """Whether the query is the one for the greatest version."""
    only = query.descending_by == lines.version and set(query.fields) == {lines.version}
    return only and query.limit is not None and fields_of(query.condition) <= {lines.version}


def with_versions(page: Page, query: Query, lines: Lines, find: Find) -> Page:
    """The columns of the query, from a page of lines that were read by themselves: with the
    versions of their documents.
    """
    documents = page.records.column(DOCUMENT)
    keys = pa.RecordBatch.from_arrays([pc.unique(documents)], names=["id"])
    asked = Query(lines.headers, ("id", lines.header_version), query.now)
    known: dict[str, Any] = {}
    for found in find(asked, keys):
        values = [found.records.column(name).to_pylist() for name in asked.fields]
        known.update(zip(*values, strict=True))
    kind = arrow_type(lines.entity.field(lines.version))
    columns = dict(zip(page.records.schema.names, page.records.columns, strict=True))
    columns[lines.version] = pa.array([known.get(id_) for id_ in documents.to_pylist()], kind)
    names = [*query.fields, *([ETAG] if ETAG in columns else [])]
    records = pa.RecordBatch.from_arrays([columns[name] for name in names], names=names)
    return replace(page, records=records)


class _DocumentPages:
    """Reads pages of documents, and gives the lines in them."""

    def __init__(
        self, http: Http, lines: Lines, names: Sequence[str], known: ThroughDocuments
    ) -> None:
        self._http = http
        self._lines = lines
        headers = lines.headers
        self._documents = PageReader(headers, (lines.header_version,), known.header_wires)
        self._reader = PageReader(lines.entity, names, known.wires)

    def read(self, body: bytes) -> Parsed:
        """The lines as the page; all else is about the documents."""
        parsed = self._documents.read(body)
        lines = [line for header in load_page(body)["value"] for line in self._of(header)]
        page = self._reader.read(to_text({"value": lines}).encode()).page
        return replace(parsed, page=page)

    def _of(self, header: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The lines of a document, with its version; those that come on further pages as well."""
        version = {self._lines.version: header.get(self._lines.header_version)}
        name = self._lines.navigation
        if not isinstance(header.get(name), list):
            raise Unreachable(
                f"The service lists {self._lines.headers.name} without their {name}.",
                remedy="Leave this entity out, or ask whoever runs the service.",
            )
        yield from ({**line, **version} for line in header[name])
        link, seen = _next(header, name), set[str]()
        while link:
            if link in seen:
                raise Unreachable(f"The listing of {name} goes in a circle: a nextLink came twice.")
            seen.add(link)
            answer = self._http.get(resolved(self._http.root, link), JSON)
            document = load_page(answer.body)
            yield from ({**line, **version} for line in document["value"])
            link = _next(document)


def _next(document: Mapping[str, Any], of: str = "") -> str | None:
    links = (document.get(of + name) for name in _NEXT)
    return next((link for link in links if isinstance(link, str)), None)


def _renamed(condition: Condition, field: str) -> Condition:
    if isinstance(condition, Comparison):
        return condition.model_copy(update={"field": field})
    parts = tuple(_renamed(part, field) for part in condition.conditions)
    return condition.model_copy(update={"conditions": parts})


def _sorted(pages: Iterator[Page], field: str) -> Iterator[Page]:
    """One page, greatest first: nobody else orders lines of several documents."""
    found = list(pages)
    batches = [page.records for page in found if page.records.num_rows]
    aside = tuple(record for page in found for record in page.unreadable)
    if not batches:
        yield from found
        return
    table = pa.concat_tables([pa.table(b) for b in batches], promote_options="default")
    records = table.sort_by([(field, "descending")]).combine_chunks().to_batches()[0]
    yield Page(records, aside)


def _cut(pages: Iterator[Page], limit: int | None) -> Iterator[Page]:
    left = limit
    for page in pages:
        records = page.records if left is None else page.records[:left]
        yield replace(page, records=records)
        left = None if left is None else left - len(records)
        if left == 0:
            return
