"""People who sign in by device code, at the simulated authority, with the real MSAL."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.simulated import simulated

from tandem.connectors.auth.in_memory import InMemorySignIns
from tandem.connectors.base import Connector
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.registry import open_connector
from tandem.connectors.sign_in import SignsIn
from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Application
from tandem.demo.authority.service import HOST, create_app
from tandem.errors import AuthenticationError, ConfigurationError, Unreachable
from tandem.model.connection import Connection
from tandem.state.sign_in_key import SignInKey
from tandem.state.sign_ins import SqlSignIns

SERVICE = "org.crm4.dynamics.com"
ADELE = "adele@contoso.example"
BOB = "bob@contoso.example"


SCOPE = f"https://{SERVICE}/.default"
NAME_UNTIL_SCOPES = f"app at https://{HOST}/organizations for https://{SERVICE}"
NAME = f"{NAME_UNTIL_SCOPES} ({SCOPE})"


class Site:
    """A service, its authority, the state database of several processes, and a clock that only
    sleeping moves.
    """

    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.folder = folder
        self.slept: list[float] = []
        self.authority = Authority([Application("app")], clock=lambda: self.now)
        self.challenge = ""

    def sign_ins(self) -> SqlSignIns:
        """Of another process."""
        key = SignInKey("", self.folder / "tandem.key")
        return SqlSignIns(lambda: f"sqlite:///{self.folder}/state.db", key, lambda: self.now)

    def process(
        self,
        meanwhile: Callable[[], object] | None = None,
        login: str | None = None,
        **extra: str,
    ) -> ODataConnector:
        """A connector in a process of its own; `meanwhile`: what happens while it waits."""

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.now += timedelta(seconds=seconds)
            if meanwhile:
                meanwhile()

        connection = Connection(
            id="crm",
            conn_type="odata",
            host=f"https://{SERVICE}/api/data/v9.2/",
            login=login,
            extra={"auth": "device_code", "client_id": "app", **extra},
        )
        hosts = {HOST: create_app(self.authority), SERVICE: httpx.MockTransport(self._answer)}
        connector = ODataConnector(connection, simulated(hosts), sleep, lambda: 0.0)
        connector.sign_in_with(self.sign_ins())
        return connector

    def enter_code(self, user: str = ADELE) -> None:
        """Somebody enters whatever code waits."""
        for code in self.authority.waiting:
            self.authority.complete(code, user)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if self.challenge:
            says, self.challenge = self.challenge, ""
            return httpx.Response(401, headers={"WWW-Authenticate": says})
        if not self.authority.accepts(token):
            return httpx.Response(401)
        return httpx.Response(200, json={"value": []})


class SlowToKeep(InMemorySignIns):
    """Tokens that are given to it become visible later."""

    slow = False
    _late: tuple[str, str] | None = None

    def keep_tokens(self, name: str, cache: str) -> None:
        if self.slow:
            self._late = name, cache
        else:
            super().keep_tokens(name, cache)

    def keep_now(self) -> None:
        if self._late:
            super().keep_tokens(*self._late)


class Failing(InMemorySignIns):
    """A database that cannot be reached for a while."""

    fails = 0
    kept = 0

    def keep_tokens(self, name: str, cache: str) -> None:
        if self.fails:
            self.fails -= 1
            raise Unreachable("The state database cannot be reached.")
        self.kept += 1
        super().keep_tokens(name, cache)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def grants(site: Site) -> list[str]:
    """What was asked of the authority, without the questions whether the code was entered."""
    return [a.grant for a in site.authority.asked if not a.grant.startswith("urn:")]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_run_waits_until_somebody_has_entered_the_code(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[str] = []

    def enter_after_a_minute() -> None:
        codes[:] = codes or site.authority.waiting
        if sum(site.slept) >= 60:
            site.enter_code()

    site.process(enter_after_a_minute).check()

    assert site.slept == [5] * 12
    (said,) = warnings(caplog)
    assert "Connection 'crm' waits until " in said
    assert f"Go to https://microsoft.com/devicelogin and enter the code {codes[0]}." in said


def test_the_scope_is_all_that_the_application_was_registered_with(site: Site) -> None:
    site.process(site.enter_code).check()
    asked = site.authority.asked[0].scope.split()
    assert f"https://{SERVICE}/.default" in asked
    assert {"offline_access", "openid", "profile"} <= {*asked}


def test_a_scope_of_the_users_own_may_name_what_msal_adds_itself(site: Site) -> None:
    mine = f"https://{SERVICE}/user_impersonation"
    site.process(site.enter_code, scope=f"{mine} offline_access").check()
    assert mine in site.authority.asked[0].scope.split()


def test_the_tokens_are_there_for_the_next_run(site: Site) -> None:
    site.process(site.enter_code).check()
    site.process().check()
    assert grants(site) == ["device_code"]


def test_tokens_that_expired_meanwhile_are_refreshed(site: Site) -> None:
    crm = site.process(site.enter_code)
    crm.check()
    site.authority.expire_tokens()
    crm.check()
    assert grants(site) == ["device_code", "refresh_token"]


def test_a_refreshed_token_is_kept_at_once(site: Site) -> None:
    crm = site.process(site.enter_code)
    crm.check()
    site.authority.expire_tokens()
    crm.check()
    site.process().check()
    assert grants(site) == ["device_code", "refresh_token"]


def test_claims_that_the_system_wants_are_part_of_the_refresh(site: Site) -> None:
    crm = site.process(site.enter_code)
    crm.check()
    site.challenge = 'Bearer error="insufficient_claims", claims="eyJhIjogMX0="'
    crm.check()
    assert site.authority.asked[-1].grant == "refresh_token"
    assert site.authority.asked[-1].claims == '{"a": 1}'


def test_one_code_is_for_all_who_wait(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A second process joins while the first one waits, and is told the same."""
    second = site.process()

    def join_then_enter() -> None:
        waits = second.begin_sign_in()
        assert waits
        assert site.authority.waiting[0] in waits.message
        site.enter_code()

    site.process(join_then_enter).check()
    second.check()
    assert grants(site) == ["device_code"]


