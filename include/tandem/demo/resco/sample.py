"""Sample records of an organisation, made of those of the demo service.

Every tenth work order is for a contact rather than an account; every other account came from
Business Central and keeps its number in `integration_bc_pk`.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from tandem.demo.conditions import column
from tandem.demo.data import Row, Sizes, samples
from tandem.demo.resco.attributes import TARGET, Entity
from tandem.demo.resco.entities import INDUSTRIES, STATUS
from tandem.demo.resco.organization import Organization
from tandem.demo.store import table
from tandem.demo.values import Stored

USERS: Final = ("Ada Novák", "Siobhán O'Neil", "Dmitri Åberg")


def fill(organization: Organization, sizes: Sizes, seed: int = 1) -> None:
    """Put the sample records into an empty organisation; one that has records stays as it is.

    The first user is the one whom the credentials belong to.
    """
    if any(organization.store.counts().values()):
        return
    maker = _Maker(organization.user)
    with organization.store.writing() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        _insert(connection, organization.entity("systemuser"), maker.users())
        for (_, rows), (name, made) in zip(
            samples(sizes, seed),
            (
                ("account", maker.account),
                ("contact", maker.contact),
                ("fs_workorder", maker.work_order),
            ),
            strict=True,
        ):
            _insert(connection, organization.entity(name), map(made, rows, count()))
        connection.execute("UPDATE row_versions SET value = ?", (maker.version,))


def _insert(
    connection: sqlite3.Connection, entity: Entity, rows: Iterator[Mapping[str, Stored]]
) -> None:
    paths = tuple(entity.stored.paths)
    names = [_plain(entity, path) for path in paths]
    places = ", ".join("?" * len(paths))
    connection.executemany(
        f"INSERT INTO {table(entity.stored)} ({', '.join(map(column, paths))}) VALUES ({places})",  # noqa: S608 names of the model
        (tuple([row.get(name) for name in names]) for row in rows),
    )


def _plain(entity: Entity, path: str) -> str:
    """The name that a column has where lookups are called by their own."""
    for lookup in entity.lookups:
        name = entity.column(lookup)
        if path in (name, name + TARGET):
            return path.replace(name, lookup.name)
    return path


class _Maker:
    def __init__(self, user: str) -> None:
        self._users = [str(uuid5(NAMESPACE_OID, name)) for name in (user, *USERS)]
        self._names = (user, *USERS)
        self.version = 0

    def users(self) -> Iterator[Row]:
        for key, name in zip(self._users, self._names, strict=True):
            first, _, last = name.partition(" ")
            yield {
                "id": key,
                "name": name,
                "firstname": first,
                "lastname": last or None,
                "statuscode": 1,
                **self._stamps("2024-01-01T00:00:00"),
            }

    def account(self, row: Row, place: int) -> Row:
        industry = row["industry"]
        return {
            **self._common(row, row["name"], place),
            **_address(row, "address"),
            "accountnumber": row["accountNumber"],
            "telephone1": row["phone"],
            "websiteurl": row["website"],
            "industrycode": INDUSTRIES.index(str(industry)) + 1 if industry else None,
            "numberofemployees": row["employees"],
            "creditlimit": row["creditLimit"],
            "revenue": row["revenue"],
            "creditonhold": 1 - int(row["isActive"] or 0),
            "parentaccountid": row["parent_ID"],
            "integration_bc_pk": None if place % 2 else f"C{place + 10000}",
        }

    def contact(self, row: Row, place: int) -> Row:
        name = " ".join(str(part) for part in (row["firstName"], row["lastName"]) if part)
        return {
            **self._common(row, name, place),
            "firstname": row["firstName"],
            "lastname": row["lastName"],
            "emailaddress1": row["email"],
            "telephone1": row["phone"],
            "jobtitle": row["jobTitle"],
            "birthdate": f"{row['birthDate']}T00:00:00" if row["birthDate"] else None,
            "parentcustomerid": row["account_ID"],
        }

    def work_order(self, row: Row, place: int) -> Row:
        for_contact = place % 10 == 9 and row["contact_ID"]
        return {
            **self._common(row, row["subject"], place),
            **_address(row, "site"),
            "statuscode": STATUS[int(row["status"] or 0) % len(STATUS)].value,
            "description": row["description"],
            "customerid": row["contact_ID"] if for_contact else row["account_ID"],
            f"customerid{TARGET}": "contact" if for_contact else "account",
            "contactid": row["contact_ID"],
            "prioritycode": row["priority"],
            "scheduledstart": row["scheduledAt"],
            "latitude": row["latitude"],
            "longitude": row["longitude"],
            "totalamount": row["amount"],
            "isbillable": row["isBillable"],
        }

    def _common(self, row: Row, name: Stored, place: int) -> Row:
        return {
            "id": row["ID"],
            "name": name,
            "ownerid": self._users[place % len(self._users)],
            "statuscode": 1,
            **self._stamps(str(row["modifiedAt"]).partition(".")[0]),
        }

    def _stamps(self, moment: str) -> Row:
        self.version += 1
        return {"createdon": moment, "modifiedon": moment, "versionnumber": self.version}


def _address(row: Row, name: str) -> Row:
    return {
        "address1_line1": row[f"{name}/street"],
        "address1_city": row[f"{name}/city"],
        "address1_postalcode": row[f"{name}/postalCode"],
        "address1_country": row[f"{name}/country"],
    }
