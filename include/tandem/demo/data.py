"""Sample records, the same for the same seed: realistic, and with the values that break software.

Among them are numbers above 2^53, decimals of more than 15 digits, apostrophes, quotes,
other scripts, line breaks, nulls and empty texts.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from tandem.demo.model import EntitySet
from tandem.demo.schema import ACCOUNTS, CONTACTS, STATUS, WORK_ORDERS
from tandem.demo.store import Store
from tandem.demo.values import Stored

Row = dict[str, Stored]

FIRST_CHANGE: Final = datetime(2024, 1, 1)  # noqa: DTZ001 UTC, as it is kept
YEARS: Final = timedelta(days=730)
FIRST_NAMES: Final = (
    "Ada",
    "Božena",
    "Chloé",
    "Dmitri",
    "Ewa",
    "Fatima",
    "Jürgen",
    "Li",
    "Siobhán",
)
LAST_NAMES: Final = (
    "Novák",
    "O'Neil",
    "Müller",
    "D'Angelo",
    "Kowalska",
    "Åberg",
    "Smith-Jones",
    "王",
)
TRADES: Final = (
    "Bakery",
    "Brewery",
    "Logistics",
    "Machines",
    "Foods & Farms",
    "Elevators",
    "Papír",
)
FORMS: Final = ("Ltd.", "s.r.o.", "GmbH", "a.s.", "Inc.", '"Nordic" AB', "株式会社")
CITIES: Final = (
    ("Brno", "602 00", "CZ"),
    ("Praha", "110 00", "CZ"),
    ("Zürich", "8001", "CH"),
    ("Kraków", "31-001", "PL"),
    ("Saint-Denis", "93200", "FR"),
    ("Boston", "02110", "US"),
)
STREETS: Final = ("Main Street", "Údolní", "Bahnhofstraße", "Rue de l'Église", "ul. Długa")
INDUSTRIES: Final = ("Food", "Transport", "Energy", "Health", "Public sector")
JOBS: Final = ("Facility manager", "Buyer", "Head of maintenance", "Janitor", "CFO")
TASKS: Final = ("Inspect", "Repair", "Replace", "Install", "Clean", "Calibrate")
MACHINES: Final = ("boiler", 'pump 3/4"', "conveyor", "cooling unit", "lift (north)", "oven #2")
NOTES: Final = (
    "Ring twice.\nAsk for the key at the desk.",
    'Customer says: "it hums"; couldn\'t hear it.',
    "Díly objednány, dodání do 14 dnů, viz e-mail.",
    "100 % tested\tOK 👍",
    "",
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many records of each kind."""

    accounts: int = 2_000
    contacts: int = 5_000
    work_orders: int = 10_000

    @classmethod
    def of(cls, accounts: int) -> "Sizes":
        """That many accounts, and the others in proportion."""
        return cls(accounts, accounts * 5 // 2, accounts * 5)


def fill(store: Store, sizes: Sizes, seed: int = 1) -> None:
    """Put the sample records into an empty database; one that has records stays as it is."""
    if any(store.counts().values()):
        return
    for entity_set, rows in samples(sizes, seed):
        store.insert(entity_set, _in_order(rows, entity_set))


def samples(sizes: Sizes, seed: int = 1) -> Iterator[tuple[EntitySet, Iterator[Row]]]:
    """The sample records of each set, by property path; to be read in this order."""
    maker = _Maker(random.Random(seed), sizes)  # noqa: S311 sample data, not secrets
    yield ACCOUNTS, maker.accounts()
    yield CONTACTS, maker.contacts()
    yield WORK_ORDERS, maker.work_orders()


def _in_order(rows: Iterator[Row], entity_set: EntitySet) -> Iterator[tuple[Stored, ...]]:
    paths = tuple(entity_set.paths)
    return (tuple([row[path] for path in paths]) for row in rows)


class _Maker:
    def __init__(self, source: random.Random, sizes: Sizes) -> None:
        self._random = source
        self._sizes = sizes
        self._accounts = [self._guid() for _ in range(sizes.accounts)]
        self._contacts = [self._guid() for _ in range(sizes.contacts)]

    def accounts(self) -> Iterator[Row]:
        chance = self._random
        for n, key in enumerate(self._accounts):
            trade = chance.choice(TRADES)
            yield {
                "ID": key,
                "accountNumber": f"A-{n + 1:06d}",
                "name": f"{chance.choice(LAST_NAMES)} {trade} {chance.choice(FORMS)}",
                "parent_ID": self._or_null(
                    0.7, chance.choice(self._accounts[: n or 1]) if n else None
                ),
                **self._address("address"),
                "phone": self._or_null(0.1, self._phone()),
                "website": self._or_null(0.4, f"https://www.example.com/{n + 1}?from=crm&x=1"),
                "industry": self._or_null(0.1, chance.choice(INDUSTRIES)),
                "creditLimit": self._or_null(0.2, self._decimal(0, 500_000, 2)),
                "revenue": self._or_null(0.3, self._decimal(0, 10**15, 6)),
                "employees": self._or_null(0.2, chance.randrange(1, 20_000)),
                "registrationNumber": self._or_null(0.1, chance.randrange(2**53, 2**63)),
                "isActive": int(chance.random() < 0.9),
                "customerSince": self._or_null(0.2, self._day(-3650, 0)),
                **self._stamps(n, self._sizes.accounts),
            }

    def contacts(self) -> Iterator[Row]:
        chance = self._random
        for n, key in enumerate(self._contacts):
            first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
            yield {
                "ID": key,
                "account_ID": self._or_null(0.05, chance.choice(self._accounts)),
                "firstName": self._or_null(0.05, first),
                "lastName": last,
                "email": self._or_null(0.1, f"person{n + 1}@example.com"),
                "phone": self._or_null(0.3, self._phone()),
                "jobTitle": self._or_null(0.2, chance.choice(JOBS)),
                "birthDate": self._or_null(0.6, self._day(-25_000, -7_000)),
                "newsletter": self._or_null(0.3, int(chance.random() < 0.5)),
                "callAfter": self._or_null(0.8, f"{chance.randrange(7, 19):02d}:30:00"),
                **self._stamps(n, self._sizes.contacts),
            }

    def work_orders(self) -> Iterator[Row]:
        chance = self._random
        for n in range(self._sizes.work_orders):
            yield {
                "ID": self._guid(),
                "orderNumber": f"WO-{n + 1:07d}",
                "subject": f"{chance.choice(TASKS)} {chance.choice(MACHINES)}",
                "description": self._or_null(0.4, chance.choice(NOTES)),
                "account_ID": chance.choice(self._accounts),
                "contact_ID": self._or_null(0.3, chance.choice(self._contacts)),
                "status": chance.randrange(len(STATUS.members)),
                "priority": chance.randrange(1, 6),
                **self._address("site"),
                "latitude": self._or_null(0.5, chance.uniform(-60, 70)),
                "longitude": self._or_null(0.5, chance.uniform(-180, 180)),
                "scheduledAt": self._or_null(0.3, self._instant()),
                "dueDate": self._or_null(0.2, self._day(0, 800)),
                "accessFrom": self._or_null(0.7, f"{chance.randrange(5, 12):02d}:15:00.5"),
                "hours": self._or_null(0.4, self._decimal(0, 80, 2)),
                "amount": self._or_null(0.2, self._decimal(-500, 50_000, 2)),
                "taxRate": self._or_null(0.2, chance.choice(("0.2100", "0.1250", "0.0000"))),
                "meterReading": self._or_null(0.5, chance.randrange(0, 2**60)),
                "isBillable": int(chance.random() < 0.8),
                **self._stamps(n, self._sizes.work_orders),
            }

    def _guid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _or_null(self, share: float, value: Stored) -> Stored:
        return None if self._random.random() < share else value

    def _phone(self) -> str:
        return f"+420 {self._random.randrange(600, 800)} {self._random.randrange(10**5, 10**6)}"

    def _decimal(self, low: int, high: int, scale: int) -> str:
        units = self._random.randrange(low * 10**scale, high * 10**scale)
        whole, fraction = divmod(abs(units), 10**scale)
        return f"{'-' if units < 0 else ''}{whole}.{fraction:0{scale}d}"

    def _day(self, first: int, last: int) -> str:
        offset = timedelta(days=self._random.randrange(first, last))
        return (date(2024, 1, 1) + offset).isoformat()

    def _instant(self) -> str:
        minutes = self._random.randrange(0, 2 * 365 * 24 * 60)
        return (FIRST_CHANGE + timedelta(minutes=minutes)).isoformat()

    def _address(self, name: str) -> Row:
        city, postal_code, country = self._random.choice(CITIES)
        street = f"{self._random.choice(STREETS)} {self._random.randrange(1, 200)}"
        return {
            f"{name}/street": self._or_null(0.05, street),
            f"{name}/city": city,
            f"{name}/postalCode": postal_code,
            f"{name}/country": country,
        }

    def _stamps(self, n: int, count: int) -> Row:
        """Changes spread evenly over two years; the later, the higher the version."""
        moment = FIRST_CHANGE + YEARS * n / count
        # Trailing zeros are dropped, as everywhere in the database.
        text = moment.isoformat()
        return {"modifiedAt": text.rstrip("0") if "." in text else text, "rowVersion": n + 1}
