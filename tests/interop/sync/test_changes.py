"""What others change in CAP arrives with the next sync, and nothing else is written."""

from uuid import uuid4

import httpx
import pytest

from tandem.connectors.http import VerbatimUrl

pytestmark = pytest.mark.interop


def of(prefix, number="accountNumber"):
    """Only the records that this test makes."""
    return {"download_filter": {"field": number, "operator": "begins_with", "value": prefix}}


def counted(report):
    return {
        entity.entity: (entity.counts.created, entity.counts.updated)
        for entity in report.entities
        if entity.counts.created or entity.counts.updated
    }


def test_edits_and_new_records_come_and_only_they(tandem, local, source, mine):
    account, order, untouched = (str(uuid4()) for _ in range(3))
    source.create("Accounts", ID=account, accountNumber=f"{mine}1", name="Ada's")
    for key, number in ((order, "1"), (untouched, "2")):
        source.create("Orders", ID=key, orderNumber=mine + number, urgent=True, amount="1.10")
    run = tandem(local)
    run.sync()

    child, new_order = str(uuid4()), str(uuid4())
    source.create(
        "Accounts", ID=child, accountNumber=f"{mine}2", name="株式会社", parent_ID=account
    )
    source.change("Accounts", account, name="Ada/Žofie & 'Söhne'", address_city=None)
    source.create("Orders", ID=new_order, orderNumber=f"{mine}3", account_ID=child)
    source.change(
        "Orders",
        order,
        account_ID=account,
        amount="9999999999999.99",
        rate=None,
        serial="-9223372036854775808",
        weight=-1.5e-300,
        urgent=None,
        dueDate="2024-02-29",
        startTime="23:59:59",
        promisedAt="2024-02-29T23:59:59+05:30",
        recordedAt="2024-02-29T23:59:59.123-02:00",
        note="",
    )
    source.create("OrderLines", order_ID=new_order, position=1, price="0.07")
    report = run.sync()
    assert counted(report) == {"Accounts": (1, 1), "Orders": (1, 1), "OrderLines": (1, 0)}
    assert run.differences(source) == []
    assert counted(run.sync()) == {}


def test_emptied_fields_are_emptied_here(tandem, sqlite, source, mine):
    order = str(uuid4())
    source.create(
        "Orders", ID=order, orderNumber=f"{mine}1", amount="12.30", note="x", urgent=False,
        account_ID="a0000000-0000-4000-8000-000000000003",
    )  # fmt: skip
    run = tandem(sqlite, Accounts={}, Orders=of(mine, "orderNumber"))
    run.sync()
    source.change("Orders", order, amount=None, note=None, urgent=None, account_ID=None)
    assert counted(run.sync()) == {"Orders": (0, 1)}
    (row,) = sqlite.rows("order")
    assert [row[name] for name in ("amount", "note", "urgent", "account")] == [None] * 4


def test_anchor_is_the_latest_change_to_the_millisecond(tandem, sqlite, source, mine):
    run = tandem(sqlite, Accounts=of(mine))
    for number in range(3):
        source.create("Accounts", ID=str(uuid4()), accountNumber=f"{mine}{number}", name="x")
        run.sync()
        latest = source.records("Accounts?$orderby=modifiedAt desc&$top=1")[0]["modifiedAt"]
        assert run.anchors() == {"Accounts": latest}
    assert run.sync().counts.all == 3


def test_records_of_one_instant_all_come(tandem, sqlite, source, mine):
    run = tandem(sqlite, Accounts=of(mine) | {"overlap": "PT0S"})
    run.sync()
    accounts = [
        {"ID": str(uuid4()), "accountNumber": f"{mine}{number}", "name": "x"} for number in range(5)
    ]
    source.create_together("Accounts", accounts)
    assert run.sync().counts.created == 5
    assert len({row["modifiedAt"] for row in sqlite.rows("account")}) == 1
    assert run.sync().counts.unchanged == 5


def test_thousands_of_one_instant_are_read_again_rather_than_lost(tandem, sqlite):
    run = tandem(sqlite, Accounts={"version_number": "createdAt", "overlap": "PT0S"})
    first = run.sync().counts
    assert first.created >= 2500
    assert run.sync().counts.created == 0
    assert len(sqlite.rows("account")) == first.created


@pytest.mark.parametrize("overlap", ["PT0S", "PT10M"])
def test_record_committed_late_at_the_very_anchor_comes_next_time(
    tandem, sqlite, source, mine, overlap
):
    early, late = str(uuid4()), str(uuid4())
    source.create_together(
        "Accounts",
        [{"ID": key, "accountNumber": f"{mine}{key}"[:20], "name": "x"} for key in (early, late)],
    )
    run = tandem(sqlite, Accounts=of(mine) | {"overlap": overlap})
    run.wire.before = hiding(late)
    assert run.sync().counts.created == 1
    run.wire.before = lambda request: None
    assert run.sync().counts.created == 1
    assert {row["id"] for row in sqlite.rows("account")} == {early, late}


