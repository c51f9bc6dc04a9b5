"""The connector as a whole: connections, the service document, and each kind of bad input."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.connectors.base import Connector, Query, TooManyToCount, Writer
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.registry import open_connector
from tandem.errors import AuthenticationError, ConfigurationError, TandemError, Unreachable
from tandem.model.connection import Connection, parse_connection
from tandem.model.filters import Comparison
from tandem.model.schema import Capabilities, Entity, Field, Kind

SERVICE = {"@odata.context": "$metadata", "value": [{"name": "Things", "url": "Things"}]}
METADATA = b"""<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="N">
<EntityType Name="Thing"><Key><PropertyRef Name="id"/></Key>
<Property Name="id" Type="Edm.Int32" Nullable="false"/></EntityType>
<EntityContainer Name="C"><EntitySet Name="Things" EntityType="N.Thing"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
THINGS = Entity(name="Things", key=("id",), fields=(Field(name="id", kind=Kind.INT64),))
QUERY = Query(entity=THINGS, fields=("id",), now=datetime(2026, 3, 4, tzinfo=UTC))


def ok(**parts: Any) -> httpx.Response:
    return httpx.Response(200, **parts)


@pytest.fixture
def running(service: Any) -> Any:
    """A service with a service document, metadata and one empty set."""
    service.replies = {
        "": ok(json=SERVICE, headers={"OData-Version": "4.0"}),
        "$metadata": ok(content=METADATA, headers={"Content-Type": "application/xml"}),
        "Things": ok(json={"value": []}),
    }
    return service


def test_it_is_found_by_its_name_and_keeps_the_contract() -> None:
    connection = Connection(id="erp", conn_type="odata", host="https://erp.example.com/")
    connector = open_connector("odata", connection)
    assert isinstance(connector, ODataConnector)
    assert isinstance(connector, Connector)
    assert isinstance(connector, Writer)
    connector.close()


def test_nothing_is_sent_before_the_first_call(running: Any) -> None:
    running.connector()
    assert not running.asked


def test_check_says_whom_we_met(running: Any) -> None:
    said = running.connector().check()
    assert said == "OData 4.0 service at https://erp.example.com/odata/ with 1 entity sets"


def test_only_entity_sets_are_counted(running: Any) -> None:
    kinds = [{"name": "A", "kind": kind} for kind in ("EntitySet", "Singleton", "FunctionImport")]
    running.replies[""] = ok(json={"value": kinds})
    assert "1 entity sets" in running.connector().check()


def test_the_schema_comes_from_the_metadata(running: Any) -> None:
    assert running.connector().schema().entity("Things").key == ("id",)


def test_the_slash_at_the_end_of_the_root_may_be_left_out(running: Any) -> None:
    running.connector(host="https://erp.example.com/odata").check()
    assert running.asked == [""]


def sent(running: Any, **connection: Any) -> httpx.Headers:
    running.connector(**connection).check()
    return running.requests[-1].headers


def test_a_login_means_basic(running: Any) -> None:
    headers = sent(running, login="sync", password="pässword")
    expected = base64.b64encode("sync:pässword".encode()).decode()
    assert headers["Authorization"] == f"Basic {expected}"


def test_without_a_login_nobody_signs_in(running: Any) -> None:
    assert "Authorization" not in sent(running)


def test_a_bearer_token_is_the_password(running: Any) -> None:
    assert sent(running, password="t", extra={"auth": "bearer"})["Authorization"] == "Bearer t"


def test_an_api_key_is_the_password(running: Any) -> None:
    assert sent(running, password="k", extra={"auth": "api_key"})["x-api-key"] == "k"
    named = {"auth": "api_key", "header": "Ocp-Apim-Subscription-Key"}
    assert sent(running, password="k", extra=named)["ocp-apim-subscription-key"] == "k"


def test_further_headers_are_sent_along(running: Any) -> None:
    assert sent(running, extra={"headers": {"sap-client": "100"}})["sap-client"] == "100"


def test_client_credentials_from_any_token_endpoint(running: Any) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.example.com":
            assert "Authorization" not in request.headers
            return ok(json={"access_token": "t"})
        return running(request)

    extra = {
        "auth": "client_credentials",
        "client_id": "me",
        "token_url": "https://login.example.com/token",
    }
    connection = Connection(
        id="erp",
        conn_type="odata",
        host="https://erp.example.com/odata/",
        password="hush",
        extra=extra,
    )
    ODataConnector(connection, transport=httpx.MockTransport(handle)).check()
    assert running.requests[0].headers["Authorization"] == "Bearer t"


