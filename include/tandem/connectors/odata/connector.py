"""The generic OData v4 connector: reads and writes any service that keeps to the protocol."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import httpx
import pyarrow as pa

from tandem.connectors.base import Page, Place, Query, Written
from tandem.connectors.http import Format, Http, Repeats
from tandem.connectors.odata.channel import Channel
from tandem.connectors.odata.connection import (
    ODataExtra,
    open_client,
    parse_extra,
    service_root,
)
from tandem.connectors.odata.csdl import LIMIT, other_version
from tandem.connectors.odata.delta import all_and_token, changes_since
from tandem.connectors.odata.documents import load
from tandem.connectors.odata.exact_keys import ExactKeys
from tandem.connectors.odata.key_groups import filters_by_key
from tandem.connectors.odata.key_ranges import key_ranges
from tandem.connectors.odata.metadata import parse_metadata
from tandem.connectors.odata.page import PageReader
from tandem.connectors.odata.read import JSON, Walk, count_records
from tandem.connectors.odata.selection import counted, selection
from tandem.connectors.odata.signing import signed_by_person
from tandem.connectors.odata.wire import Wires
from tandem.connectors.odata.write import Write
from tandem.connectors.sign_in import PendingSignIn, SignIns
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection
from tandem.model.schema import Entity, Schema

METADATA: Final = Format(
    "application/xml,application/json;q=0.5", beginnings=b"<{", endings=b">}", limit=LIMIT
)


class ODataConnector:
    """Speaks OData 4.0 and reads answers of 4.0 and 4.01, as `connectors.base.Connector` says."""

    def __init__(
        self,
        connection: Connection,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
        *,
        root: str | None = None,
        extra: ODataExtra | None = None,
    ) -> None:
        """`root` and `extra` are the connection's own, unless it says them in another way."""
        root = root or service_root(connection)
        extra = extra or parse_extra(connection)
        client = open_client(connection, transport, root=root, extra=extra, sleep=sleep)
        self._person = signed_by_person(client.auth)
        self._http = Http(client, root, connection.id, Repeats(sleep, random))
        self._wires: dict[str, Wires] = {}
        self._channel = Channel(self._http)

    def sign_in_with(self, sign_ins: SignIns) -> None:
        """Where to keep a person's sign-in (`auth: device_code`)."""
        if self._person:
            self._person.sign_in_with(sign_ins)

    def begin_sign_in(self) -> PendingSignIn | None:
        """The sign-in that somebody has to complete first; None if there is none."""
        return self._person.begin_sign_in() if self._person else None

    def check(self) -> str:
        """Ask for the service document, which needs a sign-in wherever data does."""
        answer = self._http.get(self._http.root, JSON)
        document = _document(answer.body)
        sets = sum(1 for item in document if item.get("kind", "EntitySet") == "EntitySet")
        version = answer.headers.get("OData-Version", "4").strip().rstrip(";")
        return f"OData {version} service at {self._http.root} with {sets} entity sets"

    def place(self, entity: str) -> Place:
        """The host is the system; what follows it in the service's address, and the entity, are
        the name.
        """
        root = httpx.URL(self._http.root)
        system = str(root.copy_with(username=None, password=None, raw_path=b"/")).rstrip("/")
        return Place(system, f"{root.path.strip('/')}/{entity}".lstrip("/"))

    def schema(self) -> Schema:
        """Entity sets with their fields, from `$metadata`."""
        return parse_metadata(self._http.get(self._http.root + "$metadata", METADATA).body)

    def read(self, query: Query) -> Iterator[Page]:
        """Pages as large as the server makes them, at most 5,000 records. What the service cannot
        filter is filtered here.
        """
        return selection(query, self.read).pages(self._walked)

    def count(self, query: Query) -> int:
        """As the service counts, where it evaluates all of the condition and counts that far;
        otherwise by reading keys.
        """
        return counted(query, self.read, self._walked, partial(count_records, self._http))

    def find(self, query: Query, keys: pa.RecordBatch) -> Iterator[Page]:
        """As many records a request as fit into a URL."""
        exact = ExactKeys(query, keys)
        chosen = selection(exact.asked, self.read)
        for named in filters_by_key(query.entity, keys):
            yield from exact.of(chosen.pages(partial(self._walked, also=named)))

    def split(self, query: Query, parts: int, *, least: int) -> tuple[str, ...]:
        """By ranges of the key, as far as the service counts them and skips to their bounds."""
        return key_ranges(self._http, selection(query, self.read).asked, parts, least)

    def read_part(self, query: Query, part: str) -> Iterator[Page]:
        """As `read`, within the range."""
        return selection(query, self.read).pages(partial(self._walked, part=part))

    def changes(self, query: Query, since: str | None) -> Iterator[Page]:
        """By delta links, which are the tokens; records that a service states in part are read
        again.
        """
        reader = self._reader(query)
        if since is None:
            return all_and_token(self._http, query, reader)
        return changes_since(self._http, query, reader, self.find, since)

    def create(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        replace: bool = False,
        returning: Sequence[str] = (),
    ) -> Written:
        """By POST. `replace` takes over records that are there by PATCH."""
        return self._write(entity, returning).create(records, replaces=replace)

    def update(
        self,
        entity: Entity,
        records: pa.RecordBatch,
        *,
        seen: pa.RecordBatch | None = None,
        given: pa.RecordBatch | None = None,
        returning: Sequence[str] = (),
    ) -> Written:
        """By PATCH, with the etag seen as If-Match."""
        return self._write(entity, returning).update(records, seen, given)

    def delete(
        self, entity: Entity, keys: pa.RecordBatch, *, seen: pa.RecordBatch | None = None
    ) -> Written:
        """By DELETE, with the etag seen as If-Match."""
        return self._write(entity).delete(keys, seen)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _write(self, entity: Entity, returning: Sequence[str] = ()) -> Write:
        wires = self._wires.setdefault(entity.name, {})
        return Write(self._channel, entity, wires, self.find, tuple(returning))

    def _walked(self, query: Query, also: str = "", part: str = "") -> Iterator[Page]:
        return Walk(self._http, query, self._reader(query), also, part=part).pages()

    def _reader(self, query: Query) -> PageReader:
        wires = self._wires.setdefault(query.entity.name, {})
        return PageReader(query.entity, query.fields, wires)


def _document(body: bytes) -> list[dict[str, Any]]:
    """The entries of a service document (OData JSON 4.01, 5)."""
    try:
        document = load(body)
        if "d" in document:
            raise other_version("2 or 3")
        return [dict(item) for item in document["value"]]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise ConfigurationError(
            "The host of the connection answers with JSON that is no OData service document.",
            remedy="The host is the service root URL, such as https://host/odata/v4/service/.",
        ) from None
