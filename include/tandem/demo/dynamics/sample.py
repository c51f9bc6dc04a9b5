"""The sample rows: the demo's people and companies as Dataverse keeps them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from tandem.demo.clock import Clock, system_clock
from tandem.demo.conditions import column
from tandem.demo.data import Row, Sizes, samples
from tandem.demo.dynamics.schema import ACCOUNT, CONTACT, INCIDENT, MODEL, TABLES, WORK_ORDER
from tandem.demo.dynamics.system import CURRENCIES, MESSAGE, MESSAGE_FILTER, TEAM, USER
from tandem.demo.dynamics.tables import Lookup, Table
from tandem.demo.dynamics.texts import prepare
from tandem.demo.store import Store
from tandem.demo.values import Stored


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://contoso.example/{name}"))


USER_ID: Final = _id("user")
TEAM_ID: Final = _id("team")
BUSINESS_UNIT_ID: Final = _id("business unit")
ORGANIZATION_ID: Final = _id("organization")
CURRENCY_ID: Final = _id("currency")
BULK: Final = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")
SYSTEM_STATUS: Final = (690970000, 690970001, 690970002, 690970003, 690970005)
"""In the order of the demo's own statuses."""
CREATED: Final = "2024-01-01T00:00:00"


def open_store(database: Path, clock: Clock = system_clock) -> Store:
    """The store of an organization, with the rows that every organization has."""
    store = Store(database, MODEL, clock=clock, prepare=prepare)
    with store.writing() as connection:
        for table in TABLES:
            for names in table.alternate_keys:
                index = column(f"{table.set_name}/key/{'/'.join(names)}")
                columns = ", ".join(map(column, names))
                connection.execute(
                    f'CREATE INDEX IF NOT EXISTS {index} ON "{table.set_name}" ({columns})'
                )
    if not store.counts()[MESSAGE.set_name]:
        for table, rows in _of_the_system():
            _insert(store, table, rows)
    return store


def fill(database: Path, sizes: Sizes | None = None, seed: int = 1) -> dict[str, int]:
    """Put the sample rows into an organization without accounts; how many rows each set has."""
    store = open_store(database)
    if not store.counts()[ACCOUNT.set_name]:
        for (_, rows), (table, made) in zip(samples(sizes or Sizes(), seed), _MADE, strict=True):
            kept = list(rows)
            _insert(store, table, (made(n, row) for n, row in enumerate(kept)))
            if table is CONTACT:
                _insert(store, INCIDENT, (_incident(n, row) for n, row in enumerate(kept[:500])))
    return store.counts()


def _insert(store: Store, table: Table, rows: Iterable[Row]) -> None:
    paths = tuple(table.entity_set.paths)
    store.insert(table.entity_set, (tuple([row.get(path) for path in paths]) for row in rows))


def _of_the_system() -> Iterator[tuple[Table, list[Row]]]:
    yield USER, [_stamped(0, systemuserid=USER_ID, ownerid=USER_ID, fullname="Adele Vance")]
    yield TEAM, [_stamped(0, teamid=TEAM_ID, ownerid=TEAM_ID, name="Field service")]
    currency = {"currencyname": "US Dollar", "isocurrencycode": "USD"}
    yield CURRENCIES, [_stamped(0, transactioncurrencyid=CURRENCY_ID, **currency)]
    yield MESSAGE, [_stamped(n, sdkmessageid=_id(name), name=name) for n, name in enumerate(BULK)]
    filters = [(name, table) for name in BULK for table in TABLES if table.in_bulk]
    yield (
        MESSAGE_FILTER,
        [
            _stamped(
                n,
                sdkmessagefilterid=_id(f"{name}/{table.logical_name}"),
                name=name,
                primaryobjecttypecode=table.logical_name,
                _sdkmessageid_value=_id(name),
            )
            for n, (name, table) in enumerate(filters)
        ],
    )


def _stamped(number: int, **values: Stored) -> Row:
    stamps: Row = {"createdon": CREATED, "modifiedon": CREATED, "versionnumber": 1_000 + number}
    return {**values, **stamps}


def _refers(lookup: Lookup, id_: Stored, table: Table) -> Row:
    if id_ is None:
        return {}
    type_ = {lookup.type_column: table.logical_name} if len(lookup.targets) > 1 else {}
    return {lookup.column: id_, **type_}