def test_a_tenant_means_microsoft_and_the_hosts_default_scope(running: Any) -> None:
    forms = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host != "login.microsoftonline.com":
            return running(request)
        if request.method == "GET":
            base = "https://login.microsoftonline.com/contoso.example"
            names = ("authorization_endpoint", "token_endpoint", "issuer")
            return ok(json=dict.fromkeys(names, base))
        forms.append(request.content.decode())
        return ok(json={"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})

    connection = Connection(
        id="erp",
        conn_type="odata",
        host="https://erp.example.com/odata/",
        login="me",
        password="hush",
        extra={"auth": "client_credentials", "tenant": "contoso.example"},
    )
    ODataConnector(connection, transport=httpx.MockTransport(handle)).check()
    assert "scope=https%3A%2F%2Ferp.example.com%2F.default" in forms[0]
    assert running.requests[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"host": None}, "not a service root URL"),
        ({"host": "erp.example.com"}, "not a service root URL"),
        ({"host": "ftp://erp.example.com"}, "not a service root URL"),
        ({"host": "https://h:port/"}, "not a service root URL"),
        ({"host": "https://h:99999/"}, "not a service root URL"),
        ({"host": "https://me:secret@erp.example.com/"}, "login outside the URL"),
        ({"host": "https://erp.example.com/?a=b"}, "not a service root URL"),
        ({"extra": {"auth": "magic"}}, "auth: Input should be"),
        ({"extra": {"vrfy": "secret"}}, "vrfy: Extra inputs are not permitted.*It takes auth"),
        ({"extra": {"auth": "basic"}}, "has no login"),
        ({"extra": {"auth": "bearer"}}, "has no password"),
        ({"extra": {"auth": "api_key"}}, "has no password"),
        ({"extra": {"auth": "client_credentials"}}, "client secret"),
        (
            {"extra": {"auth": "client_credentials", "client_id": "x"}, "password": "secret"},
            "no tenant",
        ),
        ({"extra": {"auth": "device_code"}}, "has no client_id"),
        ({"extra": {"verify": "/no/such/file"}}, "CA bundle '/no/such/file'"),
    ],
)
def test_a_wrong_connection_is_told(service: Any, parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as raised:
        service.connector(**parts)
    assert "secret" not in str(raised.value).replace("client secret", "")


def test_a_ca_bundle_is_accepted(service: Any, certificate: tuple[str, str]) -> None:
    service.connector(extra={"verify": certificate[0]}).close()


def test_a_connection_as_airflow_writes_it() -> None:
    text = json.dumps({"conn_type": "odata", "host": "https://h/odata/", "login": "a"})
    ODataConnector(parse_connection("crm", text)).close()


WEB_PAGE = ok(text="<!doctype html><html>Sign in</html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize("call", ["check", "schema", "read"])
@pytest.mark.parametrize(
    ("reply", "error", "reason"),
    [
        (httpx.Response(401, text="Unauthorized"), AuthenticationError, "sign-in of connection"),
        (httpx.Response(403), AuthenticationError, "does not permit"),
        (httpx.Response(404), ConfigurationError, "has nothing there.*service root URL"),
        (WEB_PAGE, ConfigurationError, "a web page.*service root URL"),
        (ok(text='{"value": [{"id"'), Unreachable, "breaks off"),
        (httpx.ConnectError("no route"), Unreachable, "cannot be reached"),
        (httpx.ReadTimeout("slow"), Unreachable, "timed out"),
    ],
)
def test_bad_answers_are_clear_errors_whatever_is_asked(
    service: Any, call: str, reply: Any, error: type[TandemError], reason: str
) -> None:
    service.replies = dict.fromkeys(("", "$metadata", "Things"), reply)
    connector = service.connector()
    with pytest.raises(error, match=reason):
        list(connector.read(QUERY)) if call == "read" else getattr(connector, call)()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b'{"d": {"EntitySets": []}}', "OData 2"),
        (b'{"name": "x"}', "no OData service document"),
        (b'{"value": 5}', "no OData service document"),
        (b'{"value": [5]}', "no OData service document"),
    ],
)
def test_a_service_document_that_is_none_is_refused(
    service: Any, document: bytes, reason: str
) -> None:
    service.replies = {"": ok(content=document)}
    with pytest.raises(ConfigurationError, match=reason):
        service.connector().check()


def test_a_service_of_version_2_answers_with_xml(service: Any) -> None:
    atom = ok(content=b"<service/>", headers={"Content-Type": "application/atomsvc+xml"})
    service.replies = {"": atom}
    with pytest.raises(ConfigurationError, match="OData 4 service"):
        service.connector().check()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'<Edmx Version="1.0" xmlns="http://schemas.microsoft.com/ado/2007/06/edmx"/>', "OData 2"),
        (b"<edmx>", "not well-formed"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "DOCTYPE"),
    ],
)
def test_bad_metadata_is_refused(service: Any, body: bytes, reason: str) -> None:
    service.replies = {"$metadata": ok(content=body, headers={"Content-Type": "application/xml"})}
    with pytest.raises(ConfigurationError, match=reason):
        service.connector().schema()


