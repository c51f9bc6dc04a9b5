"""Syncs that are killed at any moment lose nothing and make nothing twice.

Between the kills people go on working on both sides. `TANDEM_KILLS` says how many there are.
"""

import os
import random
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

KILLS = int(os.environ.get("TANDEM_KILLS", "6"))
FIRST, EVERY = 12, 40
"""So many records of each entity at the beginning; a run that ends well after so many kills."""
TABLES = {"Accounts": "account", "Contacts": "contact", "WorkOrders": "work_order"}
NUMBER = {"Accounts": "accountNumber", "Contacts": "jobTitle", "WorkOrders": "orderNumber"}
NAMES = {
    "Accounts": {"name": "name", "phone": "phone"},
    "Contacts": {"name": "lastName", "phone": "phone"},
    "WorkOrders": {"name": "subject", "phone": "description"},
}
"""Field of the local side → of the external one."""
REFERENCES = {
    "Accounts": {"parent": ("parent_ID", "Accounts")},
    "Contacts": {"account": ("account_ID", "Accounts")},
    "WorkOrders": {"account": ("account_ID", "Accounts"), "contact": ("contact_ID", "Contacts")},
}
"""Local lookup → the external one, and what it refers to."""
SENT: dict[str, dict[str, Any]] = {
    "Accounts": {"isActive": True},
    "Contacts": {},
    "WorkOrders": {"status": "Open", "priority": 1, "isBillable": True},
}
HERE: dict[str, dict[str, Any]] = {
    "Accounts": {"active": True},
    "Contacts": {},
    "WorkOrders": {"status": 0, "priority": 1, "billable": True},
}


@dataclass
class People:
    """Work on both sides at random, and remember what they did.

    Records whose number begins with K are kept: only those are referred to. So nobody deletes
    what the other side refers to meanwhile, which no database and no service would stop here.
    """

    house: Any
    chance: random.Random
    made: dict[str, set[str]] = field(default_factory=lambda: {e: set() for e in TABLES})
    """Entity → numbers of all records that were ever created."""
    deleted: set[str] = field(default_factory=set)
    last: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Number, field and side → the value that was written there last."""
    numbers: Any = field(default_factory=lambda: count(1))

    def work(self, times: int) -> None:
        """Do something so many times."""
        for _ in range(times):
            entity = self.chance.choice(list(TABLES))
            act = self.chance.choices(
                (self.create, self.change, self.refer, self.delete), (3, 6, 2, 1)
            )[0]
            act(entity, self.chance.choice(("external", "local")))

    def create(self, entity: str, side: str) -> None:
        number = f"{self.chance.choice('KKD')}{next(self.numbers)}"
        partner = self._any("Accounts", side, kept=True)
        if entity == "WorkOrders" and partner is None:
            return
        self.made[entity].add(number)
        value = self._value(number, "name", side)
        if side == "external":
            sent = {**SENT[entity], NUMBER[entity]: number, NAMES[entity]["name"]: value}
            if entity != "Accounts":
                sent["account_ID"] = partner
            self.house.service.post(entity, json=sent).raise_for_status()
            return
        row = {"id": str(uuid4()), "number": number, "name": value, **HERE[entity]}
        if entity != "Accounts":
            row["account"] = partner
        names, places = ", ".join(row), ", ".join("?" * len(row))
        self.house.local.rows(
            f"INSERT INTO {TABLES[entity]} ({names}) VALUES ({places})", *row.values()
        )

    def change(self, entity: str, side: str) -> None:
        if not (found := self._one(entity, side)):
            return
        key, number = found
        name = self.chance.choice(("name", "phone"))
        self._write(entity, side, key, name, self._value(number, name, side))

    def refer(self, entity: str, side: str) -> None:
        found = self._one(entity, side)
        name = self.chance.choice(list(REFERENCES[entity]))
        partner = self._any(REFERENCES[entity][name][1], side, kept=True)
        if found and partner:
            self._write(entity, side, found[0], name, partner)

    def delete(self, entity: str, side: str) -> None:
        key = self._any(entity, side, kept=False)
        if key is None:
            return
        (number,) = {n for k, n in self._listed(entity, side) if k == key}
        self.deleted.add(number)
        if side == "external":
            self.house.service.delete(f"{entity}({key})").raise_for_status()
        else:
            self.house.local.rows(f"DELETE FROM {TABLES[entity]} WHERE id = ?", key)

    def _write(self, entity: str, side: str, key: str, name: str, value: str) -> None:
        if side == "local":
            statement = f"UPDATE {TABLES[entity]} SET {name} = ? WHERE id = ?"
            self.house.local.rows(statement, value, key)
        else:
            theirs = NAMES[entity].get(name) or REFERENCES[entity][name][0]
            answer = self.house.service.patch(f"{entity}({key})", json={theirs: value})
            assert answer.status_code in (204, 404), answer.text

    def _value(self, number: str, name: str, side: str) -> str:
        """A value that nobody else writes."""
        value = f"{side[0]}{next(self.numbers)}"
        self.last[number, name, side] = value
        return value

    def _one(self, entity: str, side: str) -> tuple[str, str] | None:
        listed = self._listed(entity, side)
        return self.chance.choice(listed) if listed else None

    def _any(self, entity: str, side: str, *, kept: bool) -> str | None:
        keys = [k for k, number in self._listed(entity, side) if number.startswith("K") == kept]
        return self.chance.choice(keys) if keys else None

    def _listed(self, entity: str, side: str) -> list[tuple[str, str]]:
        if side == "local":
            query = f"SELECT id, number FROM {TABLES[entity]} ORDER BY number"
            return self.house.local.rows(query)
        number = NUMBER[entity]
        return self.house.external.rows(f'SELECT "ID", "{number}" FROM "{entity}" ORDER BY 2')


def sides(house: Any, entity: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The records of both sides, in the same terms: references by the number of the other."""
    references, fields = REFERENCES[entity], NAMES[entity]
    ours = ", ".join(
        ["r.number", *(f"r.{n}" for n in fields)]
        + [
            f"(SELECT p.number FROM {TABLES[to]} p WHERE p.id = r.{n})"
            for n, (_, to) in references.items()
        ]
    )
    theirs = ", ".join(
        [f'r."{NUMBER[entity]}"', *(f'r."{n}"' for n in fields.values())]
        + [
            f'(SELECT p."{NUMBER[to]}" FROM "{to}" p WHERE p."ID" = r."{n}")'
            for n, to in references.values()
        ]
    )
    local = house.local.rows(f"SELECT {ours} FROM {TABLES[entity]} r")
    external = house.external.rows(f'SELECT {theirs} FROM "{entity}" r')
    return sorted(external, key=str), sorted(local, key=str)


