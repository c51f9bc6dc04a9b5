"""Which API a connection means, and what it says when it does not say enough."""

from typing import Any

import httpx
import pytest

from tandem.connectors.business_central.connection import HOST, SCOPE, target
from tandem.connectors.business_central.connector import BusinessCentralConnector
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

SIGN_IN = {"auth": "client_credentials", "client_id": "app"}
PERSON = {"auth": "device_code", "client_id": "app"}
CLOUD = {**SIGN_IN, "tenant": "contoso.example"}


def connection(host: str | None = None, /, **extra: Any) -> Connection:
    return Connection(
        id="erp", conn_type="business_central", host=host, password="secret", extra=extra
    )


def root(host: str | None = None, /, **extra: Any) -> str:
    return target(connection(host, **extra)).root


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ({}, "Production/api/v2.0/"),
        ({"environment": "Sandbox 2"}, "Sandbox%202/api/v2.0/"),
        ({"route": "contoso/sales/v1.0"}, "Production/api/contoso/sales/v1.0/"),
        ({"route": "/api/contoso/sales/v1.0/"}, "Production/api/contoso/sales/v1.0/"),
        ({"route": "odatav4"}, "Production/ODataV4/"),
    ],
)
def test_business_central_online(extra: dict[str, str], path: str) -> None:
    assert root(**CLOUD, **extra) == f"{HOST}/v2.0/contoso.example/{path}"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("http://127.0.0.1:8000", "/v2.0/contoso.example/Production/api/v2.0/"),
        ("https://erp.example.com:7048/BC250", "/BC250/api/v2.0/"),
        ("https://erp.example.com:7048/BC250/ODataV4/", "/BC250/ODataV4/"),
        ("https://erp.example.com/v2.0/t/Sandbox/api/v2.0", "/v2.0/t/Sandbox/api/v2.0/"),
        ("https://erp.example.com/v2.0/Sandbox/api/v2.0/", "/v2.0/Sandbox/api/v2.0/"),
        ("https://erp.example.com/v2.0/t/Sandbox", "/v2.0/t/Sandbox/api/v2.0/"),
        (
            "https://erp.example.com/v2.0/t/Sandbox/api/contoso/sales/v1.0/companies(1)/items",
            "/v2.0/t/Sandbox/api/contoso/sales/v1.0/",
        ),
        ("https://erp.example.com/v2.0/t/Sandbox/ODataV4/$metadata", "/v2.0/t/Sandbox/ODataV4/"),
    ],
)
def test_addresses_as_people_paste_them(host: str, expected: str) -> None:
    origin = "/".join(host.split("/")[:3])
    assert root(host, **CLOUD) == origin + expected


def test_a_pasted_company_is_the_company() -> None:
    host = "https://erp.example.com/v2.0/t/Sandbox/ODataV4/Company('O''Neil%20Ltd.')/RescoCustomer"
    assert target(connection(host, **CLOUD)).address.company == "O'Neil Ltd."


TENANT_ID = "2f1c5f4e-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("host", "path", "company"),
    [
        (
            "/contoso.example/Sandbox?company=CRONUS%20UK&page=22",
            "contoso.example/Sandbox",
            "CRONUS UK",
        ),
        (f"/{TENANT_ID}/Production/?company=CRONUS", f"{TENANT_ID}/Production", "CRONUS"),
        (f"/{TENANT_ID}", f"{TENANT_ID}/Production", ""),
        ("/Sandbox?company=CRONUS", "fabrikam.example/Sandbox", "CRONUS"),
        ("", "fabrikam.example/Production", ""),
    ],
)
def test_an_address_of_the_web_client_is_one_of_the_api(host: str, path: str, company: str) -> None:
    extra = {**SIGN_IN, "tenant": "fabrikam.example"}
    for scheme in ("https://", ""):
        found = target(connection(f"{scheme}businesscentral.dynamics.com{host}", **extra))
        assert found.root == f"{HOST}/v2.0/{path}/api/v2.0/"
        assert found.address.company == company


def test_a_host_without_scheme_is_https() -> None:
    assert root("erp.example.com:7048/BC250", **CLOUD) == (
        "https://erp.example.com:7048/BC250/api/v2.0/"
    )