def test_a_process_that_waits_finds_what_another_one_fetched(site: Site) -> None:
    other = site.process()

    def other_is_quicker() -> None:
        site.enter_code()
        assert other.begin_sign_in() is None

    site.process(other_is_quicker).check()
    assert grants(site) == ["device_code"]


def test_a_code_that_another_one_has_redeemed_is_no_failure(site: Site) -> None:
    """It fetched the tokens, but had not kept them yet when we asked."""
    other, kept = site.process(), SlowToKeep()
    other.sign_in_with(kept)
    crm = site.process(kept.keep_now)
    crm.sign_in_with(kept)

    waits = crm.begin_sign_in()
    assert waits
    site.enter_code()
    kept.slow = True
    assert other.begin_sign_in() is None  # its tokens are on their way
    crm.check()

    assert grants(site) == ["device_code"]
    assert site.slept == [5]


def test_a_sign_in_begun_in_one_process_is_finished_by_another(site: Site) -> None:
    waits = site.process().begin_sign_in()
    assert waits
    site.enter_code()
    site.process().check()
    assert site.slept == []
    assert grants(site) == ["device_code"]
    assert site.sign_ins().waiting() == []


def test_a_test_of_the_connection_does_not_wait(site: Site) -> None:
    crm = site.process()
    first, again = crm.begin_sign_in(), crm.begin_sign_in()
    assert first is not None
    assert again == first
    site.enter_code()
    assert crm.begin_sign_in() is None
    assert site.slept == []
    crm.check()


def test_too_many_questions_make_us_slower(site: Site) -> None:
    site.authority.slow_down(2)
    done = iter([None, None, site.enter_code])

    def enter_third() -> None:
        act = next(done, None)
        if act:
            act()

    site.process(enter_third).check()
    assert site.slept == [5, 10, 15]


def test_whoever_declines_ends_it(site: Site) -> None:
    def decline() -> None:
        for code in site.authority.waiting:
            site.authority.decline(code)

    with pytest.raises(AuthenticationError, match=r"crm.*declined to sign in.*tandem check"):
        site.process(decline).check()
    assert site.sign_ins().waiting() == []
    site.process(site.enter_code).check()


def test_a_code_that_nobody_enters_expires(site: Site) -> None:
    with pytest.raises(AuthenticationError, match=r"Nobody entered.*'crm'.*Run tandem check"):
        site.process().check()
    assert sum(site.slept) >= 900
    site.now += timedelta(minutes=15)
    site.process(site.enter_code).check()
    assert grants(site) == ["device_code"] * 2


def test_nobody_waits_again_where_somebody_has_just_waited_in_vain(site: Site) -> None:
    crm = site.process()
    for process in (crm, crm, site.process()):
        with pytest.raises(AuthenticationError, match=r"Nobody entered the code"):
            process.check()
    assert sum(site.slept) == 900
    assert grants(site) == ["device_code"]


