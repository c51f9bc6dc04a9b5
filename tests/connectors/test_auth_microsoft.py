"""Signing in at the simulated Microsoft authority, with the real MSAL."""

import httpx
import pytest
from tests.simulated import simulated

from tandem.connectors.odata.connector import ODataConnector
from tandem.demo.authority.authority import TENANT, Authority
from tandem.demo.authority.grants import Application
from tandem.demo.authority.service import HOST, create_app
from tandem.errors import AuthenticationError
from tandem.model.connection import Connection

SERVICE = "org.crm4.dynamics.com"
SECRET = "hush"


@pytest.fixture
def authority() -> Authority:
    return Authority([Application("app", secret=SECRET, public=False)])


def connector(
    authority: Authority,
    /,
    password: str = SECRET,
    *,
    slept: list[float] | None = None,
    **extra: str,
) -> ODataConnector:
    """A connector of a service that lets in whoever has a token that is good."""

    def handle(request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if not authority.accepts(token):
            return httpx.Response(401)
        return httpx.Response(200, json={"value": []})

    connection = Connection(
        id="crm",
        conn_type="odata",
        host=f"https://{SERVICE}/api/data/v9.2/",
        password=password,
        extra={"auth": "client_credentials", "client_id": "app", "tenant": TENANT, **extra},
    )
    transport = simulated({HOST: create_app(authority), SERVICE: httpx.MockTransport(handle)})
    waits = slept if slept is not None else []
    return ODataConnector(connection, transport, waits.append, lambda: 0.0)


def refusal(authority: Authority, /, **options: str) -> str:
    with pytest.raises(AuthenticationError) as raised:
        connector(authority, **options).check()
    assert not [secret for secret in authority.secrets if secret in str(raised.value)]
    return str(raised.value)


def test_an_application_signs_in_for_all_that_it_may_do(authority: Authority) -> None:
    assert "OData" in connector(authority).check()
    assert [(a.grant, a.scope) for a in authority.asked] == [
        ("client_credentials", f"https://{SERVICE}/.default")
    ]


def test_a_token_that_expires_mid_run_is_replaced(authority: Authority) -> None:
    crm = connector(authority)
    crm.check()
    authority.expire_tokens()
    crm.check()
    assert len(authority.asked) == 2


def test_a_wrong_secret_is_named_with_its_remedy_and_not_shown(authority: Authority) -> None:
    said = refusal(authority, password="wr0ng")
    assert "AADSTS7000215" in said
    assert "Enter the client secret again: its value, not its id" in said
    assert "wr0ng" not in said


def test_consent_that_was_taken_back_is_told(authority: Authority) -> None:
    crm = connector(authority)
    crm.check()
    authority.revoke("app")
    authority.expire_tokens()
    with pytest.raises(AuthenticationError, match=r"AADSTS700016.*has to consent"):
        crm.check()
    authority.consent("app")
    connector(authority).check()


def test_an_application_that_nobody_knows_is_told(authority: Authority) -> None:
    assert "AADSTS700016: Application with identifier 'ghost'" in refusal(
        authority, client_id="ghost"
    )


def test_a_tenant_that_nobody_knows_is_told(authority: Authority) -> None:
    said = refusal(authority, tenant="fabrikam.example")
    assert f"https://{HOST}/fabrikam.example cannot be used as authority" in said
    assert "AADSTS90002: Tenant 'fabrikam.example' not found" in said
    assert "Check tenant and authority" in said


def test_a_scope_for_client_credentials_is_a_default_one(authority: Authority) -> None:
    said = refusal(authority, scope=f"https://{SERVICE}/user_impersonation")
    assert "AADSTS1002012" in said
    assert "Check the host and the scope" in said


def test_a_throttled_authority_is_waited_for(authority: Authority) -> None:
    slept: list[float] = []
    authority.throttle(2, 9)
    connector(authority, slept=slept).check()
    assert slept == [9, 9]


def test_another_authority_is_asked_where_the_connection_says_so(authority: Authority) -> None:
    with pytest.raises(Exception, match=r"login\.example\.com cannot be reached"):
        connector(authority, authority="https://login.example.com/contoso").check()


def test_an_authority_without_tls_is_refused(authority: Authority) -> None:
    assert "http://localhost/contoso cannot be used as authority" in refusal(
        authority, authority="http://localhost/contoso"
    )
