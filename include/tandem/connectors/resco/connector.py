"""Resco Cloud: read by OData, written by its data service and OData, described by both."""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import httpx
import pyarrow as pa

from tandem.connectors.base import Page, Query
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.odata.exact_keys import ExactKeys
from tandem.connectors.odata.key_groups import filters_by_key
from tandem.connectors.odata.read import Walk, count_records
from tandem.connectors.odata.selection import counted, selection
from tandem.connectors.resco.metadata import parse_entities, parse_labels
from tandem.connectors.resco.names import wire_entity, wire_name, wire_query
from tandem.connectors.resco.reading import RescoReader, lookup_of
from tandem.connectors.resco.references import Learnt
from tandem.connectors.resco.rest import DataService, fetch_by_key, fetch_one
from tandem.connectors.resco.schema import merged
from tandem.connectors.resco.urls import odata_extra, urls_of
from tandem.connectors.resco.write import RescoWrite
from tandem.errors import ConfigurationError, StopRun, TandemError
from tandem.model.connection import Connection
from tandem.model.identity import Identity
from tandem.model.schema import Entity, Schema

_ANNOTATIONS: Final = "odata.include-annotations=*,resco.strictlookup=true"
"""What Resco's own connector for Power Platform prefers in each request."""
_ENGLISH: Final = 1033
_VERSION: Final = "versionnumber"

_log: Final = logging.getLogger(__name__)


class RescoConnector(ODataConnector):
    """An organization of Resco Cloud, as either side."""

    def __init__(
        self,
        connection: Connection,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        urls = urls_of(connection)
        extra = odata_extra(connection)
        super().__init__(connection, transport, sleep, random, root=urls.odata, extra=extra)
        self._service = DataService(self._http, urls)
        self._learnt = Learnt()

    def check(self) -> str:
        """Sign in at all three services; what does not work is said, unless nothing does."""
        who = self._service.who_am_i()
        sets = super().check()
        amiss = [*self._amiss("its metadata", self._described_entities)]
        amiss += self._amiss("GetMaxRowVersion", self._service.max_row_version)
        return "; ".join(
            [f"Resco Cloud organization {who.organization}, user {who.user_id}", sets, *amiss]
        )

    def identity(self) -> Identity:
        """The organization."""
        who = self._service.who_am_i()
        name = f"Resco Cloud organization {who.organization}"
        return Identity(id=who.organization_id, name=name)

    def schema(self) -> Schema:
        """What OData can read, with types, options, rights and lookups as the metadata service
        tells them.
        """
        odata = super().schema()
        infos = parse_entities(self._service.metadata("$entities"))
        return merged(odata, infos, self._labels())

    def count(self, query: Query) -> int:
        """As `ODataConnector.count`."""
        return counted(
            query, self.read, self._walked, lambda q: count_records(self._http, wire_query(q))
        )

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """As `ODataConnector.find`."""
        named = keys.rename_columns([wire_name(query.entity.field(n)) for n in keys.schema.names])
        exact = ExactKeys(query, keys)
        chosen = selection(exact.asked, self.read)
        for also in filters_by_key(wire_entity(query.entity), named):
            yield from exact.of(chosen.pages(partial(self._walked, also=also)))

    def settled_version(self, entity: Entity) -> int | None:
        """One below the least version that a transaction under way has, which comes with any
        answer to FetchXML (`MinActiveRowVersion`): all up to it is committed.
        """
        try:
            fetched = self._service.fetch(fetch_one(entity.name, entity.key[0]))
        except ConfigurationError as error:
            _log.warning(
                "%s: how far its versions are settled is not known. %s", entity.name, error
            )
            return None
        active = fetched.min_active_version
        return None if active is None else active - 1

    def newest_version(self, entity: Entity) -> int | None:
        """The greatest version of the whole organization (`GetMaxRowVersion`)."""
        try:
            return self._service.max_row_version()
        except StopRun as error:
            _log.warning("%s is read, whether or not it changed. %s", entity.name, error)
            return None

    def _described_entities(self) -> int:
        return len(parse_entities(self._service.metadata("$entities")))

    def _amiss(self, what: str, ask: Callable[[], object]) -> Iterator[str]:
        try:
            ask()
        except TandemError as error:
            yield f"{what} cannot be read: {error.problem}"

    def _labels(self) -> Mapping[str, str]:
        """Words are worth having, but not worth failing for."""
        try:
            return parse_labels(self._service.metadata(f"$localizations?lcid={_ENGLISH}"))
        except StopRun as error:
            _log.warning("Options and fields have no labels. %s", error)
            return {}

    def _write(self, entity: Entity, returning: Sequence[str] = ()) -> RescoWrite:
        return RescoWrite(
            channel=self._channel,
            entity=entity,
            wires=self._wires.setdefault(entity.name, {}),
            find=self.find,
            returning=tuple(returning),
            service=self._service,
            learnt=self._learnt,
        )

    def _walked(self, query: Query, also: str = "", part: str = "") -> Iterator[Page]:
        wires = self._wires.setdefault(query.entity.name, {})
        types_of = partial(self._types_of, query.entity)
        reader = RescoReader(query.entity, query.fields, wires, types_of)
        asked = wire_query(query)
        return Walk(self._http, asked, reader, also, prefer=_ANNOTATIONS, part=part).pages()

    def _types_of(
        self, entity: Entity, lookups: Sequence[str], ids: Sequence[str]
    ) -> Mapping[tuple[str, str], str]:
        """Of which entity the targets of these lookups are, as FetchXML tells it."""
        key = entity.key[0]
        fetched = self._service.fetch(fetch_by_key(entity.name, key, lookups, ids))
        return {
            (record.get(key, "").lower(), lookup): found[0]
            for record in fetched.records
            for lookup in lookups
            if (found := lookup_of(record.get(lookup, "")))
        }
