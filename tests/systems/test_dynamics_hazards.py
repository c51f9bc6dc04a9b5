"""What goes wrong with Dataverse on a working day, and that nothing is lost or doubled by it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.systems.contoso import ACCOUNTS, CRM, Contoso, failing, is_write
from tests.systems.office import Office, counted

from tandem.connectors.base import Query
from tandem.connectors.dynamics.connector import DynamicsConnector
from tandem.connectors.odata.connector import ODataConnector
from tandem.demo.authority.authority import TENANT, Authority
from tandem.demo.authority.grants import Application
from tandem.demo.dynamics.control import Limit
from tandem.demo.dynamics.organization import ROOT
from tandem.errors import AuthenticationError, Unreachable
from tandem.model.connection import Connection

APP = "11111111-2222-3333-4444-555555555555"
SECRET = "hush-hush"


@pytest.fixture
def contoso(tmp_path: Path) -> Contoso:
    return Contoso(tmp_path)


def begun(contoso: Contoso, connection: Connection | None = None) -> Office:
    for n in range(1, 4):
        contoso.create("accounts", accountnumber=f"A{n}", name=f"Account {n}")
    office = contoso.office(ACCOUNTS, connection=connection)
    assert counted(office.sync()) == {"accounts download": {"created": 3}}
    return office


def settled(contoso: Contoso, office: Office) -> None:
    """One more sync writes nothing, and both sides have the same accounts."""
    contoso.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert counted(office.sync(mode="full")) == {}
    assert not contoso.wire.writes
    rows = sorted(
        (r["number"], r["name"], r["city"]) for r in office.local.rows("account").values()
    )
    found = contoso.records("accounts").values()
    assert rows == sorted((r["accountnumber"], r["name"], r["address1_city"]) for r in found)


def edited(contoso: Contoso, office: Office) -> None:
    """Something to do both ways."""
    theirs = contoso.records("accounts", by="accountnumber")["A1"]["accountid"]
    contoso.change("accounts", theirs, address1_city="Praha")
    for n in range(10):
        office.local.create("account", number=f"B{n}", name=f"New {n}")


BOTH = {"accounts download": {"updated": 1}, "accounts upload": {"created": 10}}


@pytest.mark.parametrize("limit", list(Limit))
def test_a_throttled_reading_waits_as_long_as_it_is_told(contoso: Contoso, limit: Limit) -> None:
    office = begun(contoso)
    edited(contoso, office)
    contoso.control.throttle(2, limit=limit, retry_after=17)
    assert counted(office.sync()) == BOTH
    assert [int(seconds) for seconds in contoso.waits] == [17, 17]
    settled(contoso, office)


def test_a_throttled_writing_waits_as_long_as_it_is_told(contoso: Contoso) -> None:
    office = begun(contoso)
    edited(contoso, office)

    def busy() -> httpx.Response:
        error = {"code": "0x80072322", "message": "Number of requests exceeded the limit"}
        return httpx.Response(429, headers={"Retry-After": "23"}, json={"error": error})

    contoso.wire.before = failing(2, busy, is_write)
    assert counted(office.sync()) == BOTH
    assert [int(seconds) for seconds in contoso.waits] == [23, 23]
    settled(contoso, office)


def test_a_create_whose_answer_is_lost_is_not_repeated_blindly(contoso: Contoso) -> None:
    office = begun(contoso)
    office.local.create("account", number="B1", name="New")
    contoso.wire.after = failing(1, lambda: httpx.ReadError("gone"), is_write)
    office.sync()
    office.sync()
    assert len(contoso.records("accounts")) == 4
    settled(contoso, office)


def test_an_update_whose_answer_is_lost_is_no_conflict(contoso: Contoso) -> None:
    office = begun(contoso)
    row = next(r for r in office.local.rows("account").values() if r["number"] == "A1")
    office.local.change("account", row["id"], city="Praha")
    contoso.wire.after = failing(1, lambda: httpx.ReadError("gone"), is_write)
    office.sync()
    office.sync()
    assert office.state("conflict") == []
    settled(contoso, office)


def test_many_new_records_travel_together(contoso: Contoso) -> None:
    office = begun(contoso)
    for n in range(1_200):
        office.local.create("account", number=f"B{n}", name=f"New {n}")
    contoso.wire.asked.clear()
    assert counted(office.sync()) == {"accounts upload": {"created": 1_200}}
    assert 2 <= len(contoso.wire.writes) <= 4
    settled(contoso, office)


def test_a_bulk_operation_whose_answer_is_lost_makes_no_record_twice(contoso: Contoso) -> None:
    office = begun(contoso)
    for n in range(50):
        office.local.create("account", number=f"B{n}", name=f"New {n}")
    contoso.wire.after = failing(1, lambda: httpx.ReadError("gone"), is_write)
    office.sync()
    office.sync()
    assert len(contoso.records("accounts")) == 53
    settled(contoso, office)


def test_one_record_that_is_refused_does_not_stop_the_others(contoso: Contoso) -> None:
    """An alternate key is one whatever its case, and so is taken: a rejected record (412 with a
    code), no conflict.
    """
    office = begun(contoso)
    office.local.create("account", number="a1", name="Another")
    for n in range(40):
        office.local.create("account", number=f"B{n}", name=f"New {n}")
    report = office.sync()
    assert report.status == "partial"
    assert counted(report) == {"accounts upload": {"created": 40, "failed": 1}}
    (rejected,) = office.state("rejected")
    assert "accountnumber" in rejected["error"]
    assert office.state("conflict") == []
    assert len(contoso.records("accounts")) == 43


def test_changes_that_the_user_may_not_read_are_told_clearly(contoso: Contoso) -> None:
    office = begun(contoso)
    contoso.control.take_privilege("account")
    report = office.sync()
    assert report.status == "failed"
    assert "organization-level read privilege" in str(report)
    assert len(office.local.rows("account")) == 3
    contoso.control.take_privilege()
    settled(contoso, office)


def reader(contoso: Contoso) -> tuple[DynamicsConnector, Query]:
    for start in range(0, 5_200, 1_300):
        kind = {"@odata.type": "Microsoft.Dynamics.CRM.account"}
        targets = [{**kind, "name": f"Account {start + n}"} for n in range(1_300)]
        action = "accounts/Microsoft.Dynamics.CRM.CreateMultiple"
        contoso.client.post(action, json={"Targets": targets}).raise_for_status()
    connector = DynamicsConnector(contoso.connection(), contoso.wire, contoso.waits.append)
    entity = connector.schema().entity("accounts")
    return connector, Query(entity, ("accountid", "name"), datetime.now(UTC))


def test_more_records_than_are_counted_are_read_to_the_last(tmp_path: Path) -> None:
    connector, query = reader(Contoso(tmp_path, page_size=2_000))
    pages = [page.records for page in connector.read(query)]
    assert sum(map(len, pages)) == 5_200
    assert len({key for page in pages for key in page.column("accountid").to_pylist()}) == 5_200


def test_a_long_listing_that_is_cut_short_is_an_error(tmp_path: Path) -> None:
    contoso = Contoso(tmp_path, page_size=2_000)
    connector, query = reader(contoso)

    def cut(request: httpx.Request) -> httpx.Response | None:
        link = b"skiptoken" in request.url.query
        return httpx.Response(200, json={"value": []}) if link else None

    contoso.wire.before = cut
    with pytest.raises(Unreachable, match="2000 of 5000"):
        list(connector.read(query))


def test_plain_odata_reads_and_writes_it_too(contoso: Contoso) -> None:
    known = Connection(
        id="there",
        conn_type="odata",
        host=f"https://{CRM}{ROOT}",
        password="token",
        extra={"auth": "bearer"},
    )
    office = begun(contoso)
    office.connection = known
    office.connect = lambda c: ODataConnector(c, contoso.wire, contoso.waits.append, lambda: 0.5)
    edited(contoso, office)
    assert counted(office.sync()) == BOTH
    settled(contoso, office)


@pytest.fixture
def authority() -> Authority:
    return Authority([Application(APP, secret=SECRET)])


@pytest.fixture
def guarded(tmp_path: Path, authority: Authority) -> Contoso:
    return Contoso(tmp_path, authority=authority)


def by_secret(contoso: Contoso, secret: str = SECRET) -> Connection:
    return contoso.connection(secret, tenant=TENANT, client_id=APP)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if "devicelogin" in r.getMessage()]


def test_a_token_that_expires_in_the_middle_is_renewed(
    guarded: Contoso, authority: Authority
) -> None:
    office = begun(guarded, by_secret(guarded))
    edited(guarded, office)

    def expire(_: httpx.Request) -> None:
        if len(guarded.wire.asked) == 3:
            authority.expire_tokens()

    guarded.wire.asked.clear()
    guarded.wire.before = expire
    assert counted(office.sync()) == BOTH
    settled(guarded, office)


def test_a_wrong_secret_is_told_without_it(guarded: Contoso) -> None:
    office = guarded.office(ACCOUNTS, connection=by_secret(guarded, "not-the-secret"))
    with pytest.raises(AuthenticationError) as told:
        office.sync()
    assert "not-the-secret" not in str(told.value)


def test_consent_that_was_revoked_stops_the_run_and_deletes_nothing(
    guarded: Contoso, authority: Authority
) -> None:
    office = begun(guarded, by_secret(guarded))
    authority.revoke(APP)
    authority.expire_tokens()
    with pytest.raises(AuthenticationError):
        office.sync()
    assert len(office.local.rows("account")) == 3
    authority.consent(APP)
    settled(guarded, office)


def test_a_person_signs_in_by_a_code_once(
    guarded: Contoso, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    guarded.waits = Entering(authority.complete, lambda: authority.waiting)
    office = begun(guarded, guarded.connection(None, tenant=TENANT, client_id=APP))
    assert len(messages(caplog)) == 1
    caplog.clear()
    settled(guarded, office)
    assert messages(caplog) == []
    kept = (guarded.folder / "tandem.db").read_bytes()
    assert [secret for secret in authority.secrets if secret.encode() in kept] == []


class Entering(list[float]):
    """Somebody who enters each code while we wait."""

    def __init__(
        self, complete: Callable[[str], bool], waiting: Callable[[], tuple[str, ...]]
    ) -> None:
        super().__init__()
        self._complete, self._waiting = complete, waiting

    def append(self, seconds: float) -> None:
        super().append(seconds)
        for code in self._waiting():
            self._complete(code)
