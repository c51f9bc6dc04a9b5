"""Signing in to Business Central: an application with its secret, or a person with a code."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.systems.cronus import CUSTOMERS, ERP, TERMS, Cronus
from tests.systems.office import Office, counted
from tests.systems.wire import Time

from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Application
from tandem.errors import AuthenticationError
from tandem.model.connection import Connection

APP = "11111111-2222-3333-4444-555555555555"
SECRET = "hush-hush"
SCOPE = f"https://{ERP}/.default"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def authority(time: Time) -> Authority:
    return Authority([Application(APP, secret=SECRET)], clock=time)


@pytest.fixture
def cronus(tmp_path: Path, time: Time, authority: Authority) -> Cronus:
    cronus = Cronus(tmp_path, time=time, authority=authority)
    there = cronus.company()
    for n in range(1, 4):
        there.create("customers", number=f"C{n}", displayName=f"Customer {n}")
    return cronus


def by_secret(cronus: Cronus, secret: str = SECRET) -> Connection:
    return cronus.connection(secret, auth="client_credentials", client_id=APP)


def by_code(cronus: Cronus) -> Connection:
    return cronus.connection(None, auth="device_code", client_id=APP)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said about codes to enter."""
    return [r.getMessage() for r in caplog.records if "devicelogin" in r.getMessage()]


def entering(authority: Authority) -> Callable[[float], None]:
    """Somebody who enters each code while we wait."""

    def wait(_: float) -> None:
        for code in authority.waiting:
            authority.complete(code)

    return wait


def silent(office: Office, authority: Authority) -> None:
    """A run in which nobody signs in."""
    asked = [a for a in authority.asked if "device" in a.grant]
    assert counted(office.sync()) == {}
    assert [a for a in authority.asked if "device" in a.grant] == asked


def test_an_application_signs_in_by_its_secret(cronus: Cronus, authority: Authority) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_secret(cronus))
    assert counted(office.sync()) == {"customers download": {"created": 3}}
    assert {asked.scope for asked in authority.asked} == {SCOPE}
    office.local.create("account", name="New", credit_limit=0)
    assert counted(office.sync())["customers upload"] == {"created": 1}
    assert counted(office.sync()) == {}


def test_a_wrong_secret_is_told_without_it(
    cronus: Cronus, caplog: pytest.LogCaptureFixture
) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_secret(cronus, "not-that-one"))
    with pytest.raises(AuthenticationError) as told:
        office.sync()
    assert "secret" in str(told.value).lower()
    assert "not-that-one" not in f"{told.value} {caplog.text}"
    assert not cronus.wire.writes


def test_a_token_that_ends_in_the_middle_of_a_run_is_replaced(
    cronus: Cronus, authority: Authority
) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_secret(cronus))
    office.sync()
    for n in range(150):
        office.local.create("account", name=f"New {n}", credit_limit=0)
    ended: set[str] = set()

    def end(request: httpx.Request) -> None:
        if request.method not in ended and str(request.url).endswith(("=id", "$batch")):
            ended.add(request.method)
            authority.expire_tokens()

    cronus.wire.before = end
    assert counted(office.sync())["customers upload"] == {"created": 150}
    assert ended == {"GET", "POST"}
    assert len(cronus.company().records("customers")) == 153
    assert counted(office.sync()) == {}


def test_a_person_enters_a_code_once(
    cronus: Cronus, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_code(cronus), sleep=entering(authority))
    assert counted(office.sync()) == {"customers download": {"created": 3}}
    (said,) = messages(caplog)
    assert "https://microsoft.com/devicelogin" in said
    caplog.clear()
    silent(office, authority)
    assert not messages(caplog)
    kept = (office.folder / "tandem.db").read_bytes()
    assert not any(secret.encode() in kept for secret in authority.secrets)


def test_a_person_need_not_come_back_when_tokens_end(
    cronus: Cronus, authority: Authority, time: Time
) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_code(cronus), sleep=entering(authority))
    office.sync()
    time.now += timedelta(hours=5)
    authority.expire_tokens()
    silent(office, authority)


def test_a_code_that_nobody_enters_stops_the_run(
    cronus: Cronus, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    def wait(seconds: float) -> None:
        time.now += timedelta(seconds=max(seconds, 60))

    office = cronus.office(TERMS, CUSTOMERS, connection=by_code(cronus), sleep=wait)
    with pytest.raises(AuthenticationError):
        office.sync()
    assert len(messages(caplog)) == 1


def test_consent_that_was_taken_back_is_asked_for_again(
    cronus: Cronus, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_code(cronus), sleep=entering(authority))
    office.sync()
    authority.revoke(APP)
    authority.expire_tokens()
    caplog.clear()
    assert counted(office.sync()) == {}
    assert len(messages(caplog)) == 1


def test_an_application_whose_consent_was_taken_back_says_so(
    cronus: Cronus, authority: Authority
) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_secret(cronus))
    office.sync()
    authority.revoke(APP)
    authority.expire_tokens()
    with pytest.raises(AuthenticationError):
        office.sync()
    authority.consent(APP)
    assert counted(office.sync()) == {}


def test_the_check_says_what_is_there_and_what_an_application_needs(
    cronus: Cronus, authority: Authority
) -> None:
    office = cronus.office(TERMS, CUSTOMERS, connection=by_secret(cronus))
    connector = office.connect(office.connection)
    said = connector.check()
    assert "CRONUS International Ltd." in said
    assert "comparing keys" in said
    connector.close()
    authority.revoke(APP)
    other = office.connect(office.connection)
    with pytest.raises(AuthenticationError, match=r"API\.ReadWrite\.All"):
        other.check()
    other.close()