def test_a_column_that_the_service_does_not_know_is_passed_on(service: Any) -> None:
    message = "Could not find a property named 'id' on type 'N.Thing'."
    service.replies = {"Things": httpx.Response(400, json={"error": {"message": message}})}
    with pytest.raises(ConfigurationError, match="Could not find a property named 'id'"):
        list(service.connector().read(QUERY))


def test_a_filter_value_that_does_not_fit_sends_nothing(service: Any) -> None:
    condition = Comparison(field="id", operator="eq", value="ten")
    query = Query(entity=THINGS, fields=("id",), now=QUERY.now, condition=condition)
    with pytest.raises(ConfigurationError, match="'ten'"):
        list(service.connector().read(query))
    assert not service.asked


def test_what_was_learnt_of_a_service_serves_its_later_reads(service: Any) -> None:
    service.replies = {"Things": ok(json={"value": [{"id": "1"}]})}
    connector = service.connector()
    for _ in range(2):
        (page,) = connector.read(QUERY)
        assert page.records.column("id").to_pylist() == [1]


PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "oasis-json-examples"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published payloads are not here")
def test_the_specifications_service_document(service: Any) -> None:
    service.replies = {"": ok(content=(PUBLISHED / "service-document.json").read_bytes())}
    assert "2 entity sets" in service.connector().check()


@pytest.mark.parametrize(
    "connection",
    [
        {"password": "s3cret\nX: y", "extra": {"auth": "bearer"}},
        {"password": "s3cret\u00e9", "extra": {"auth": "bearer"}},
        {"password": "s3cret\0", "extra": {"auth": "api_key"}},
        {"extra": {"headers": {"X-Tenant": "s3cret\r\nHost: evil"}}},
        {"password": "s3cret", "extra": {"auth": "api_key", "header": "x api"}},
        {"extra": {"headers": {"X:": "s3cret"}}},
    ],
)
def test_what_no_header_can_carry_is_refused_without_being_shown(
    running: Any, connection: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="erp") as raised:
        running.connector(**connection)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("auth", "header"), [("bearer", "Authorization"), ("api_key", "x-api-key")]
)
def test_the_line_end_of_a_pasted_token_is_left_out(running: Any, auth: str, header: str) -> None:
    headers = sent(running, password=" t0ken\r\n", extra={"auth": auth})
    assert headers[header].removeprefix("Bearer ") == "t0ken"


@pytest.mark.parametrize(
    "place",
    [
        {"token_url": "https://me:s3cret@login.example.com/token"},
        {"token_url": "https://login.example.com/token?code=s3cret"},
        {"token_url": "login s3cret"},
        {"token_url": "https://login..s3cret/"},
        {"authority": "https://me:s3cret@login.example.com/contoso"},
    ],
)
def test_where_tokens_come_from_is_a_plain_url(running: Any, place: dict[str, str]) -> None:
    extra = {"auth": "client_credentials", "client_id": "me", **place}
    with pytest.raises(ConfigurationError, match="erp") as raised:
        running.connector(password="hush", extra=extra)
    assert "hush" not in str(raised.value)
    assert "me:s3cret" not in str(raised.value)
    assert "code=s3cret" not in str(raised.value)


@pytest.mark.parametrize("name", ["foo..bar", "a" * 64 + ".com"])
def test_a_name_that_no_host_can_have_is_named(running: Any, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name[:60]):
        running.connector(host=f"https://{name}/odata/")


def test_a_count_of_thousands_of_digits_is_none(running: Any) -> None:
    running.replies["Things/$count"] = ok(text="9" * 5000)
    running.replies["Things"] = ok(content=b'{"@odata.count": %s, "value": []}' % (b"9" * 5000))
    with pytest.raises(ConfigurationError, match="count"):
        running.connector().count(QUERY)


def test_a_count_that_goes_no_further_is_not_believed(running: Any) -> None:
    """Dataverse says 5,000 of any more records than that."""
    running.replies["Things/$count"] = ok(text="5000")
    running.replies["Things"] = ok(json={"value": [{"id": n} for n in range(5_001)]})
    assert running.connector().count(QUERY) == 5_001


def test_no_more_is_read_to_count_than_the_limit_allows(running: Any) -> None:
    for n, (name, following) in enumerate(
        (("", "?page=1"), ("?page=1", "?page=2"), ("?page=2", ""))
    ):
        link = {"@odata.nextLink": f"Things{following}"} if following else {}
        records = [{"id": 10 * n + row} for row in range(10)]
        running.replies[f"Things{name}"] = ok(json={"value": records, **link})
    unable = THINGS.model_copy(update={"capabilities": Capabilities(filter=False)})
    few = Comparison(field="id", operator="lt", value=3)
    query = replace(QUERY, entity=unable, condition=few)
    with pytest.raises(TooManyToCount) as raised:
        running.connector().count(replace(query, limit=20))
    assert (raised.value.looked_at, raised.value.found) == (20, 3)
    assert running.connector().count(replace(query, limit=30)) == 3
    assert running.connector().count(query) == 3
