"""All forms of address that people have lead to the same three services."""

from dataclasses import replace
from typing import Any

import pytest

from tandem.connectors.resco.urls import Urls, odata_extra, urls_of
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection


def connection(host: str | None, **parts: Any) -> Connection:
    known = {"login": "ann@contoso.com", "password": "s3cret", **parts}
    return Connection(id="field", conn_type="resco", host=host, **known)


def own(host: str, organization: str) -> Urls:
    return Urls(
        f"{host}/odata/v4/", f"{host}/rest/v1/data", f"{host}/rest/v1/metadata/{organization}/"
    )


def shared(host: str, organization: str) -> Urls:
    return Urls(
        f"{host}/odata/v4/{organization}/",
        f"{host}/rest/v1/data/{organization}",
        f"{host}/rest/v1/metadata/{organization}/",
    )


@pytest.mark.parametrize(
    ("host", "urls"),
    [
        ("https://contoso.rescocrm.com", own("https://contoso.rescocrm.com", "contoso")),
        ("contoso.rescocrm.com", own("https://contoso.rescocrm.com", "contoso")),
        ("https://contoso.rescocrm.com/odata/v4/", own("https://contoso.rescocrm.com", "contoso")),
        (
            "https://contoso.rescocrm.com/rest/v1/data",
            own("https://contoso.rescocrm.com", "contoso"),
        ),
        ("https://contoso.us1.rescocrm.com", own("https://contoso.us1.rescocrm.com", "contoso")),
        ("https://contoso.app.resco.net/", own("https://contoso.app.resco.net", "contoso")),
        ("https://contoso.rescocrm.com/woodford", own("https://contoso.rescocrm.com", "contoso")),
        (
            "https://contoso.rescocrm.com/odata/v4/account?$top=1",
            own("https://contoso.rescocrm.com", "contoso"),
        ),
        (
            "https://contoso.rescocrm.com/odata/v4/$metadata",
            own("https://contoso.rescocrm.com", "contoso"),
        ),
        (
            "https://sfm.rescocrm.com/odata/v4/sfm/account",
            replace(
                own("https://sfm.rescocrm.com", "sfm"),
                odata="https://sfm.rescocrm.com/odata/v4/sfm/",
            ),
        ),
        (
            "https://crm.example.com/RescoCloud/odata/v4/acme",
            shared("https://crm.example.com/RescoCloud", "acme"),
        ),
        (
            "https://crm.example.com/RescoCloud/rest/v1/data/acme/WhoAmI",
            shared("https://crm.example.com/RescoCloud", "acme"),
        ),
        (
            "https://inspections.resco.net/odata/v4/contoso/$metadata",
            shared("https://inspections.resco.net", "contoso"),
        ),
        (
            "https://inspections.resco.net/contoso",
            shared("https://inspections.resco.net", "contoso"),
        ),
        (
            "https://inspections.resco.net/odata/v4/contoso/",
            shared("https://inspections.resco.net", "contoso"),
        ),
        (
            "https://login.us1.rescocrm.com/odata/v4/contoso",
            shared("https://login.us1.rescocrm.com", "contoso"),
        ),
        ("http://127.0.0.1:8080/odata/v4/demo/", shared("http://127.0.0.1:8080", "demo")),
    ],
)
def test_each_form_is_understood(host: str, urls: Urls) -> None:
    assert urls_of(connection(host)) == urls


def test_a_host_that_does_not_tell_the_organization_takes_it_from_the_extra() -> None:
    told = connection("https://crm.example.com", extra={"organization": "contoso"})

    assert urls_of(told) == shared("https://crm.example.com", "contoso")


@pytest.mark.parametrize("path", ["RescoCloud", "RescoCloud/odata/v4/", "RescoCloud/odata/v4/acme"])
def test_where_the_extra_tells_the_organization_the_path_tells_the_server(path: str) -> None:
    told = connection(f"https://crm.example.com/{path}", extra={"organization": "acme"})

    assert urls_of(told) == shared("https://crm.example.com/RescoCloud", "acme")


def test_an_organization_that_both_the_host_and_the_extra_tell_is_at_home() -> None:
    told = connection("https://contoso.rescocrm.com", extra={"organization": "contoso"})

    assert urls_of(told) == own("https://contoso.rescocrm.com", "contoso")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("https://crm.example.com", "which organization"),
        ("https://login.us1.rescocrm.com", "which organization"),
        ("http://contoso.rescocrm.com", "in the clear"),
        ("https://inspections.resco.net/some/page", "none of Resco Cloud's services"),
        ("https://inspections.resco.net/odata/v4/$metadata", "which organization"),
        (None, "not a service root URL"),
    ],
)
def test_what_leads_nowhere_is_refused(host: str | None, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        urls_of(connection(host))


def test_login_and_password_are_needed() -> None:
    with pytest.raises(ConfigurationError, match="no password"):
        odata_extra(connection("https://contoso.rescocrm.com", password=None))
    with pytest.raises(ConfigurationError, match="no login and no password"):
        odata_extra(connection("https://contoso.rescocrm.com", login=None, password=None))


def test_an_extra_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="organization, headers, verify"):
        odata_extra(connection("https://contoso.rescocrm.com", extra={"org": "contoso"}))
