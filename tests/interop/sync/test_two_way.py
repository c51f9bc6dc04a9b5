"""Two-way syncs with CAP: what people do on either side arrives on the other, exactly."""

from datetime import date
from uuid import uuid4

import pytest

pytestmark = pytest.mark.interop

BOTH = {"direction": "bidirectional", "first_sync": "link_and_merge"}
ORDER = {
    "number": "1",
    "status": "done",
    "amount": "9999999999999.99",
    "rate": "123456789.123456",
    "quantity": "0.1",
    "serial": 9007199254740993,
    "pieces": -(2**31),
    "weight": -1.5e-300,
    "urgent": True,
    "dueDate": "2024-02-29",
    "startTime": "23:59:59",
    "promisedAt": "2024-02-29T23:59:59Z",
    "recordedAt": "2024-02-29T23:59:59.123Z",
    "note": "Žofie & 'Söhne' \"株式会社\"\n%20 \\ /",
}
"""A value of each type that CAP has; decimals of 15 digits: its SQLite keeps doubles."""
EXTREMES = {
    "amount": "-0.01",
    "rate": "0.000001",
    "quantity": "-12345.678",
    "serial": -(2**63),
    "pieces": 2**31 - 1,
    "weight": 0.1,
    "urgent": False,
    "dueDate": "9999-12-31",
    "startTime": "00:00:00",
    "promisedAt": "1970-01-01T00:00:00Z",
    "recordedAt": "2038-01-19T03:14:08.001Z",
    "note": "",
}


def changing(prefix, number, *, without=(), **more):
    """A mapping of only the records that this test makes; what CAP sets itself comes down only."""

    def mapping(known):
        down = ("createdAt", "modifiedAt", "modifiedBy")
        fields = [
            field | ({"direction": "download_only"} if field["external"] in down else {})
            for field in known["fields"]
        ]
        starts = {"operator": "begins_with", "value": prefix}
        return {
            **BOTH,
            "fields": fields,
            "primary_key": [number],
            "download_filter": {"field": number, **starts},
            **more,
        }

    return mapping


@pytest.fixture
def run(tandem, local, mine):
    """Accounts and orders of this test's own, both ways; orders get local ids of ours."""
    return two_way(tandem, local, mine)


@pytest.fixture
def here(tandem, sqlite, mine):
    """The same, with SQLite alone."""
    return two_way(tandem, sqlite, mine)


def two_way(tandem, local, prefix, **more):
    made = tandem(local, Accounts={}, Orders={})
    known = made.entities
    accounts = changing(prefix, "accountNumber", **more)(known["Accounts"])
    orders = changing(prefix, "orderNumber", **more)(known["Orders"])
    made.entities = {"Accounts": known["Accounts"] | accounts, "Orders": known["Orders"] | orders}
    return made


def insert(local, table, **values):
    """Put a row there as its own users would; its id."""
    id_ = str(uuid4())
    names = ", ".join(f'"{name}"' for name in values)
    texts = ", ".join(literal(value) for value in values.values())
    local.run(f'INSERT INTO "{table}" ("id", {names}) VALUES (\'{id_}\', {texts})')
    return id_


def change(local, table, id_, **values):
    changes = ", ".join(f'"{name}" = {literal(value)}' for name, value in values.items())
    local.run(f'UPDATE "{table}" SET {changes} WHERE "id" = \'{id_}\'')


def remove(local, table, id_):
    local.run(f'DELETE FROM "{table}" WHERE "id" = \'{id_}\'')


def literal(value):
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    return str(value) if isinstance(value, int | float) else "'" + value.replace("'", "''") + "'"


def theirs(source, entity, number, prefix):
    """CAP's records of this test, by what follows its prefix."""
    found = source.records(f"{entity}?$filter=startswith({number},'{prefix}')")
    return {record[number].removeprefix(prefix): record for record in found}


def ours(local, table, number, prefix):
    return {
        row[number].removeprefix(prefix): row
        for row in local.rows(table)
        if row[number].startswith(prefix)
    }


def accounts(run, source, prefix):
    return (
        theirs(source, "Accounts", "accountNumber", prefix),
        ours(run.local, "account", "accountNumber", prefix),
    )