def test_whoever_asks_for_a_code_gets_one_although_nobody_came_before(site: Site) -> None:
    with pytest.raises(AuthenticationError):
        site.process().check()
    assert site.process().begin_sign_in()
    site.process(site.enter_code).check()
    assert grants(site) == ["device_code"] * 2


@pytest.mark.parametrize("challenge", ["", 'Bearer claims="eyJhIjogMX0="'])
def test_whoever_signed_in_last_is_the_one_who_counts(site: Site, challenge: str) -> None:
    site.process(site.enter_code).check()
    site.authority.forget_refresh_tokens()
    if not challenge:
        site.authority.expire_tokens()
    site.challenge = challenge
    site.process(lambda: site.enter_code(BOB)).check()
    slept = len(site.slept)

    site.process().check()
    site.authority.expire_tokens()
    site.process().check()

    assert len(site.slept) == slept
    assert grants(site)[-3:] == ["refresh_token", "device_code", "refresh_token"]
    kept = json.loads(site.sign_ins().tokens(NAME) or "")
    assert [known["username"] for known in kept["Account"].values()] == [BOB]


def test_only_the_one_whom_the_connection_names_is_let_in(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AuthenticationError, match=rf"'crm' is '{BOB}', and not its login"):
        site.process(lambda: site.enter_code(BOB), login=ADELE).check()
    assert BOB in warnings(caplog)[-1]
    assert site.sign_ins().tokens(f"{NAME_UNTIL_SCOPES} as {ADELE} ({SCOPE})") is None
    site.process(site.enter_code, login=ADELE.upper()).check()


def test_it_is_logged_who_signed_in(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.process(site.enter_code).check()
    assert f"Connection 'crm' is signed in as {ADELE}." in caplog.text


@pytest.mark.parametrize(
    "other", [{"tenant": "common"}, {"scope": "https://other.example/.default"}]
)
def test_another_tenant_or_scope_is_another_sign_in(site: Site, other: dict[str, str]) -> None:
    authority = f"https://{HOST}/organizations"
    site.process(site.enter_code, authority=authority).check()
    site.process(site.enter_code, authority=authority, **other).check()
    assert grants(site) == ["device_code"] * 2


def test_the_order_of_scopes_makes_no_other_sign_in(site: Site) -> None:
    site.process(site.enter_code, scope="https://a/one https://a/two").check()
    site.process(site.enter_code, scope="https://a/two https://a/one").check()
    assert grants(site) == ["device_code"]


def test_tokens_that_could_not_be_kept_are_not_lost(site: Site) -> None:
    kept = Failing()
    crm = site.process(site.enter_code)
    crm.sign_in_with(kept)
    kept.fails = 1
    crm.check()
    assert grants(site) == ["device_code"]
    assert not site.authority.waiting
    assert kept.kept == 1


CODE: dict[str, object] = {
    "device_code": "d3v1ce-c0de",
    "user_code": "ABC",
    "verification_uri": "https://x/",
    "expires_in": 900,
}


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [({"interval": 0}, 1, 1), ({"interval": -5}, 1, 1), ({"interval": 10**7}, 60, 60)],
)
def test_an_authority_is_asked_neither_too_often_nor_too_seldom(
    said: dict[str, object], least: float, most: float
) -> None:
    slept = waits_for({**CODE, **said})
    assert least <= min(slept) <= max(slept) <= most


@pytest.mark.parametrize("life", [10**15, 10**8])
def test_no_code_is_waited_for_longer_than_half_an_hour(life: int) -> None:
    assert sum(waits_for({**CODE, "interval": 60, "expires_in": life})) == 1800


@pytest.mark.parametrize(
    "wrong",
    [
        {"verification_uri": None},
        {"verification_uri": "https://x/\n2026-11-29 INFO all is well"},
        {"user_code": "A\x1b[2K"},
        {"device_code": ""},
        {"interval": []},
        {"expires_in": {}},
        {"expires_in": 1e400},
    ],
)
def test_what_is_no_code_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(AuthenticationError, match=r"gives us no code|cannot be used as authority"):
        waits_for({**CODE, **wrong})


@pytest.mark.parametrize("token", [{"access_token": None}, {"access_token": "t", "scope": 5}])
def test_what_is_no_token_is_refused(token: dict[str, object]) -> None:
    with pytest.raises(AuthenticationError):
        waits_for(CODE, token)


