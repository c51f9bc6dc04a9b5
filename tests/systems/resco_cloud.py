"""Simulated organizations of Resco Cloud, read and edited without Tandem."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
from tests.simulated import simulated
from tests.systems.office import Office
from tests.systems.wire import Wire

from tandem.connectors.resco.connector import RescoConnector
from tandem.demo.resco.attributes import LookupForm
from tandem.demo.resco.controls import Controls
from tandem.demo.resco.organization import Organization
from tandem.demo.resco.service import create_app
from tandem.demo.resco.values import from_body
from tandem.demo.write import read_json
from tandem.model.connection import Connection

Record = dict[str, Any]
BOTH: Record = {"direction": "bidirectional", "primary_key": ["id"]}


def lines(*names: str, **more: Record) -> list[Record]:
    """Field mappings that keep the names, `there:here` apart; `more` by external name."""
    ends = (name.partition(":") for name in names)
    return [{"external": e, "local": own or e, **more.get(e, {})} for e, _, own in ends]


def lookup(entity: str, by: str = "id") -> Record:
    return {"lookup": {"entity": entity, "field": by}}


ACCOUNTS: Record = {
    **BOTH,
    "external": "account",
    "local": "account",
    "fields": lines(
        "id",
        "name",
        "address1_city:city",
        "creditlimit",
        "creditonhold",
        "industrycode",
        "parentaccountid",
        "primarycontactid",
        parentaccountid=lookup("account"),
        primarycontactid=lookup("contact"),
    ),
}
CONTACTS: Record = {
    **BOTH,
    "external": "contact",
    "local": "contact",
    "fields": lines(
        "id", "name", "birthdate", "parentcustomerid", parentcustomerid=lookup("account")
    ),
}
ORDERS: Record = {
    **BOTH,
    "external": "fs_workorder",
    "local": "work_order",
    "fields": lines(
        "id",
        "name",
        "statuscode",
        "customerid_account",
        "customerid_contact",
        "scheduledstart",
        "latitude",
        "isbillable",
        customerid_account=lookup("account"),
        customerid_contact=lookup("contact"),
        statuscode={"values": {1: "draft", 10000: "at work", 10001: "done", 10002: "off"}},
    ),
}
ALL = (ACCOUNTS, CONTACTS, ORDERS)


class RescoWire(Wire):
    """What is asked of the organization."""

    @property
    def writes(self) -> list[httpx.Request]:
        """The requests that change records."""
        return [request for request in self.asked if is_write(request)]

    @property
    def paths(self) -> list[str]:
        """What was asked for: the end of each path."""
        return [r.url.path.rstrip("/").rpartition("/")[2] for r in self.asked]


def is_write(request: httpx.Request) -> bool:
    """Whether the request changes records: by OData or by the data service."""
    return request.method in ("PATCH", "DELETE") or request.url.path.endswith("ExecuteMultiple")


class Resco:
    """An organization, as its own users have it."""

    def __init__(
        self,
        folder: Path,
        name: str = "contoso",
        lookups: LookupForm = LookupForm.TYPED,
        host: str = "",
    ) -> None:
        self.name = name
        self.host = host or f"https://{name}.rescocrm.com"
        self.controls = Controls()
        self.app = create_app(
            folder / f"{name}.db", organization=name, lookups=lookups, controls=self.controls
        )
        self.organization: Organization = self.app.state.organization
        self.wire = RescoWire(simulated({httpx.URL(self.host).host: self.app}))
        self.waits: list[float] = []
        self.create("systemuser", name="sync")

    @property
    def connection(self) -> Connection:
        """What a user would enter."""
        return Connection(
            id="there", conn_type="resco", host=self.host, login="sync", password="sync"
        )

    def connect(self, connection: Connection) -> RescoConnector:
        """A connector to it that does not wait."""
        return RescoConnector(
            connection, transport=self.wire, sleep=self.waits.append, random=lambda: 0.5
        )

    def office(self, folder: Path, *mappings: Record) -> Office:
        """It as the external system, and a database."""
        return Office(folder, self.connection, self.connect, list(mappings or ALL))

    def rows(self, entity: str) -> dict[str, Record]:
        """All its records, by id, as they are kept: `customerid#target` says to what it leads."""
        with self.organization.store.reading() as connection:
            found = connection.execute(f'SELECT * FROM "{entity}"')
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return {row["id"]: row for row in rows}

    def create(self, entity: str, **values: Any) -> str:
        """The id of a new record."""
        return self.create_all(entity, [values])[0]

    def create_all(self, entity: str, records: Iterable[Record]) -> list[str]:
        """The ids of new records, made in one transaction."""
        kind = self.organization.entity(entity)
        with self.organization.store.writing() as connection:
            return [
                self.organization.create(connection, kind, self._kept(entity, values))
                for values in records
            ]

    def change(self, entity: str, key: str, **values: Any) -> None:
        """Set these values."""
        kept = self._kept(entity, values)
        with self.organization.store.writing() as connection:
            self.organization.update(connection, self.organization.entity(entity), key, kept)

    def delete(self, entity: str, key: str) -> None:
        """Remove the record."""
        with self.organization.store.writing() as connection:
            self.organization.delete(connection, self.organization.entity(entity), key)

    def held(
        self, entity: str, key: str | None = None, **values: Any
    ) -> AbstractContextManager[int]:
        """A transaction that is open while the block lasts, with its version taken."""
        return self.organization.held(entity, values, key)

    def _kept(self, entity: str, values: Record) -> Record:
        body = read_json(json.dumps(values, default=str).encode())
        return from_body(self.organization.entity(entity), body)
