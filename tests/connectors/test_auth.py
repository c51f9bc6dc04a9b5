"""Ways to sign in, seen from the servers."""

import base64
import json
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest

from tandem.connectors.auth.answers import refused
from tandem.connectors.auth.endpoint import EndpointTokens
from tandem.connectors.auth.headers import BearerAuth, HeaderAuth, claims_challenge
from tandem.connectors.auth.microsoft import MicrosoftTokens, Registration
from tandem.connectors.http import pause
from tandem.connectors.http_errors import NotSigned, never_sent
from tandem.errors import (
    AuthenticationError,
    ConfigurationError,
    TandemError,
    Throttled,
    Unreachable,
)

AUTHORITY = "https://login.example.com/contoso"
TOKEN_URL = "https://login.example.com/token"
Handler = Callable[[httpx.Request], httpx.Response]


class Authority:
    """An OAuth2 authority that numbers its tokens, and notes the forms it is sent."""

    def __init__(self, answer: httpx.Response | None = None) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            endpoints = {
                "issuer": AUTHORITY,
                "authorization_endpoint": AUTHORITY + "/authorize",
                "token_endpoint": AUTHORITY + "/token",
            }
            return httpx.Response(200, json=endpoints)
        self.forms.append(parse_qs(request.content.decode()))
        token = {"access_token": f"token {len(self.forms)}", "expires_in": 3600}
        return self._answer or httpx.Response(200, json={**token, "token_type": "Bearer"})

    def plain(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self))


def microsoft(authority: Authority) -> MicrosoftTokens:
    scopes = ("https://org/.default",)
    return MicrosoftTokens(Registration(AUTHORITY, "me", scopes, authority.plain), "hush")


def endpoint(authority: Authority, scope: str | None = "read") -> EndpointTokens:
    return EndpointTokens(TOKEN_URL, "me", "hush", scope, authority.plain)


