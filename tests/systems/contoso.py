"""A simulated organization of Dataverse and a SQLite database, each edited without Tandem."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.simulated import simulated
from tests.systems.office import Office
from tests.systems.wire import Disturbance, Time, Wire

from tandem.connectors.base import Connector
from tandem.connectors.dynamics.connector import DynamicsConnector
from tandem.demo.authority.authority import Authority
from tandem.demo.authority.service import HOST as AUTHORITY
from tandem.demo.authority.service import create_app as create_authority
from tandem.demo.dynamics.control import Control
from tandem.demo.dynamics.organization import ROOT
from tandem.demo.dynamics.service import create_app
from tandem.model.connection import Connection

Record = dict[str, Any]

CRM = "contoso.crm4.dynamics.com"
SOMEBODY = "somebody-else"
"""The token of the people who use Dynamics without Tandem."""
TOKEN = "token"


class DataverseWire(Wire):
    """What is asked of the organization."""

    @property
    def writes(self) -> list[httpx.Request]:
        """The requests that change records; a batch of definitions changes none."""
        return [request for request in self.asked if is_write(request)]

    def listings(self, entity: str) -> list[httpx.Request]:
        """The requests that list an entity."""
        return [r for r in self.asked if r.method == "GET" and r.url.path == f"{ROOT}{entity}"]


def is_write(request: httpx.Request) -> bool:
    """Whether the request changes records, by itself or in a batch."""
    if request.url.path.endswith("/$batch"):
        return any(f"{verb} ".encode() in request.content for verb in ("POST", "PATCH", "DELETE"))
    return request.method != "GET"


@dataclass
class Contoso:
    """An organization as its own users have it."""

    folder: Path
    page_size: int = 5_000
    time: Time = field(default_factory=Time)
    control: Control = field(default_factory=Control)
    authority: Authority | None = None
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        accepts = self.authority.accepts if self.authority else lambda _: True
        app = create_app(
            self.folder / "organization.db",
            clock=self.time,
            control=self.control,
            page_size=self.page_size,
            accepts=lambda token: token == SOMEBODY or accepts(token),
        )
        hosts: dict[str, Any] = {CRM: app}
        if self.authority:
            hosts[AUTHORITY] = create_authority(self.authority)
        self.wire = DataverseWire(simulated(hosts), CRM)
        self.client = httpx.Client(
            base_url=f"https://{CRM}{ROOT}",
            transport=simulated({CRM: app}),
            headers={"Authorization": f"Bearer {SOMEBODY}", "Prefer": "return=representation"},
        )

    def records(self, entity: str, by: str | None = None) -> dict[str, Record]:
        """All records of an entity, by a field; by their primary key if none is named."""
        found: list[Record] = []
        link: str | None = entity
        headers = {"Prefer": 'odata.include-annotations="*"'}
        while link:
            page = self.client.get(link, headers=headers).raise_for_status().json()
            found += page["value"]
            link = page.get("@odata.nextLink")
        return {record[by or f"{entity[:-1]}id"]: record for record in found}

    def create(self, entity: str, **values: Any) -> str:
        """The id of a new record; `__` in names stands for `@odata.`."""
        made = self._sent("POST", entity, values)
        return str(made[f"{entity[:-1]}id"])

    def change(self, entity: str, key: str, **values: Any) -> None:
        """Set these values."""
        self._sent("PATCH", f"{entity}({key})", values)

    def delete(self, entity: str, key: str) -> None:
        """Remove the record."""
        self.client.delete(f"{entity}({key})").raise_for_status()

    def _sent(self, method: str, path: str, values: Record) -> Record:
        body = {name.replace("__", "@odata."): value for name, value in values.items()}
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return json.loads(answer.content) if answer.content else {}

    def connection(self, password: str | None = TOKEN, **extra: Any) -> Connection:
        """What a user would enter."""
        given = extra or {"auth": "bearer"}
        return Connection(
            id="there", conn_type="dynamics", host=CRM, password=password, extra=given
        )

    def office(
        self, *mappings: Record, connection: Connection | None = None, **settings: Any
    ) -> Office:
        """An integration between it and a database."""

        def connect(known: Connection) -> Connector:
            return DynamicsConnector(known, self.wire, sleep=self.waits.append, random=lambda: 0.5)

        known = connection or self.connection()
        return Office(self.folder, known, connect, list(mappings), settings)


def failing(
    times: int,
    answer: Callable[[], httpx.Response | Exception],
    when: Callable[[httpx.Request], bool],
) -> Disturbance:
    """Disturbs that many of such requests."""
    left: Iterator[int] = iter(range(times))

    def disturb(request: httpx.Request) -> httpx.Response | Exception | None:
        return answer() if when(request) and next(left, None) is not None else None

    return disturb


def lines(*pairs: str, **more: Record) -> list[Record]:
    """Field mappings, each written as `external:local`; `more` by external name."""
    ends = (pair.partition(":") for pair in pairs)
    return [{"external": e, "local": own or e, **more.get(e, {})} for e, _, own in ends]


def lookup(entity: str, by: str) -> Record:
    """A lookup."""
    return {"lookup": {"entity": entity, "field": by}}


ACCOUNTS: Record = {
    "direction": "bidirectional",
    "external": "accounts",
    "local": "account",
    "primary_key": ["accountnumber"],
    "fields": lines(
        "accountnumber:number",
        "name:name",
        "address1_city:city",
        "telephone1:phone",
        "customertypecode:kind",
        "_parentaccountid_value:parent",
        _parentaccountid_value=lookup("accounts", "accountid"),
        customertypecode={"values": {1: "competitor", 3: "customer", 10: "supplier"}},
    ),
}
CONTACTS: Record = {
    "direction": "bidirectional",
    "external": "contacts",
    "local": "contact",
    "primary_key": ["emailaddress1"],
    "fields": lines("emailaddress1:email", "lastname:name"),
}
CASES: Record = {
    "direction": "bidirectional",
    "external": "incidents",
    "local": "ticket",
    "primary_key": ["ticketnumber"],
    "fields": lines(
        "ticketnumber:number",
        "title:title",
        "customerid_account:account",
        "customerid_contact:contact",
        customerid_account=lookup("accounts", "accountid"),
        customerid_contact=lookup("contacts", "contactid"),
    ),
}
