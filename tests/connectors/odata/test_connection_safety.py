"""What a connection trusts, and what it sends in the clear."""

import logging
import ssl
from pathlib import Path

import httpx
import pytest

from tandem.connectors.odata.connection import open_client
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.odata.extra import ODataExtra
from tandem.demo.certificate import certificate
from tandem.errors import AuthenticationError, ConfigurationError
from tandem.model.connection import Connection


def crm(host: str, **extra: str) -> Connection:
    return Connection(
        id="crm", conn_type="odata", host=host, login="sync", password="hush", extra=extra
    )


@pytest.mark.parametrize("auth", ["device_code", "client_credentials"])
def test_tokens_of_microsoft_never_travel_in_the_clear(auth: str) -> None:
    connection = crm("http://crm.internal/", auth=auth, tenant="t", client_id="app")
    with pytest.raises(ConfigurationError, match=r"'crm' is not https.*in the clear"):
        ODataConnector(connection)
    here = crm("http://127.0.0.1:8000/", auth=auth, tenant="t", client_id="app")
    ODataConnector(here).close()


def test_a_client_secret_never_travels_in_the_clear() -> None:
    there = {"auth": "client_credentials", "client_id": "app", "token_url": "http://sso.internal/t"}
    with pytest.raises(ConfigurationError, match=r"token_url of connection 'crm' is not https"):
        ODataConnector(crm("https://crm.internal/", **there))


@pytest.mark.parametrize(("host", "warnings"), [("crm.internal", 1), ("localhost:80", 0)])
def test_a_login_in_the_clear_is_warned_of_once(
    host: str, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    ODataConnector(crm(f"http://{host}/")).close()
    assert [r.levelno for r in caplog.records] == [logging.WARNING] * warnings
    assert "hush" not in caplog.text


def test_a_bundle_is_trusted_besides_the_public_authorities(tmp_path: Path) -> None:
    """Tokens come from one of those, where the service has a certificate of its own."""
    public, _ = certificate(tmp_path)
    trusted: list[ssl.SSLContext] = []

    class Client(httpx.Client):
        def __init__(self, **options: object) -> None:
            assert isinstance(options["verify"], ssl.SSLContext)
            trusted.append(options["verify"])
            super().__init__()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "Client", Client)
        connection = crm("https://crm.internal/")
        extra = ODataExtra(auth="none", verify=str(public))
        open_client(connection, None, root="https://crm.internal/", extra=extra).close()

    known = httpx.create_ssl_context().cert_store_stats()["x509"]
    assert trusted[0].cert_store_stats()["x509"] == known + 1


def test_no_answer_of_an_authority_is_read_to_its_end() -> None:
    read: list[int] = []

    class Endless(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for number in range(1000):
                read.append(number)
                yield b" " * 2**14

    connection = crm("https://crm.internal/", auth="client_credentials", tenant="t", client_id="a")
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless()))
    with pytest.raises(AuthenticationError, match="cannot be used as authority"):
        ODataConnector(connection, transport, lambda _: None, lambda: 0.0).check()
    assert len(read) < 10
