"""The simulated authority, over HTTP as MSAL and people see it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.simulated import simulated

from tandem.demo.authority.answers import DEVICE_CODE
from tandem.demo.authority.authority import TENANT, Authority
from tandem.demo.authority.grants import Application
from tandem.demo.authority.service import HOST, create_app

SECRET = "hush"
SCOPE = "https://org.crm4.dynamics.com/.default"


class Place:
    """The authority, a clock, and a client that talks to it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.authority = Authority(
            [Application("app", secret=SECRET), Application("closed", public=False)],
            clock=lambda: self.now,
        )
        transport = simulated({HOST: create_app(self.authority)})
        self.client = httpx.Client(transport=transport)

    def post(self, path: str, tenant: str = TENANT, **form: str) -> httpx.Response:
        return self.client.post(f"https://{HOST}/{tenant}/oauth2/v2.0/{path}", data=form)

    def begin(self, client_id: str = "app") -> dict[str, Any]:
        return dict(self.post("devicecode", client_id=client_id, scope=SCOPE).json())

    def poll(self, flow: dict[str, Any], client_id: str = "app") -> dict[str, Any]:
        grant = {"grant_type": DEVICE_CODE, "device_code": flow["device_code"]}
        return dict(self.post("token", client_id=client_id, **grant).json())

    def by_secret(self, secret: str = SECRET, **form: str) -> httpx.Response:
        asked = {"client_id": "app", "scope": SCOPE, **form}
        return self.post("token", grant_type="client_credentials", client_secret=secret, **asked)

    def by_refresh(self, token: str) -> dict[str, Any]:
        form = {"client_id": "app", "scope": SCOPE, "refresh_token": token}
        return dict(self.post("token", grant_type="refresh_token", **form).json())


@pytest.fixture
def place() -> Iterator[Place]:
    found = Place()
    with found.client:
        yield found


def test_its_metadata_names_the_host_it_is_asked_at(place: Place) -> None:
    url = f"https://{HOST}/{TENANT}/v2.0/.well-known/openid-configuration"
    document = place.client.get(url).json()
    assert document["token_endpoint"] == f"https://{HOST}/{TENANT}/oauth2/v2.0/token"
    assert document["device_authorization_endpoint"].endswith("/oauth2/v2.0/devicecode")


def test_a_tenant_that_is_not_there_has_no_metadata(place: Place) -> None:
    answer = place.client.get(f"https://{HOST}/nowhere/v2.0/.well-known/openid-configuration")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_tenant"
    assert answer.json()["error_codes"] == [90002]


def test_a_token_is_good_while_it_lasts(place: Place) -> None:
    answer = place.by_secret().json()
    assert answer["scope"] == SCOPE
    assert place.authority.accepts(answer["access_token"])
    assert not place.authority.accepts("another")
    place.now += timedelta(seconds=answer["expires_in"])
    assert not place.authority.accepts(answer["access_token"])


def test_all_tokens_that_are_out_can_be_expired(place: Place) -> None:
    token = place.by_secret().json()["access_token"]
    place.authority.expire_tokens()
    assert not place.authority.accepts(token)


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"secret": "wrong"}, 401, 7000215),
        ({"client_id": "closed"}, 401, 7000215),
        ({"client_id": "ghost"}, 400, 700016),
        ({"scope": "openid"}, 400, 1002012),
    ],
)
def test_what_is_wrong_has_microsofts_code(
    place: Place, form: dict[str, str], status: int, code: int
) -> None:
    answer = place.by_secret(**form)
    assert (answer.status_code, answer.json()["error_codes"]) == (status, [code])


def test_a_new_secret_is_the_only_one(place: Place) -> None:
    place.authority.change_secret("app", "new")
    assert place.by_secret().status_code == 401
    assert place.by_secret("new").status_code == 200


def test_a_grant_that_is_not_simulated_is_refused(place: Place) -> None:
    assert place.post("token", grant_type="password").json()["error"] == "unsupported_grant_type"


def test_revoked_consent_lasts_until_it_is_given_again(place: Place) -> None:
    place.authority.revoke("app")
    assert place.by_secret().json()["error_codes"] == [700016]
    place.authority.consent("app")
    assert place.by_secret().status_code == 200


def test_throttling_says_how_long_to_wait(place: Place) -> None:
    place.authority.throttle(1, 30)
    answer = place.by_secret()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert place.by_secret().status_code == 200


def test_a_device_code_waits_until_it_is_entered(place: Place) -> None:
    flow = place.begin()
    assert flow["verification_uri"] == "https://microsoft.com/devicelogin"
    assert flow["user_code"] in flow["message"]
    assert place.poll(flow)["error"] == "authorization_pending"
    assert place.authority.complete(flow["user_code"].lower())
    assert place.authority.accepts(place.poll(flow)["access_token"])
    assert place.poll(flow)["error"] == "invalid_grant"
    assert not place.authority.complete(flow["user_code"])


def test_a_person_enters_the_code_on_a_page(place: Place) -> None:
    flow, url = place.begin(), f"https://{HOST}/devicelogin"
    assert 'name="user_code"' in place.client.get(url).text
    assert place.client.post(url, data={"user_code": "<NONE>"}).status_code == 400
    assert place.client.post(url, data={"user_code": flow["user_code"]}).status_code == 200
    assert "access_token" in place.poll(flow)


def test_a_person_may_decline_on_the_page(place: Place) -> None:
    flow, form = place.begin(), {"decision": "decline"}
    form["user_code"] = flow["user_code"]
    assert place.client.post(f"https://{HOST}/devicelogin", data=form).status_code == 200
    assert place.poll(flow)["error"] == "authorization_declined"


def test_codes_expire_and_unknown_ones_are_bad(place: Place) -> None:
    flow = place.begin()
    assert place.authority.waiting == (flow["user_code"],)
    place.now += timedelta(minutes=15)
    assert place.authority.waiting == ()
    assert place.poll(flow)["error"] == "expired_token"
    assert place.poll({"device_code": "?"})["error"] == "bad_verification_code"


def test_polling_too_often_is_told(place: Place) -> None:
    flow = place.begin()
    place.authority.slow_down(1)
    assert place.poll(flow)["error"] == "slow_down"
    assert place.poll(flow)["error"] == "authorization_pending"


def test_public_client_flows_have_to_be_allowed(place: Place) -> None:
    answer = place.poll(place.begin("closed"), "closed")
    assert answer["error_codes"] == [7000218]


def test_a_refresh_token_is_good_until_it_or_the_consent_is_taken_back(place: Place) -> None:
    flow = place.begin()
    place.authority.complete(flow["user_code"])
    first = place.poll(flow)["refresh_token"]
    second = place.by_refresh(first)["refresh_token"]
    assert "access_token" in place.by_refresh(first)
    place.authority.forget_refresh_tokens()
    assert place.by_refresh(second)["error_codes"] == [50173]
    place.authority.revoke("app")
    assert place.by_refresh(second)["error_codes"] == [65001]


def test_all_secrets_that_were_given_out_are_known(place: Place) -> None:
    flow = place.begin()
    token = place.by_secret().json()["access_token"]
    assert {flow["device_code"], token, SECRET} <= place.authority.secrets