def signed(auth: httpx.Auth, accepted: str, seen: list[str]) -> httpx.Response:
    """The answer of a system that accepts one value of Authorization only."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(200 if seen[-1] == accepted else 401)

    with httpx.Client(transport=httpx.MockTransport(handle), auth=auth) as client:
        return client.get("https://org/odata/")


@pytest.mark.parametrize("source", [microsoft, endpoint])
def test_a_token_is_asked_for_once_and_used_again(
    source: Callable[[Authority], EndpointTokens],
) -> None:
    authority = Authority()
    auth = BearerAuth(source(authority))
    seen: list[str] = []

    signed(auth, "Bearer token 1", seen)
    signed(auth, "Bearer token 1", seen)

    assert seen == ["Bearer token 1"] * 2
    assert len(authority.forms) == 1
    assert authority.forms[0]["grant_type"] == ["client_credentials"]


@pytest.mark.parametrize("source", [microsoft, endpoint])
def test_a_refused_token_is_replaced_by_a_fresh_one(
    source: Callable[[Authority], EndpointTokens],
) -> None:
    seen: list[str] = []
    response = signed(BearerAuth(source(Authority())), "Bearer token 2", seen)
    assert response.status_code == 200
    assert seen == ["Bearer token 1", "Bearer token 2"]


@pytest.mark.parametrize("source", [microsoft, endpoint])
def test_a_fresh_token_is_tried_only_once(
    source: Callable[[Authority], EndpointTokens],
) -> None:
    seen: list[str] = []
    response = signed(BearerAuth(source(Authority())), "never", seen)
    assert response.status_code == 401
    assert len(seen) == 2


@pytest.mark.parametrize("source", [microsoft, endpoint])
def test_wrong_credentials_say_what_the_authority_said(
    source: Callable[[Authority], EndpointTokens],
) -> None:
    refusal = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret"}
    authority = Authority(httpx.Response(401, json=refusal))
    with pytest.raises(AuthenticationError, match="AADSTS7000215") as raised:
        source(authority).token(fresh=False)
    assert "hush" not in str(raised.value)


def test_an_authority_that_answers_nonsense_gives_no_token() -> None:
    authority = Authority(httpx.Response(404, text="not here"))
    with pytest.raises(AuthenticationError, match="404 not here"):
        endpoint(authority).token(fresh=False)


def test_an_authority_that_is_down_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="503"):
        endpoint(Authority(httpx.Response(503))).token(fresh=False)


@pytest.mark.parametrize("source", [microsoft, endpoint])
def test_an_authority_that_does_not_answer_is_unreachable(
    source: Callable[[object], EndpointTokens],
) -> None:
    class Down:
        def plain(self) -> httpx.Client:
            def handle(_: httpx.Request) -> httpx.Response:
                raise httpx.ConnectError("no route")

            return httpx.Client(transport=httpx.MockTransport(handle))

    with pytest.raises(Unreachable, match=r"login\.example\.com cannot be reached"):
        source(Down()).token(fresh=False)


@pytest.mark.parametrize("status", [200, 404])
def test_an_authority_without_metadata_is_named(status: int) -> None:
    class Empty:
        def plain(self) -> httpx.Client:
            handler = httpx.MockTransport(lambda _: httpx.Response(status, text="{}"))
            return httpx.Client(transport=handler)

    with pytest.raises(AuthenticationError, match="cannot be used as authority"):
        microsoft(Empty()).token(fresh=False)  # type: ignore[arg-type]


def test_no_token_is_asked_for_before_it_is_needed() -> None:
    authority = Authority()
    microsoft(authority)
    assert not authority.forms


def test_the_scope_may_be_left_out() -> None:
    authority = Authority()
    endpoint(authority, scope=None).token(fresh=False)
    assert "scope" not in authority.forms[0]


def test_an_api_key_travels_in_its_header() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=json.dumps(request.headers["x-api-key"]))

    transport = httpx.MockTransport(handle)
    with httpx.Client(transport=transport, auth=HeaderAuth("x-api-key", "k")) as client:
        assert client.get("https://org/").json() == "k"


def test_a_token_that_no_header_can_carry_is_refused_without_being_shown() -> None:
    authority = Authority(httpx.Response(200, json={"access_token": "s3cret\n"}))
    with pytest.raises(ConfigurationError, match="no HTTP header") as raised:
        endpoint(authority).token(fresh=False)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("status", [401, 503])
def test_the_query_of_the_token_url_stays_out_of_messages(status: int) -> None:
    authority = Authority(httpx.Response(status, json={"error": "no"}))
    tokens = EndpointTokens(TOKEN_URL + "?code=s3cret", "me", "hush", None, authority.plain)
    with pytest.raises(TandemError, match=r"https://login\.example\.com/token ") as raised:
        tokens.token(fresh=False)
    assert "s3cret" not in str(raised.value)


def test_the_authority_s_words_end_before_the_remedy_begins() -> None:
    authority = Authority(httpx.Response(401, json={"error": "invalid_client"}))
    with pytest.raises(AuthenticationError, match=r"invalid_client\. Enter"):
        endpoint(authority).token(fresh=False)


@pytest.mark.parametrize("accepted", ["Bearer token 1", "Bearer token 2"])
def test_what_was_not_signed_was_not_sent(accepted: str) -> None:
    """Nor was it let in, if it is the token after a 401 that is not to be had."""
    authority = Authority()
    auth = BearerAuth(endpoint(authority))
    seen: list[str] = []
    if accepted == "Bearer token 2":
        signed(auth, "Bearer token 1", seen)
    authority._answer = httpx.Response(503)
    with pytest.raises(Unreachable) as raised:
        signed(auth, accepted, seen)
    assert never_sent(raised.value)
    assert seen == ["Bearer token 1"] * len(seen)


def test_a_token_that_another_thread_has_replaced_is_not_replaced_again() -> None:
    """Both were refused the first one; the second to ask finds the fresh one."""
    authority = Authority()
    auth = BearerAuth(endpoint(authority))
    first, second = (httpx.Request("GET", "https://org/odata/") for _ in range(2))
    flows = [auth.sync_auth_flow(first), auth.sync_auth_flow(second)]
    for flow in flows:
        next(flow)
    again = [flow.send(httpx.Response(401)) for flow in flows]
    assert [r.headers["Authorization"] for r in again] == ["Bearer token 2"] * 2
    assert len(authority.forms) == 2


def test_claims_that_the_system_wants_are_asked_for() -> None:
    """Microsoft Learn, "Claims challenges": base64 of JSON, in WWW-Authenticate."""
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
    challenge = base64.b64encode(claims.encode()).decode()
    authority = Authority()
    auth = BearerAuth(microsoft(authority))

    def handle(request: httpx.Request) -> httpx.Response:
        says = f'Bearer realm="", error="insufficient_claims", claims="{challenge}"'
        if request.headers["Authorization"] == "Bearer token 1":
            return httpx.Response(401, headers={"WWW-Authenticate": says})
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(handle), auth=auth) as client:
        assert client.get("https://org/odata/").status_code == 200
    assert "claims" not in authority.forms[0]
    assert json.loads(authority.forms[1]["claims"][0]) == json.loads(claims)


@pytest.mark.parametrize(
    "text", ["", 'Bearer claims=""', 'Bearer claims="!"', 'claims="W10="', "claims=4"]
)
def test_a_challenge_without_claims_that_can_be_read_is_none(text: str) -> None:
    assert claims_challenge(httpx.Headers({"WWW-Authenticate": text})) is None


@pytest.mark.parametrize("source", [microsoft, endpoint])
def test_an_authority_that_slows_us_down_is_obeyed_and_asked_again(
    source: Callable[[Authority], EndpointTokens],
) -> None:
    """MSAL would remember the answer; it never sees it."""
    authority = Authority(httpx.Response(429, headers={"Retry-After": "7"}))
    tokens = source(authority)
    with pytest.raises(Throttled) as raised:
        tokens.token(fresh=False)
    assert raised.value.retry_after == 7
    authority._answer = None
    assert tokens.token(fresh=False) == "token 2"


def test_how_long_to_wait_for_a_token_is_known_to_whoever_repeats() -> None:
    authority = Authority(httpx.Response(429, headers={"Retry-After": "7"}))
    with pytest.raises(NotSigned) as raised:
        signed(BearerAuth(microsoft(authority)), "any", [])
    assert never_sent(raised.value)
    assert pause(1, raised.value, 0.0) == 7


def test_an_authority_that_echoes_the_secret_does_not_make_us_show_it() -> None:
    authority = Authority(httpx.Response(400, json={"error_description": "no hush for you"}))
    for source in (microsoft, endpoint):
        with pytest.raises(AuthenticationError, match="no … for you"):
            source(authority).token(fresh=False)


def test_what_is_no_answer_of_a_token_endpoint_is_not_shown() -> None:
    authority = Authority(httpx.Response(200, text="<html>s3cret"))
    with pytest.raises(AuthenticationError, match="nothing that can be read") as raised:
        microsoft(authority).token(fresh=False)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("AADSTS7000215: Invalid client secret provided.", "client secret again"),
        ("AADSTS7000222: The provided client secret keys are expired.", "If it has expired"),
        ("AADSTS7000218: The request body must contain …", "Allow public client flows"),
        ("AADSTS65001: The user has not consented.", "Grant admin consent"),
        ("AADSTS700016: Application was not found.", "Check client id and tenant"),
        ("AADSTS90002: Tenant 'x' not found.", "Check tenant and authority"),
        ("AADSTS500011: The resource principal was not found.", "Check the host and the scope"),
        ("AADSTS99999: New.", "Check tenant, client id, client secret and scope"),
    ],
)
def test_each_refusal_has_its_remedy(said: str, remedy: str) -> None:
    """Trace and correlation ids are left out."""
    description = f"{said}\r\nTrace ID: 1\r\nCorrelation ID: 2\r\nTimestamp: 2026-03-01"
    error = refused({"error": "x", "error_description": description}, "https://login")
    assert error.problem == f"https://login gives us no token: {said}"
    assert remedy in error.remedy


def test_an_endless_reason_is_cut() -> None:
    assert len(refused({"error": "x" * 9_999}, "https://login").problem) < 500