def hiding(key):
    """CAP as it is for those who read before that record was committed."""

    def without(request: httpx.Request) -> None:
        hidden = str(request.url).replace("$filter=", f"$filter=ID%20ne%20{key}%20and%20")
        request.url = VerbatimUrl(hidden)

    return without


def test_full_sync_reads_everything_and_writes_nothing_new(tandem, sqlite, source):
    run = tandem(sqlite, Accounts={})
    made = run.sync().counts.created
    anchor = run.anchors()
    report = run.sync(mode="full")
    assert (report.entities[0].mode, report.counts.unchanged) == ("full", made)
    assert report.counts.all == made
    assert run.anchors() == anchor


def test_import_moves_no_anchor(tandem, sqlite, source, mine):
    run = tandem(sqlite, Accounts=of(mine))
    account = str(uuid4())
    source.create("Accounts", ID=account, accountNumber=f"{mine}1", name="before")
    run.sync()
    anchor = run.anchors()
    source.change("Accounts", account, name="after")
    assert run.sync(kind="import").counts.updated == 1
    assert run.anchors() == anchor
    report = run.sync()
    assert (report.entities[0].mode, report.counts.unchanged) == ("incremental", 1)
    assert run.anchors()["Accounts"] > anchor["Accounts"]


def test_sync_after_an_import_reads_everything_and_recognises_it(tandem, sqlite, source):
    run = tandem(sqlite, Accounts={})
    made = run.sync(kind="import").counts.created
    assert run.anchors() == {}
    report = run.sync()
    assert report.entities[0].mode == "full"
    assert report.counts.unchanged == report.counts.all == made
    assert run.differences(source) == []


def test_changed_mapping_is_read_from_the_beginning(tandem, local, source):
    run = tandem(local, Accounts={})
    fields = run.entities["Accounts"]["fields"]
    run.entities["Accounts"]["fields"] = [f for f in fields if f["local"] != "address_city"]
    made = run.sync().counts.created
    assert run.sync().entities[0].mode == "incremental"
    run.entities["Accounts"]["fields"] = fields
    report = run.sync()
    assert (report.entities[0].mode, report.counts.updated) == ("full", made)
    assert run.differences(source) == []


def test_lookup_waits_for_its_partner(tandem, local, source, mine):
    order, account = str(uuid4()), str(uuid4())
    source.create("Orders", ID=order, orderNumber=f"{mine}1", account_ID=account)
    run = tandem(local, Accounts=of(mine), Orders=of(mine, "orderNumber"))
    assert run.sync().counts.deferred == 1
    assert [row["account"] for row in local.rows("order")] == [None]
    source.create("Accounts", ID=account, accountNumber=f"{mine}1", name="late")
    assert run.sync().completed_lookups == 1
    assert [row["account"] for row in local.rows("order")] == [account]


def test_record_that_needs_its_partner_is_asked_for_again(tandem, local, source, mine):
    guid = "UUID" if local.url.startswith("postgresql") else "GUID_TEXT"
    local.run(f'CREATE TABLE "order" (id {guid} PRIMARY KEY NOT NULL, account {guid} NOT NULL)')
    early, late, there, missing = (str(uuid4()) for _ in range(4))
    source.create("Accounts", ID=there, accountNumber=f"{mine}1", name="there")
    source.create("Orders", ID=early, orderNumber=f"{mine}1", account_ID=missing)
    source.create("Orders", ID=late, orderNumber=f"{mine}2", account_ID=there)
    orders = of(mine, "orderNumber") | {"overlap": "PT0S"}
    run = tandem(local, Accounts=of(mine), Orders=orders)
    assert (run.sync().counts.failed, list(run.rejected())) == (1, [early])
    source.create("Accounts", ID=missing, accountNumber=f"{mine}2", name="late")
    assert run.sync().status == "success"
    assert {row["guid"]: row["account"] for row in local.rows("order")} == {
        early: missing,
        late: there,
    }
    assert run.rejected() == {}


def test_lookup_that_is_cleared_while_it_waits_stays_empty(tandem, sqlite, source, mine):
    order, account = str(uuid4()), str(uuid4())
    source.create("Orders", ID=order, orderNumber=f"{mine}1", account_ID=account)
    run = tandem(sqlite, Accounts=of(mine), Orders=of(mine, "orderNumber"))
    run.sync()
    source.change("Orders", order, account_ID=None)
    source.create("Accounts", ID=account, accountNumber=f"{mine}1", name="late")
    run.sync()
    assert [row["account"] for row in sqlite.rows("order")] == [None]
