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
        ("http://127.0.0.1:8000/api/data/v9.2", "http://127.0.0.1:8000/api/data/v9.2/"),
        ("https://crm.example.com/Org/main.aspx", "https://crm.example.com/Org/api/data/v9.1/"),
    ],
)
def test_a_version_a_host_and_an_organisation_on_premises_stay(pasted: str, root: str) -> None:
    assert web_api_root(connection(pasted)) == root


def test_on_premises_has_the_version_before_the_newest() -> None:
    """Its documentation's requests go to v9.1, and so do those of its only release."""
    assert web_api_root(connection("https://crm.example.com/Org")).endswith("/Org/api/data/v9.1/")


@pytest.mark.parametrize(
    "portal",
    [
        "https://make.powerapps.com/environments/1-2/solutions",
        "make.gov.powerapps.us",
        "https://make.powerapps.cn/environments/1",
        "https://admin.powerplatform.microsoft.com/environments",
        "https://home.dynamics.com",
        "https://globaldisco.crm.dynamics.com/api/discovery/v2.0/Instances",
    ],
)
def test_a_portal_is_no_environment_and_the_refusal_says_where_its_address_is(portal: str) -> None:
    with pytest.raises(ConfigurationError, match="Developer Resources"):
        web_api_root(connection(portal))


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("contoso.crm4.dynamics.com", None),
        ("contoso.crm9.dynamics.com", None),
        ("contoso.crm.microsoftdynamics.us", "https://login.microsoftonline.us/t"),
        ("contoso.crm.appsplatform.us", "https://login.microsoftonline.us/t"),
        ("contoso.crm.dynamics.cn", "https://login.partner.microsoftonline.cn/t"),
    ],
)
def test_a_cloud_of_its_own_has_a_sign_in_of_its_own(host: str, authority: str | None) -> None:
    root = web_api_root(connection(f"http://{host}/apps/sales"))
    assert root == f"https://{host}/api/data/v9.2/"
    assert sign_in_of(connection(root, extra={"tenant": "t"}), root).authority == authority


def test_whoever_signs_in_in_a_cloud_of_its_own_needs_no_tenant() -> None:
    root = "https://contoso.crm.microsoftdynamics.us/api/data/v9.2/"
    person = sign_in_of(connection(root, extra={"client_id": "c"}), root)
    assert person.authority == "https://login.microsoftonline.us/organizations"
    application = sign_in_of(connection(root, password="hush"), root)
    assert application.authority is None


def test_an_authority_that_is_stated_counts_in_any_cloud() -> None:
    root = "https://contoso.crm.microsoftdynamics.us/api/data/v9.2/"
    stated = {"tenant": "t", "authority": "https://login.example.com/t"}
    assert sign_in_of(connection(root, extra=stated), root).authority == stated["authority"]


def test_nothing_is_sent_in_the_clear() -> None:
    with pytest.raises(ConfigurationError, match="in the clear"):
        web_api_root(connection("http://crm.example.com/Org"))


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
