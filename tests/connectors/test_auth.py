"""Ways to sign in, seen from the servers."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest

from tandem.connectors.auth import BearerAuth, EndpointTokens, HeaderAuth, MicrosoftTokens
from tandem.connectors.http_errors import never_sent
from tandem.errors import AuthenticationError, ConfigurationError, TandemError, Unreachable

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
    return MicrosoftTokens(AUTHORITY, "me", "hush", "https://org/.default", authority.plain)


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
    with pytest.raises(AuthenticationError, match=r"invalid_client\. Check"):
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