def _common(table: Table, number: int, row: Row) -> Row:
    """State, owner (now and then a team) and stamps; Dataverse keeps whole seconds."""
    lookups = {lookup.name: lookup for lookup in table.lookups}
    owner = (TEAM_ID, TEAM) if number % 7 == 0 else (USER_ID, USER)
    changed = str(row["modifiedAt"]).partition(".")[0]
    return {
        **_stamped(number),
        **table.defaults,
        "modifiedon": changed,
        **_refers(lookups["ownerid"], *owner),
        **_refers(lookups["modifiedby"], USER_ID, USER),
    }


def _account(number: int, row: Row) -> Row:
    lookups = {lookup.name: lookup for lookup in ACCOUNT.lookups}
    active = bool(row["isActive"])
    return {
        **_common(ACCOUNT, number, row),
        "accountid": row["ID"],
        "name": row["name"],
        "accountnumber": row["accountNumber"],
        "telephone1": row["phone"],
        "websiteurl": row["website"],
        "address1_line1": row["address/street"],
        "address1_city": row["address/city"],
        "address1_postalcode": row["address/postalCode"],
        "address1_country": row["address/country"],
        "numberofemployees": row["employees"],
        "revenue": _money(row["revenue"]),
        "creditlimit": _money(row["creditLimit"]),
        "customertypecode": (None, 1, 3, 10, 12)[number % 5],
        "industrycode": (1, 2, 12, 33, None)[number % 5],
        "statecode": 0 if active else 1,
        "statuscode": 1 if active else 2,
        **_refers(lookups["parentaccountid"], row["parent_ID"], ACCOUNT),
        **_refers(lookups["transactioncurrencyid"], CURRENCY_ID, CURRENCIES),
    }


def _contact(number: int, row: Row) -> Row:
    names = [str(row[name]) for name in ("firstName", "lastName") if row[name]]
    return {
        **_common(CONTACT, number, row),
        "contactid": row["ID"],
        "fullname": " ".join(names),
        "firstname": row["firstName"],
        "lastname": row["lastName"],
        "emailaddress1": row["email"],
        "telephone1": row["phone"],
        "jobtitle": row["jobTitle"],
        "birthdate": row["birthDate"],
        "donotemail": None if row["newsletter"] is None else 1 - int(row["newsletter"]),
        **_refers(CONTACT.lookups[0], row["account_ID"], ACCOUNT),
    }


def _incident(number: int, row: Row) -> Row:
    """A case of every contact; of every other one the customer is the account."""
    of_account = number % 2 == 0 and row["account_ID"] is not None
    customer = (row["account_ID"], ACCOUNT) if of_account else (row["ID"], CONTACT)
    return {
        **_common(INCIDENT, number, row),
        "incidentid": _id(f"incident/{number}"),
        "title": f"Case of {row['lastName']}",
        "ticketnumber": f"CAS-{number + 1:05d}",
        "prioritycode": number % 3 + 1,
        "caseorigincode": number % 3 + 1,
        **_refers(INCIDENT.lookups[0], *customer),
        **_refers(INCIDENT.lookups[1], row["ID"], CONTACT),
    }


def _work_order(number: int, row: Row) -> Row:
    lookups = {lookup.name: lookup for lookup in WORK_ORDER.lookups}
    hours = row["hours"]
    return {
        **_common(WORK_ORDER, number, row),
        "msdyn_workorderid": row["ID"],
        "msdyn_name": row["orderNumber"],
        "msdyn_workordersummary": row["subject"],
        "msdyn_instructions": row["description"],
        "msdyn_city": row["site/city"],
        "msdyn_systemstatus": SYSTEM_STATUS[int(row["status"] or 0)],
        "msdyn_totalestimatedduration": None if hours is None else int(float(hours) * 60),
        "msdyn_totalamount": _money(row["amount"]),
        "msdyn_taxable": row["isBillable"],
        "msdyn_latitude": row["latitude"],
        "msdyn_longitude": row["longitude"],
        "msdyn_datewindowstart": row["dueDate"],
        "msdyn_timefrompromised": row["scheduledAt"],
        **_refers(lookups["msdyn_serviceaccount"], row["account_ID"], ACCOUNT),
        **_refers(lookups["msdyn_reportedbycontact"], row["contact_ID"], CONTACT),
        **_refers(lookups["transactioncurrencyid"], CURRENCY_ID, CURRENCIES),
    }


_MADE: Final = ((ACCOUNT, _account), (CONTACT, _contact), (WORK_ORDER, _work_order))


def _money(value: Stored) -> Stored:
    """With four digits after the point, as money has."""
    if value is None:
        return None
    whole, _, fraction = str(value).partition(".")
    return f"{whole}.{fraction[:4]:0<4}"
