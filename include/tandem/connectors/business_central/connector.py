"""The connector of Business Central: API v2.0, custom APIs, and published web services."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial

import httpx
import pyarrow as pa

from tandem.connectors.base import DefaultMapping, Page, Query
from tandem.connectors.business_central.company import Company, chosen, companies
from tandem.connectors.business_central.connection import STANDARD, target
from tandem.connectors.business_central.default_mapping import default_mapping
from tandem.connectors.business_central.document_lines import DOCUMENT, Lines, lines_of
from tandem.connectors.business_central.layout import business_central_schema, left_out
from tandem.connectors.business_central.through_documents import (
    ThroughDocuments,
    asks_for_versions_only,
    with_versions,
)
from tandem.connectors.odata.connector import METADATA, ODataConnector
from tandem.connectors.odata.csdl import Csdl
from tandem.connectors.odata.filters import key_expressions
from tandem.connectors.odata.metadata import csdl_of
from tandem.connectors.odata.selection import Selection, count_by_reading
from tandem.connectors.odata.splitting import split
from tandem.errors import AuthenticationError
from tandem.model.connection import Connection
from tandem.model.filters import AllOf, AnyOf, Comparison, Condition, all_of
from tandem.model.identity import Identity
from tandem.model.schema import Schema


class BusinessCentralConnector(ODataConnector):
    """Reads and writes the records of one company of one environment."""

    def __init__(
        self,
        connection: Connection,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._target = target(connection)
        root, extra = self._target.root, self._target.extra
        super().__init__(connection, transport, sleep, random, root=root, extra=extra)

    def check(self) -> str:
        """Ask for the company and the metadata: both need a sign-in."""
        try:
            company, csdl = self._company, self._csdl()
        except AuthenticationError as error:
            raise AuthenticationError(
                error.problem,
                remedy=f"{error.remedy} An application needs API.ReadWrite.All, and has to be on "
                "Business Central's page Microsoft Entra Applications with permission sets.",
            ) from error
        unlisted = len(left_out(csdl)) if self._is_standard else 0
        return f"{self._place(company)}: {_told(self._schema_of(csdl), unlisted)}"

    def identity(self) -> Identity:
        """The company. A copied environment has companies of the same ids."""
        company, where = self._company, self._target.address
        place = where.instance or where.environment
        return Identity(id=f"{place}/{company.id or company.name}", name=self._place(company))

    def schema(self) -> Schema:
        """The entities of the company, and those of the environment, from `$metadata`."""
        return self._schema_of(self._csdl())

    def default_mapping(self, schema: Schema) -> DefaultMapping | None:
        """Accounts, contacts and work orders, as far as the service has them."""
        return default_mapping(schema)

    def read(self, query: Query) -> Iterator[Page]:
        """As `ODataConnector.read`. Lines of documents are read by their documents."""
        lines = lines_of(query.entity)
        if lines is None:
            yield from super().read(query)
        elif asks_for_versions_only(query, lines):
            yield from self._through(lines).versions(query)
        else:
            split(query.condition, query)  # refuses what does not fit, if nothing is listed
            walked = partial(self._through(lines).pages, condition=query.condition)
            yield from Selection(query, self.read, None, query.condition).pages(walked)

    def count(self, query: Query) -> int:
        """As `ODataConnector.count`; lines of documents are counted by reading their keys."""
        lines = lines_of(query.entity)
        if lines is None:
            return super().count(query)
        split(query.condition, query)  # refuses what does not fit, if nothing is listed
        keys = replace(query, fields=query.entity.key, descending_by=None)
        walked = partial(self._through(lines).pages, condition=query.condition)
        return count_by_reading(Selection(keys, self.read, None, query.condition), walked)

    def split(self, query: Query, parts: int, *, least: int) -> tuple[str, ...]:
        """As `ODataConnector.split`; lines of documents, which are read by these, are not split."""
        return () if lines_of(query.entity) else super().split(query, parts, least=least)

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """As `ODataConnector.find`. Of lines one key a request, as Business Central looks at the
        first id of a filter only; by other fields than `id` and `documentId` all are read.
        """
        lines = lines_of(query.entity)
        if lines is None:
            yield from super().find(query, keys)
        elif {*query.entity.key, DOCUMENT} & {*keys.schema.names}:
            yield from self._found_lines(lines, query, keys)
        else:
            named = all_of(query.condition, _one_of(keys))
            yield from self.read(replace(query, condition=named)) if named else ()

    def _found_lines(self, lines: Lines, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """Lines that the service is asked for by themselves."""

        def walked(asked: Query, also: str) -> Iterator[Page]:
            if lines.version not in asked.fields:
                yield from self._walked(asked, also)
                return
            names = dict.fromkeys([*asked.fields, DOCUMENT])
            fields = tuple(name for name in names if name != lines.version)
            for page in self._walked(replace(asked, fields=fields), also):
                yield with_versions(page, asked, lines, self.find)

        found = Selection(query, self.read, None, query.condition)
        for expression in key_expressions(query.entity, keys):
            yield from found.pages(partial(walked, also=expression))

    def _through(self, lines: Lines) -> ThroughDocuments:
        wires = self._wires.setdefault(lines.entity.name, {})
        header_wires = self._wires.setdefault(lines.headers.name, {})
        return ThroughDocuments(self._http, lines, wires, header_wires)

    def _csdl(self) -> Csdl:
        return csdl_of(self._http.get(self._http.root + "$metadata", METADATA).body)

    def _schema_of(self, csdl: Csdl) -> Schema:
        return business_central_schema(csdl, self._company.path, standard=self._is_standard)

    @property
    def _is_standard(self) -> bool:
        return self._target.address.route == STANDARD

    @cached_property
    def _company(self) -> Company:
        """The company, asked for once."""
        known = companies(self._http, by_web_services=self._target.by_web_services)
        return chosen(self._http.name, self._target.address.company, known)

    def _place(self, company: Company) -> str:
        address = self._target.address
        where = address.instance or f"environment {address.environment}"
        route = f"API {address.route}" if self._is_standard else address.route
        return f"Business Central, {where}, company {company.label}, {route}"


def _one_of(keys: pa.RecordBatch) -> Condition | None:
    """That a record has the values of one of the rows; None if there is none."""
    rows = [row for row in keys.to_pylist() if None not in row.values()]
    same = [
        AllOf(conditions=tuple(Comparison(field=n, operator="eq", value=v) for n, v in row.items()))
        for row in rows
    ]
    return AnyOf(conditions=tuple(same)) if same else None


def _told(schema: Schema, unlisted: int) -> str:
    """What can be done with the entities, in a few words."""
    of_company = [entity for entity in schema.entities if entity.path]
    lines = [entity for entity in of_company if lines_of(entity)]
    whole = [entity for entity in of_company if not entity.capabilities.version_fields]
    parts = [
        f"{len(of_company)} entities",
        f"{len(of_company) - len(whole)} read by what changed",
        *(
            [f"{len(whole)} read whole, as they have no modified field of their own"]
            if whole
            else []
        ),
        *(
            [f"of these {len(lines)} lines of documents, read with their documents"]
            if lines
            else []
        ),
        *(
            [f"{unlisted} left out, which are listed below one record at a time only"]
            if unlisted
            else []
        ),
        "deletions are found by comparing keys",
    ]
    return "; ".join(parts)
