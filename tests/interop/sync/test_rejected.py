"""A record that does not fit the local side waits with its reason; the others arrive."""

from uuid import uuid4

import pytest

pytestmark = pytest.mark.interop

LONG = "Žluťoučký kůň s. r. o."


@pytest.fixture
def accounts(source, mine):
    """Three accounts of this test's own; gives their keys."""
    keys = [str(uuid4()) for _ in range(3)]
    for number, key in enumerate(keys):
        source.create("Accounts", ID=key, accountNumber=f"{mine}{number}", name="fits")
    return keys


@pytest.fixture
def run(tandem, local, mine):
    """Those accounts, into a table whose names have 20 characters at most."""
    guid = "UUID" if local.url.startswith("postgresql") else "GUID_TEXT"
    local.run(f"CREATE TABLE account (id {guid} PRIMARY KEY NOT NULL, name VARCHAR(20))")
    own = {"field": "accountNumber", "operator": "begins_with", "value": mine}
    fields = [{"external": "ID", "local": "id"}, {"external": "name", "local": "name"}]
    return tandem(local, Accounts={"download_filter": own, "fields": fields})


def names(run):
    return {row["id"]: row["name"] for row in run.local.rows("account")}


def test_record_that_does_not_fit_waits_until_it_does(run, source, accounts):
    bad = accounts[1]
    source.change("Accounts", bad, name=LONG)
    report = run.sync()
    assert report.status == "partial"
    assert report.results == "RESULTS: ALL (3) : IMPORTED (2); UPDATED (0); FAILED (1)"
    assert names(run) == dict.fromkeys((accounts[0], accounts[2]), "fits")
    assert run.rejected() == {bad: "field 'name': longer than 20"}
    assert bad not in {row["external_id"] for row in run.state("link")}

    source.change("Accounts", bad, name="short")
    report = run.sync()
    assert (report.status, report.counts.created) == ("success", 1)
    assert names(run)[bad] == "short"
    assert run.rejected() == {}
    assert run.sync().counts.unchanged == 3


def test_edit_that_does_not_fit_leaves_the_record_as_it_was(run, source, accounts):
    run.sync()
    source.change("Accounts", accounts[0], name=LONG)
    source.change("Accounts", accounts[1], name="edited")
    report = run.sync()
    assert (report.counts.updated, report.counts.failed) == (1, 1)
    assert names(run) == dict(zip(accounts, ["fits", "edited", "fits"], strict=True))


def test_edit_that_is_taken_back_waits_no_longer(run, source, accounts):
    run.sync()
    source.change("Accounts", accounts[0], name=LONG)
    run.sync()
    assert list(run.rejected()) == [accounts[0]]
    source.change("Accounts", accounts[0], name="fits")
    assert run.sync().status == "success"
    assert run.rejected() == {}


WIDER = (  # SQLite changes no types: the table is copied
    "CREATE TABLE wider (id GUID_TEXT PRIMARY KEY NOT NULL, name TEXT)",
    "INSERT INTO wider SELECT id, name FROM account",
    "DROP TABLE account",
    "ALTER TABLE wider RENAME TO account",
)


def test_wider_column_takes_it_in_the_next_full_sync(run, source, accounts):
    source.change("Accounts", accounts[1], name=LONG)
    run.sync()
    if run.local.url.startswith("sqlite"):
        for statement in WIDER:
            run.local.run(statement)
    else:
        run.local.run("ALTER TABLE account ALTER COLUMN name TYPE TEXT")
    assert run.sync(mode="full").status == "success"
    assert names(run)[accounts[1]] == LONG
    assert run.rejected() == {}


def test_each_misfit_says_which_field_it_is(tandem, postgresql, source, mine):
    postgresql.run(
        'CREATE TABLE "order" (id UUID PRIMARY KEY, amount NUMERIC(5, 2), pieces SMALLINT,'
        " rate NUMERIC(10, 6) NOT NULL)"
    )
    orders = [
        {"amount": "1000.00", "rate": "1"},
        {"amount": "999.99", "rate": "0.000001", "pieces": -5},
        {"amount": "0", "rate": None},
        {"pieces": 40_000, "rate": "1"},
    ]
    keys = [str(uuid4()) for _ in orders]
    for key, order in zip(keys, orders, strict=True):
        source.create("Orders", ID=key, orderNumber=f"{mine}{key[:4]}", **order)
    own = {"field": "orderNumber", "operator": "begins_with", "value": mine}
    run = tandem(postgresql, Accounts={}, Orders={"download_filter": own})
    assert run.sync().counts.failed == 3
    assert [row["guid"] for row in postgresql.rows("order")] == [keys[1]]
    reasons = run.rejected()
    assert "'amount'" in reasons[keys[0]]
    assert "'rate': must have a value" in reasons[keys[2]]
    assert "smallint out of range" in reasons[keys[3]]