def writes_nothing(run, source, *entities):
    """Whether a further sync, and a full one, leave everything as it is."""
    before = [source.records(entity) for entity in entities]
    reports = [run.sync(), run.sync(mode="full")]
    after = [source.records(entity) for entity in entities]
    written = [r.counts.created + r.counts.updated + r.counts.deleted for r in reports]
    return before == after and written == [0, 0] and {r.status for r in reports} == {"success"}


def test_records_made_here_are_made_there_with_their_lookups(run, source, mine):
    run.sync()
    parent = insert(run.local, "account", accountNumber=f"{mine}1", name="Parent")
    child = insert(run.local, "account", accountNumber=f"{mine}2", name="Child", parent=parent)
    change(run.local, "account", parent, parent=child)
    insert(run.local, "order", orderNumber=f"{mine}1", account=child)
    report = run.sync()
    assert (report.status, report.counts_of("upload").created) == ("success", 3)
    there, _ = accounts(run, source, mine)
    assert there["1"]["parent_ID"] == there["2"]["ID"]
    assert there["2"]["parent_ID"] == there["1"]["ID"]
    order = theirs(source, "Orders", "orderNumber", mine)["1"]
    assert order["account_ID"] == there["2"]["ID"]
    assert writes_nothing(run, source, "Accounts", "Orders")


@pytest.mark.parametrize("values", [ORDER, EXTREMES], ids=["some", "extremes"])
def test_values_of_every_type_travel_up_exactly_and_back(run, source, mine, values):
    run.sync()
    values = {name: value for name, value in values.items() if name != "number"}
    id_ = insert(run.local, "order", orderNumber=f"{mine}1", **values)
    assert run.sync().status == "success"
    order = theirs(source, "Orders", "orderNumber", mine)["1"]
    row = ours(run.local, "order", "orderNumber", mine)["1"]
    for name in values:
        assert (type(row[name]), row[name]) == (type(order[name]), order[name]), name
        if type(order[name]) in (int, str, date):
            assert str(order[name]) == str(values[name]), name
    sent = source.client.get(f"Orders({order['ID']})").json()
    source.change("Orders", order["ID"], **dict.fromkeys(values))
    run.sync()
    emptied = ours(run.local, "order", "orderNumber", mine)["1"]
    assert {emptied[name] for name in values} == {None}
    source.change("Orders", order["ID"], **{name: sent[name] for name in values})
    run.sync()
    again = ours(run.local, "order", "orderNumber", mine)["1"]
    assert again["id"] == id_
    assert {name: again[name] for name in values} == {name: row[name] for name in values}
    assert writes_nothing(run, source, "Orders")


def test_fields_that_are_emptied_here_are_emptied_there(here, source, mine):
    here.sync()
    values = {name: value for name, value in ORDER.items() if name != "number"}
    id_ = insert(here.local, "order", orderNumber=f"{mine}1", **values)
    here.sync()
    change(here.local, "order", id_, **dict.fromkeys(values))
    assert here.sync().status == "success", here.rejected()
    order = theirs(source, "Orders", "orderNumber", mine)["1"]
    assert {order[name] for name in values} == {None}
    assert writes_nothing(here, source, "Orders")


def test_edits_of_both_sides_merge(run, source, mine):
    key = str(uuid4())
    source.create("Accounts", ID=key, accountNumber=f"{mine}1", name="before")
    run.sync()
    _, rows = accounts(run, source, mine)
    change(run.local, "account", rows["1"]["id"], name="here")
    source.change("Accounts", key, address_city="Brno")
    run.sync()
    there, rows = accounts(run, source, mine)
    assert (there["1"]["name"], there["1"]["address_city"]) == ("here", "Brno")
    assert (rows["1"]["name"], rows["1"]["address_city"]) == ("here", "Brno")
    assert rows["1"]["modifiedAt"] == there["1"]["modifiedAt"]
    assert writes_nothing(run, source, "Accounts")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("external_wins", "there there"), ("local_wins", "here here"), ("review", "there here")],
)
def test_policy_decides_conflicts(tandem, sqlite, source, mine, policy, expected):
    run = two_way(tandem, sqlite, mine, on_conflict=policy)
    key = str(uuid4())
    source.create("Accounts", ID=key, accountNumber=f"{mine}1", name="before")
    run.sync()
    source.change("Accounts", key, name="there")
    _, rows = accounts(run, source, mine)
    change(run.local, "account", rows["1"]["id"], name="here")
    run.sync()
    there, rows = accounts(run, source, mine)
    assert f"{there['1']['name']} {rows['1']['name']}" == expected
    assert len(run.state("conflict")) == 1