def test_a_company_may_be_named_by_a_query() -> None:
    found = target(connection(f"{HOST}/v2.0/t/Sandbox/api/v2.0/items?company=CRONUS", **CLOUD))
    assert found.root == f"{HOST}/v2.0/t/Sandbox/api/v2.0/"
    assert found.address.company == "CRONUS"


def test_what_the_extra_says_wins_over_what_was_pasted() -> None:
    host = "https://erp.example.com/v2.0/t/Sandbox/api/v2.0/companies(1)"
    extra = {**CLOUD, "environment": "Production", "route": "ODataV4", "company": "CRONUS"}
    found = target(connection(host, **extra))
    assert found.root == "https://erp.example.com/v2.0/t/Production/ODataV4/"
    assert found.address.company == "CRONUS"


@pytest.mark.parametrize(
    "host", [None, HOST, "https://contoso.api.businesscentral.dynamics.com/v2.0/t/Sandbox"]
)
def test_microsofts_own_hosts_share_a_scope(host: str | None) -> None:
    assert target(connection(host, **CLOUD)).extra.scope == SCOPE


@pytest.mark.parametrize(
    "host",
    [
        "http://127.0.0.1:8000",
        "https://api.businesscentral.dynamics.evil.example",
        "https://evildynamics.com",
        "https://erp.example.com:7048/BC250",
    ],
)
def test_no_other_host_is_given_tokens_for_microsofts(host: str) -> None:
    assert target(connection(host, **CLOUD)).extra.scope is None
    given = target(connection(host, **CLOUD, scope="https://x/.default"))
    assert given.extra.scope == "https://x/.default"


def test_a_scope_can_be_given() -> None:
    given = target(connection("http://127.0.0.1:8000", **CLOUD, scope="https://x/.default"))
    assert given.extra.scope == "https://x/.default"


def test_a_login_means_basic() -> None:
    with_login = Connection(
        id="erp",
        conn_type="business_central",
        host="https://erp.example.com:7048/BC250",
        login="sync",
        password="key",
    )
    assert target(with_login).extra.auth == "basic"


def test_errors_come_in_one_language() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Accept-Language"])
        return httpx.Response(400)

    extra = {"auth": "bearer", "tenant": "contoso.example"}
    connector = BusinessCentralConnector(connection(**extra), httpx.MockTransport(answer))
    with pytest.raises(ConfigurationError):
        connector.check()
    assert set(asked) == {"en-US"}


@pytest.mark.parametrize(
    ("host", "extra", "words"),
    [
        (None, SIGN_IN, "which tenant"),
        (None, {"tenant": "t"}, "how to sign in"),
        (None, {**CLOUD, "route": "v1"}, "route 'v1'"),
        (None, {**CLOUD, "compny": "x"}, "compny"),
        ("ftp://erp.example.com", CLOUD, "not a web address"),
        ("https://exa mple", CLOUD, "not a web address"),
        ("https://host:99999/x", CLOUD, "not a web address"),
        ("https://host:abc/", CLOUD, "not a web address"),
        ("https://[::1", CLOUD, "not a web address"),
        ("https://host\\.evil.com/", CLOUD, "not a web address"),
        ("https://..com/v", CLOUD, "No host can have the name"),
        (f"https://{'a' * 70}.com", CLOUD, "No host can have the name"),
        ("http://api.businesscentral.dynamics.com", CLOUD, "in the clear"),
        ("http://erp.example.com:7048/BC250", CLOUD, "in the clear"),
        (f"{HOST}/v2.0/Production/api/v2.0/", PERSON, "which tenant"),
        (None, PERSON, "which tenant"),
        (
            "https://erp.example.com:7048/BC250?tenant=default",
            CLOUD,
            "has a query .tenant.*AlternateId",
        ),
        ("https://erp.example.com/BC250?$filter=x", CLOUD, r"has a query \(\$filter\)"),
        (f"{HOST}/admin/v2.24/applications", CLOUD, "no address of Business Central online"),
        (f"{HOST}/v1.0/t/Production/api/v2.0", CLOUD, "no address of Business Central online"),
        (f"{HOST}/v2.0/t/Production/more", CLOUD, "no address of Business Central online"),
        ("https://user:word@erp.example.com", CLOUD, "not a web address"),
    ],
)
def test_what_is_wrong_is_said(host: str | None, extra: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        target(connection(host, **extra))
    assert raised.value.remedy
    assert "word@" not in str(raised.value)