def everything(house: Any) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of both sides, the service's versions and times of change among them."""
    theirs = {e: house.external.rows(f'SELECT * FROM "{e}" ORDER BY "ID"') for e in TABLES}
    ours = {t: house.local.rows(f"SELECT * FROM {t} ORDER BY id") for t in TABLES.values()}
    return {**theirs, **ours}


def waiting(house: Any) -> list[tuple[Any, ...]]:
    """What is rejected, for whoever reads why a test failed."""
    queries = (
        "SELECT entity, side, record_id, error FROM integration_rejected WHERE status = 'waiting'",
        "SELECT * FROM integration_conflict WHERE status = 'open'",
        "SELECT * FROM integration_recheck",
    )
    return [row for query in queries for row in house.state.rows(query)]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="runs are killed by Linux means")
def test_killed_syncs_lose_nothing_and_make_nothing_twice(house):
    chance = random.Random(1)
    people = People(house, chance)
    lasted = [first_sync(house, people)]
    killed = 0
    while killed < KILLS:
        people.work(chance.randint(1, 12))
        ended = house.sync(kill_after=chance.uniform(0, 1.1 * max(lasted[-5:])))
        killed += ended.killed
        if not ended.killed or ended.seconds > max(lasted[-5:]):
            lasted.append(ended.seconds)
        if not ended.killed:
            assert ended.code in (0, 1), ended.said
        elif killed % EVERY == 0:
            check(house, people)
    check(house, people)


def first_sync(house: Any, people: People) -> float:
    for entity in TABLES:
        for _ in range(FIRST):
            people.create(entity, "external")
    assert house.sync().code == 0
    people.work(10)
    ended = house.sync()
    assert ended.code in (0, 1), ended.said
    return float(ended.seconds)


def check(house: Any, people: People) -> None:
    """One clean sync, and both sides agree; what needs a person's word gets it."""
    ended = house.sync()
    if ended.code == 1:
        decided = house.command("conflicts", "town", "take-external")
        assert decided.code == 0, decided.said
        ended = house.sync()
    assert ended.code == 0, "\n".join([ended.said, *map(str, waiting(house))])
    for entity in TABLES:
        external, local = sides(house, entity)
        assert external == local
        numbers = [row[0] for row in local]
        assert len(set(numbers)) == len(numbers), f"{entity} twice"
        assert people.made[entity] - people.deleted <= set(numbers) <= people.made[entity]
        for row in local:
            for name, value in zip(NAMES[entity], row[1:], strict=False):
                wrote = {people.last.get((row[0], name, side)) for side in ("external", "local")}
                assert row[0] in people.deleted or value in wrote, (entity, row, name)
    before = everything(house)
    again = house.command("sync", "town")
    assert again.code == 0, again.said
    assert everything(house) == before
    unanswered = "SELECT * FROM integration_transaction WHERE status IN ('sent', 'pending')"
    assert house.state.rows(unanswered) == []
    assert house.state.rows("SELECT holder FROM integration_lease") == [(None,)]
    ours = {t for t in house.local.tables() if not t.startswith(("integration_", "alembic_"))}
    assert ours == {*TABLES.values()}