def test_record_that_changes_between_plan_and_write_is_planned_again(here, source, mine):
    key = str(uuid4())
    source.create("Accounts", ID=key, accountNumber=f"{mine}1", name="before")
    here.sync()
    _, rows = accounts(here, source, mine)
    change(here.local, "account", rows["1"]["id"], name="here")
    left = [lambda: source.change("Accounts", key, address_city="Brno")]

    def meanwhile(request):
        reads = b'"method":"GET"' in request.read() or b"\r\nGET " in request.content
        if request.method != "GET" and not reads and left:
            left.pop()()

    here.wire.before = meanwhile
    assert here.sync().status == "success"
    there, rows = accounts(here, source, mine)
    for record in (there["1"], rows["1"]):
        assert (record["name"], record["address_city"]) == ("here", "Brno")


def test_deletions_travel_both_ways(run, source, mine):
    keys = [str(uuid4()) for _ in range(4)]
    for number, key in enumerate(keys):
        source.create("Accounts", ID=key, accountNumber=f"{mine}{number}", name="x")
    run.sync()
    _, rows = accounts(run, source, mine)
    remove(run.local, "account", rows["0"]["id"])
    source.delete("Accounts", keys[1])
    report = run.sync()
    assert (report.status, report.counts.deleted) == ("success", 2)
    there, rows = accounts(run, source, mine)
    assert set(there) == set(rows) == {"2", "3"}
    assert writes_nothing(run, source, "Accounts")


def test_record_made_again_under_its_number_takes_the_place_of_the_old(run, source, mine):
    key = str(uuid4())
    source.create("Accounts", ID=key, accountNumber=f"{mine}1", name="old")
    source.create("Accounts", ID=str(uuid4()), accountNumber=f"{mine}2", name="other")
    run.sync()
    source.delete("Accounts", key)
    source.create("Accounts", ID=str(uuid4()), accountNumber=f"{mine}1", name="new")
    run.sync()
    there, rows = accounts(run, source, mine)
    assert rows["1"]["name"] == there["1"]["name"] == "new"
    assert len(rows) == len(there) == 2
    assert writes_nothing(run, source, "Accounts")


def test_values_that_cap_refuses_are_rejected_with_its_reason_and_stop_nobody(here, source, mine):
    here.sync()
    insert(here.local, "account", accountNumber=f"{mine}1", name="good")
    insert(here.local, "account", accountNumber=f"{mine}2", name="x" * 161)
    insert(here.local, "account", accountNumber=f"{mine}3", name=None)
    report = here.sync()
    assert (report.status, report.counts.failed) == ("partial", 2)
    there, _ = accounts(here, source, mine)
    assert list(there) == ["1"]
    assert len(here.rejected()) == 2


def test_refusals_that_only_cap_knows_of_carry_its_message(here, source, mine):
    """Two accounts get one key: CAP has the one that came first."""
    here.sync()
    key = str(uuid4())
    source.create("Accounts", ID=key, accountNumber="elsewhere", name="in the way")
    try:
        good = insert(here.local, "account", accountNumber=f"{mine}1", name="good")
        here.local.run(
            f'INSERT INTO "account" ("id", "accountNumber", "name")'
            f" VALUES ('{key}', '{mine}2', 'taken')"
        )
        here.sync()
        there, _ = accounts(here, source, mine)
        assert there["1"]["ID"] == good
        (record,) = [r for r in source.records("Accounts") if r["ID"] == key]
        assert record["name"] == "in the way"
    finally:
        source.delete("Accounts", key)
