"""A simulated Business Central and a SQLite database, with a working day between them.

Both sides are read and edited without Tandem: Business Central by its own JSON, as another of its
users would, the database by its own driver.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
from tests.simulated import simulated
from tests.systems.office import Office
from tests.systems.wire import Time, Wire

from tandem.connectors.base import Connector
from tandem.connectors.business_central.connector import BusinessCentralConnector
from tandem.demo.authority.authority import Authority
from tandem.demo.authority.service import HOST as AUTHORITY
from tandem.demo.authority.service import create_app as create_authority
from tandem.demo.business_central.control import Control
from tandem.demo.business_central.sample import COMPANIES
from tandem.demo.business_central.service import BASE, ENVIRONMENT, TENANT, create_app
from tandem.model.connection import Connection

Record = dict[str, Any]

ERP: str = "erp.example"
CRONUS, OTHER = COMPANIES
SOMEBODY: str = "somebody-else"
"""The token of the people who use Business Central without Tandem."""


class BusinessCentralWire(Wire):
    """What is asked of Business Central."""

    @property
    def writes(self) -> list[httpx.Request]:
        """The requests that write; a batch never just reads."""
        return [request for request in self.asked if request.method != "GET"]

    @property
    def targets(self) -> list[str]:
        """Path and query of the requests below their company, decoded."""
        urls = [unquote(str(request.url)) for request in self.asked]
        return [url.rpartition(")/")[2] if ")/" in url else url.rpartition("/")[2] for url in urls]

    def listings(self, entity: str) -> list[str]:
        """The queries of the requests that list an entity."""
        parts = [target.partition("?") for target in self.targets]
        return [query for path, _, query in parts if path == entity]


@dataclass(frozen=True)
class There:
    """One company of Business Central, read and edited by one of its own users."""

    client: httpx.Client
    root: str
    """URL of the company."""

    def records(self, entity: str, by: str = "id", **options: str) -> dict[str, Record]:
        """All records of an entity, by a field."""
        found: list[Record] = []
        query = "&".join(f"${name}={quote(value)}" for name, value in options.items())
        link: str | None = f"{self.root}/{entity}?{query}"
        while link:
            page = json.loads(self.client.get(link).raise_for_status().content, parse_float=Decimal)
            found += page["value"]
            link = page.get("@odata.nextLink")
        return {record[by]: record for record in found}

    def lines(self) -> dict[str, Record]:
        """The lines of all sales orders, by id."""
        orders = self.records("salesOrders", expand="salesOrderLines")
        return {line["id"]: line for order in orders.values() for line in order["salesOrderLines"]}

    def create(self, entity: str, **values: Any) -> Record:
        """POST a record; what it is then."""
        return self._sent("POST", entity, values)

    def change(self, entity: str, key: str, **values: Any) -> Record:
        """PATCH a record; `key` as it stands in URLs."""
        return self._sent("PATCH", f"{entity}({key})", values)

    def delete(self, entity: str, key: str) -> None:
        """DELETE a record."""
        self._sent("DELETE", f"{entity}({key})", None)

    def _sent(self, method: str, path: str, values: Record | None) -> Record:
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        content = json.dumps(values or {}, default=str)
        url = f"{self.root}/{path}"
        answer = self.client.request(method, url, headers=headers, content=content)
        assert answer.is_success, answer.text
        return json.loads(answer.content, parse_float=Decimal) if answer.content else {}


@dataclass
class Cronus:
    """An environment of Business Central, and what its administrators can do."""

    folder: Path
    control: Control = field(default_factory=Control)
    time: Time = field(default_factory=Time)
    authority: Authority | None = None

    def __post_init__(self) -> None:
        accepts = self.authority.accepts if self.authority else lambda _: True
        self.database = self.folder / "erp.db"
        self.app = app = create_app(
            self.database,
            clock=self.time,
            control=self.control,
            accepts=lambda token: token == SOMEBODY or accepts(token),
        )
        hosts: dict[str, Any] = {ERP: app}
        if self.authority:
            hosts[AUTHORITY] = create_authority(self.authority)
        self.wire = BusinessCentralWire(simulated(hosts), ERP)
        self.client = httpx.Client(
            transport=simulated({ERP: app}), headers={"Authorization": f"Bearer {SOMEBODY}"}
        )

    def company(self, route: str = "v2.0", company: Any = CRONUS) -> There:
        """A company as its own users see it."""
        published = route == "ODataV4"
        path = "ODataV4" if published else f"api/{route}"
        place = f"Company('{quote(company.name)}')" if published else f"companies({company.id})"
        return There(self.client, f"https://{ERP}{BASE}{path}/{place}")

    def connection(self, credential: str | None = "token", **extra: Any) -> Connection:
        """A connection to it."""
        given = {
            "auth": "bearer",
            "tenant": TENANT,
            "environment": ENVIRONMENT,
            "company": CRONUS.name,
        }
        return Connection(
            id="there",
            conn_type="business_central",
            host=f"https://{ERP}",
            password=credential,
            extra=given | extra,
        )

    def office(
        self,
        *mappings: Record,
        connection: Connection | None = None,
        sleep: Callable[[float], None] = lambda _: None,
        **settings: Any,
    ) -> Office:
        """An integration between it and a database."""

        def connect(known: Connection) -> Connector:
            return BusinessCentralConnector(known, self.wire, sleep=sleep, random=lambda: 0.5)

        return Office(
            self.folder, connection or self.connection(), connect, list(mappings), settings
        )


def lines_of(*pairs: str, **lookups: Record) -> list[Record]:
    """Field mappings, each written as `external:local`."""
    fields: list[Record] = []
    for pair in pairs:
        external, _, local = pair.partition(":")
        line = {"external": external, "local": local}
        fields.append({**line, **lookups.get(external, {})})
    return fields


def failing(times: int, answer: Callable[[], httpx.Response | Exception], method: str = "") -> Any:
    """Disturbs the next requests, those of a method if one is named."""
    left: Iterator[int] = iter(range(times))

    def disturb(request: httpx.Request) -> httpx.Response | Exception | None:
        if method in ("", request.method) and next(left, None) is not None:
            return answer()
        return None

    return disturb


TERMS: Record = {
    "direction": "bidirectional",
    "external": "paymentTerms",
    "local": "term",
    "primary_key": ["code"],
    "fields": lines_of("code:code", "displayName:name"),
}
CUSTOMERS: Record = {
    "direction": "bidirectional",
    "external": "customers",
    "local": "account",
    "primary_key": ["number"],
    "fields": lines_of(
        "number:number",
        "displayName:name",
        "city:city",
        "phoneNumber:phone",
        "creditLimit:credit_limit",
        "paymentTermsId:term",
        "blocked:blocked",
        paymentTermsId={"lookup": {"entity": "paymentTerms", "field": "id"}},
        blocked={"values": {"Ship": 1, "Invoice": 2, "All": 3}},
    ),
}
CONTACTS: Record = {
    "direction": "bidirectional",
    "external": "contacts",
    "local": "contact",
    "primary_key": ["number"],
    "fields": lines_of(
        "number:number",
        "displayName:name",
        "email:email",
        "lastInteractionDate:last_seen",
        "type:type",
    ),
}
