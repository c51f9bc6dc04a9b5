"""What people paste as the address of their environment, and how they sign in there."""

import pytest

from tandem.connectors.dynamics.address import sign_in_of, web_api_root
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection

ROOT = "https://contoso.crm4.dynamics.com/api/data/v9.2/"


def connection(host: str | None = ROOT, **more: object) -> Connection:
    return Connection(id="crm", conn_type="dynamics", host=host, **more)


@pytest.mark.parametrize(
    "pasted",
    [
        ROOT,
        "https://contoso.crm4.dynamics.com",
        " contoso.crm4.dynamics.com/ ",
        "http://contoso.crm4.dynamics.com/api/data",
        "https://contoso.crm4.dynamics.com/api/data/v9.2/$metadata",
        "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?$top=1",
        "https://contoso.crm4.dynamics.com/main.aspx?appid=1&pagetype=dashboard#id=2",
        "https://contoso.crm4.dynamics.com/apps/sales",
        "https://contoso.crm4.dynamics.com/anything/else",
    ],
)
def test_the_web_api_is_found_behind_what_is_pasted(pasted: str) -> None:
    assert web_api_root(connection(pasted)) == ROOT


@pytest.mark.parametrize(
    ("pasted", "root"),
    [
        (
            "https://contoso.crm4.dynamics.com/api/data/v9.1/",
            "https://contoso.crm4.dynamics.com/api/data/v9.1/",
        ),
        (
            "https://contoso.api.crm4.dynamics.com",
            "https://contoso.api.crm4.dynamics.com/api/data/v9.2/",
        ),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/data/v9.2/"),
        ("https://crm.example.com/Org/main.aspx", "https://crm.example.com/Org/api/data/v9.2/"),
    ],
)
def test_a_version_a_host_and_an_organisation_on_premises_stay(pasted: str, root: str) -> None:
    assert web_api_root(connection(pasted)) == root


@pytest.mark.parametrize("pasted", [None, "", "ftp://x", "https://me:secret@contoso.example.com/"])
def test_what_is_no_address_is_refused_without_showing_it(pasted: str | None) -> None:
    with pytest.raises(ConfigurationError) as refused:
        web_api_root(connection(pasted))
    assert "secret" not in str(refused.value)


def test_a_secret_signs_an_application_in_and_none_a_person() -> None:
    application = sign_in_of(connection(password="hush", login="app"), ROOT)
    person = sign_in_of(connection(extra={"tenant": "t", "client_id": "c"}), ROOT)
    assert (application.auth, person.auth) == ("client_credentials", "device_code")
    assert person.scope == "https://contoso.crm4.dynamics.com/.default"


def test_what_the_extra_says_counts() -> None:
    extra = {"auth": "bearer", "scope": "https://other.example.com/.default"}
    known = sign_in_of(connection(password="hush", extra=extra), ROOT)
    assert (known.auth, known.scope) == ("bearer", "https://other.example.com/.default")
