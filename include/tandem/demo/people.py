"""What people do on both sides of the demo between two runs, and what each side holds of it."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen
from uuid import uuid4

PATHS: Final = {"city": "address/city", "account": "account_ID", "last_name": "lastName"}
"""Local name of a field → its external one, where they differ."""
SETS: Final = {"account": "Accounts", "contact": "Contacts"}
"""Local table → external entity set."""


@dataclass(frozen=True, slots=True)
class External:
    """The OData service, as its users work in it."""

    url: str

    def get(self, path: str) -> Any:
        """A resource; None if it is not there."""
        try:
            return self._call(path)
        except HTTPError as error:
            if error.code == 404:
                return None
            raise

    def set(self, path: str, **values: Any) -> None:
        """Change fields of a record."""
        self._call(path, "PATCH", values)

    def _call(self, path: str, method: str = "GET", body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Prefer": "return=representation"}
        url = self.url + quote(path, safe="/?&=$(),'")
        request = Request(url, data, headers, method=method)  # noqa: S310 - our own service
        with urlopen(request) as response:  # noqa: S310
            return json.load(response)


@dataclass(frozen=True, slots=True)
class Local:
    """The SQLite database, as its users work in it."""

    path: Path

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement, and what it gives."""
        with closing(sqlite3.connect(self.path)) as database, database:
            return database.execute(query, values).fetchall()

    def set(self, table: str, record_id: str, **values: Any) -> None:
        """Change fields of a record."""
        names = ", ".join(f"{name} = ?" for name in values)
        self.rows(f"update {table} set {names} where id = ?", *values.values(), record_id)  # noqa: S608


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to one record."""

    title: str
    kind: str
    """external edit, local edit, two fields, same field, new or deleted."""
    table: str
    record_id: str
    fields: tuple[str, ...]
    """The local fields that it is about."""

    @property
    def told(self) -> str:
        """The deed as a sentence."""
        first, last = self.fields[0], self.fields[-1]
        return {
            "external edit": f"{self.title}: {first} is changed on the external side.",
            "local edit": f"{self.title}: {first} is changed on the local side.",
            "two fields": f"{self.title}: {first} on the external side, {last} on the local one.",
            "same field": f"{self.title}: {first} on both sides, each in its own way.",
            "new": f"{self.title}, of A-000001, is new on the local side.",
            "deleted": f"{self.title} is deleted on the local side.",
        }[self.kind]

    def local_values(self, local: Local) -> tuple[str, ...]:
        """What the local side holds in these fields."""
        names = ", ".join(_column(name) for name in self.fields)
        query = f"select {names} from {self.table} where id = ?"  # noqa: S608
        found = local.rows(query, self.record_id)
        return tuple(map(str, found[0])) if found else _GONE * len(self.fields)

    def external_values(self, external: External) -> tuple[str, ...]:
        """What the external side holds in these fields."""
        record = external.get(f"{SETS[self.table]}({self.record_id})")
        if record is None:
            return _GONE * len(self.fields)
        return tuple(str(_value(record, PATHS.get(name, name))) for name in self.fields)


_GONE: Final = ("gone",)


@dataclass(frozen=True, slots=True)
class People:
    """The users of both sides."""

    external: External
    local: Local
    names: dict[str, str] = field(default_factory=dict)
    """Id of an account → its number."""

    def work(self) -> Iterator[Deed]:
        """Do all that the demo is about, one record after the other."""
        accounts = self.external.get("Accounts?$top=4&$orderby=accountNumber")["value"]
        self.names.update({account["ID"]: account["accountNumber"] for account in accounts})
        ids: Sequence[str] = list(self.names)
        yield self._edit("external edit", ids[0], external={"city": "Ostrava"})
        yield self._edit("local edit", ids[1], local={"phone": "777 000 002"})
        phone = {"phone": "777 000 003"}
        yield self._edit("two fields", ids[2], external={"city": "Plzeň"}, local=phone)
        here, there = {"industry": "Aviation"}, {"industry": "Robotics"}
        yield self._edit("same field", ids[3], external=there, local=here)
        yield self._meet(ids[0])
        yield self._forget()

    def _edit(self, kind: str, account: str, **sides: dict[str, str]) -> Deed:
        external, local = sides.get("external", {}), sides.get("local", {})
        if external:
            self.external.set(f"Accounts({account})", **_nested(external))
        if local:
            self.local.set("account", account, **local)
        fields = tuple({**external, **local})
        return Deed(self.names[account], kind, "account", account, fields)

    def _meet(self, account: str) -> Deed:
        contact = str(uuid4())
        self.local.rows(
            "insert into contact (id, account_id, first_name, last_name) values (?, ?, ?, ?)",
            *(contact, account, "Grace", "Hopper"),
        )
        return Deed("Grace Hopper", "new", "contact", contact, ("last_name", "account"))

    def _forget(self) -> Deed:
        """Delete a contact that no work order names."""
        query = """select c.id, c.last_name from contact c
            where not exists (select 1 from work_order o where o.contact_id = c.id)
            and c.first_name = 'Ada' order by c.id"""
        for contact, name in self.local.rows(query):
            orders = f"WorkOrders?$top=1&$filter=contact_ID eq {contact}"
            if not self.external.get(orders)["value"]:
                self.local.rows("delete from contact where id = ?", contact)
                return Deed(f"Ada {name}", "deleted", "contact", contact, ("last_name",))
        raise LookupError("All contacts have work orders.")


def _column(name: str) -> str:
    return "account_id" if name == "account" else name


def _nested(values: dict[str, str]) -> dict[str, Any]:
    """The values as the service takes them: those of a complex property within it."""
    body: dict[str, Any] = {}
    for name, value in values.items():
        head, _, rest = PATHS.get(name, name).partition("/")
        body[head] = {rest: value} if rest else value
    return body


def _value(record: Any, path: str) -> Any:
    for part in path.split("/"):
        record = record[part]
    return record