def waits_for(flow: dict[str, object], token: dict[str, object] | None = None) -> list[float]:
    """How it waits for the code of an authority that says this."""
    at = f"https://{HOST}/t"
    metadata = {
        "issuer": at,
        "authorization_endpoint": f"{at}/authorize",
        "token_endpoint": f"{at}/token",
        "device_authorization_endpoint": f"{at}/devicecode",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("devicecode"):
            return httpx.Response(200, content=json.dumps(flow))
        if request.url.path.endswith("token"):
            pending = {"error": "authorization_pending"}
            return httpx.Response(200 if token else 400, json=token or pending)
        return httpx.Response(200, json=metadata)

    extra = {"auth": "device_code", "client_id": "app", "tenant": "t"}
    connection = Connection(id="crm", conn_type="odata", host=f"https://{SERVICE}/", extra=extra)
    slept: list[float] = []
    crm = ODataConnector(connection, httpx.MockTransport(answer), slept.append, lambda: 0.0)
    try:
        crm.check()
    except AuthenticationError as error:
        if "Nobody entered" not in str(error):
            raise
    return slept


def test_a_code_that_expired_before_this_run_is_replaced(site: Site) -> None:
    first = site.process().begin_sign_in()
    assert first
    site.now += timedelta(hours=1)
    second = site.process().begin_sign_in()
    assert second
    assert second.message != first.message


@pytest.mark.parametrize("lost", ["revoke", "forget"])
def test_consent_that_was_taken_back_needs_somebody_again(
    site: Site, lost: str, caplog: pytest.LogCaptureFixture
) -> None:
    crm = site.process(site.enter_code)
    crm.check()
    if lost == "revoke":
        site.authority.revoke("app")
    else:
        site.authority.forget_refresh_tokens()
    site.authority.expire_tokens()
    crm.check()
    assert [g for g in grants(site) if g == "device_code"] == ["device_code"] * 2
    assert len(warnings(caplog)) == 2


def test_a_throttled_authority_does_not_end_the_wait(site: Site) -> None:
    throttled = iter([True])

    def meanwhile() -> None:
        if next(throttled, False):
            site.authority.throttle(1, 20)
        elif sum(site.slept) > 40:
            site.enter_code()

    site.process(meanwhile).check()
    assert grants(site) == ["device_code"]
    assert 20 in site.slept


def test_an_application_that_is_not_public_is_told_what_to_allow(site: Site) -> None:
    site.authority = Authority([Application("app", public=False)], clock=lambda: site.now)
    with pytest.raises(AuthenticationError, match=r"AADSTS7000218.*Allow public client flows"):
        site.process().check()
    assert site.sign_ins().waiting() == []


def test_an_unknown_application_is_told_before_anybody_is_asked(site: Site) -> None:
    with pytest.raises(AuthenticationError, match="AADSTS700016"):
        site.process(client_id="ghost").check()


def test_another_key_is_told_at_once_and_nobody_is_asked(site: Site) -> None:
    site.process(site.enter_code).check()
    key = site.folder / "tandem.key"
    right = key.read_bytes()
    key.unlink()
    with pytest.raises(ConfigurationError, match="encrypted with another key"):
        site.process(site.enter_code).check()
    key.write_bytes(right)
    site.process().check()
    assert grants(site) == ["device_code"]


def test_without_a_place_to_keep_it_a_sign_in_lasts_as_long_as_the_connector(site: Site) -> None:
    for crm in (site.process(site.enter_code), site.process(site.enter_code)):
        crm.sign_in_with(InMemorySignIns())
        crm.check()
        crm.check()
    assert grants(site) == ["device_code"] * 2


def test_secrets_are_in_no_message_no_log_and_no_plain_file(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    crm = site.process(site.enter_code)
    crm.check()
    site.authority.expire_tokens()
    crm.check()
    site.authority.revoke("app")
    site.authority.expire_tokens()
    site.process().begin_sign_in()
    files = b"".join(path.read_bytes() for path in site.folder.iterdir())
    for secret in site.authority.secrets:
        assert secret not in caplog.text
        assert secret.encode() not in files


def test_connectors_of_the_registry_are_given_the_sign_ins() -> None:
    connection = Connection(
        id="crm",
        conn_type="odata",
        host=f"https://{SERVICE}/",
        extra={"auth": "device_code", "client_id": "app"},
    )
    connector: Connector = open_connector("odata", connection, InMemorySignIns())
    assert isinstance(connector, SignsIn)
    connector.close()


def test_other_ways_to_sign_in_have_nothing_that_waits() -> None:
    connection = Connection(id="crm", conn_type="odata", host=f"https://{SERVICE}/")
    connector = ODataConnector(connection)
    connector.sign_in_with(InMemorySignIns())
    assert connector.begin_sign_in() is None
