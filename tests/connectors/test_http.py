"""One HTTP client for one system: what is repeated, what is refused, what it is called."""

import gzip
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import httpx
import pytest

from tandem.connectors.http import Answer, Format, Http, Repeats, VerbatimUrl, pause, resolved
from tandem.connectors.http_errors import never_sent
from tandem.errors import (
    AuthenticationError,
    ConfigurationError,
    TandemError,
    Throttled,
    Unreachable,
)

ROOT = "https://erp.example.com/odata/"
JSON = Format("application/json", beginnings=b"{", endings=b"}")
Handler = Callable[[httpx.Request], httpx.Response]


class Clock:
    """Notes how long one would have waited."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def http(handler: Handler, clock: Clock | None = None) -> Http:
    client = httpx.Client(transport=httpx.MockTransport(handler))
    repeats = Repeats(sleep=(clock or Clock()).sleep, random=lambda: 0.5)
    return Http(client, ROOT, "erp", repeats)


def get(handler: Handler, clock: Clock | None = None) -> Answer:
    return http(handler, clock).get(ROOT + "Items", JSON)


def answers(*responses: httpx.Response | Exception) -> Handler:
    """A server that gives these answers, one after the other."""
    left = iter(responses)

    def handle(_: httpx.Request) -> httpx.Response:
        response = next(left)
        if isinstance(response, Exception):
            raise response
        return response

    return handle


def always(status: int, **parts: object) -> Handler:
    return lambda _: httpx.Response(status, **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(408),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(503),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(200, content=b'{"value": ['),
    ],
    ids=str,
)
def test_a_transient_failure_is_repeated(failure: httpx.Response | Exception) -> None:
    clock = Clock()

    answer = get(answers(failure, failure, httpx.Response(200, json={})), clock)

    assert answer.body == b"{}"
    assert clock.waits == [0.5, 1.0]


def test_pauses_grow_and_end() -> None:
    clock = Clock()
    with pytest.raises(Unreachable):
        get(always(500), clock)
    assert clock.waits == [0.5, 1.0, 2.0, 4.0]


def test_pauses_vary_so_that_clients_do_not_come_all_at_once() -> None:
    assert pause(3, Unreachable(""), 0.0) == 1.0
    assert pause(3, Unreachable(""), 1.0) == 3.0


def test_retry_after_in_seconds_is_obeyed() -> None:
    clock = Clock()
    slow_down = httpx.Response(429, headers={"Retry-After": "17"})
    get(answers(slow_down, httpx.Response(200, json={})), clock)
    assert clock.waits == [17.5]


def test_retry_after_as_a_date_counts_from_the_servers_own_clock() -> None:
    clock = Clock()
    dates = {
        "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
        "Retry-After": "Wed, 21 Oct 2015 07:28:20 GMT",
    }
    get(answers(httpx.Response(503, headers=dates), httpx.Response(200, json={})), clock)
    assert clock.waits == [20.5]


def test_a_wish_for_an_hour_is_left_to_the_caller() -> None:
    clock = Clock()
    with pytest.raises(Throttled) as raised:
        get(always(429, headers={"Retry-After": "3600"}), clock)
    assert raised.value.retry_after == 3600
    assert not clock.waits


def test_what_nobody_wants_any_more_is_not_repeated() -> None:
    clock = Clock()
    with pytest.raises(Unreachable):
        http(always(500), clock).get(ROOT, JSON, still_wanted=lambda: False)
    assert not clock.waits


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ConfigurationError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, ConfigurationError),
        (405, ConfigurationError),
        (408, Unreachable),
        (429, Throttled),
        (431, ConfigurationError),
        (500, Unreachable),
        (501, ConfigurationError),
        (504, Unreachable),
    ],
)
def test_each_status_has_its_error(status: int, error: type[TandemError]) -> None:
    with pytest.raises(error, match=str(status)) as raised:
        get(always(status))
    assert type(raised.value) is error


@pytest.mark.parametrize("status", [400, 401, 403, 404, 501])
def test_what_a_person_has_to_mend_is_not_repeated(status: int) -> None:
    clock = Clock()
    with pytest.raises(TandemError):
        get(always(status), clock)
    assert not clock.waits


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"code": "", "message": "Property x is unknown"}}',
        b'{"error": {"message": {"lang": "en", "value": "Property x is unknown"}}}',
        b"Property x is unknown",
    ],
)
def test_the_servers_own_words_are_passed_on(body: bytes) -> None:
    with pytest.raises(ConfigurationError, match="Property x is unknown"):
        get(always(400, content=body))


def test_an_error_page_is_not_passed_on() -> None:
    with pytest.raises(Unreachable) as raised:
        get(always(502, content=b"<html><body>Bad Gateway</body></html>"))
    assert "<" not in str(raised.value)


def test_values_in_the_query_stay_out_of_messages() -> None:
    with pytest.raises(ConfigurationError) as raised:
        http(always(400)).get(ROOT + "Items?$filter=iban eq 'SK31'", JSON)
    assert "SK31" not in str(raised.value)


@pytest.mark.parametrize(
    "response",
    [
        {"content": b"<!DOCTYPE html><html></html>"},
        {"content": b"\n <HTML></HTML>"},
        {"content": b"Please sign in", "headers": {"Content-Type": "text/html; charset=utf-8"}},
    ],
)
def test_a_web_page_is_refused(response: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="web page"):
        get(always(200, **response))


def test_xml_in_place_of_json_is_refused() -> None:
    atom = {"content": b"<service/>", "headers": {"Content-Type": "application/atomsvc+xml"}}
    with pytest.raises(ConfigurationError, match=r"atomsvc\+xml"):
        get(always(200, **atom))


def test_an_empty_answer_is_no_answer() -> None:
    with pytest.raises(Unreachable, match="breaks off"):
        get(always(200, content=b""))


def test_a_flood_is_refused_before_it_is_all_there() -> None:
    sent = []

    def flood() -> Iterator[bytes]:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1024

    with pytest.raises(ConfigurationError, match="more than"):
        http(always(200, content=flood())).get(ROOT, Format("*/*", limit=10_000))
    assert len(sent) < 20


def test_a_redirect_within_the_host_is_followed() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/odata/Items":
            return httpx.Response(302, headers={"Location": "/odata/(S(abc))/Items"})
        return httpx.Response(200, json={"path": request.url.path})

    answer = get(handle)

    assert answer.url == "https://erp.example.com/odata/(S(abc))/Items"
    assert b"(S(abc))" in answer.body


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example.com/odata/",
        "http://erp.example.com/odata/",
        "https://erp.example.com:8443/odata/",
        "//evil.example.com/odata/",
        "https://erp.example.com@evil.example.com/",
    ],
)
def test_a_redirect_to_another_host_is_never_followed(location: str) -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": location})

    with pytest.raises(ConfigurationError, match="another host is never followed"):
        get(handle)
    assert asked == ["erp.example.com"]


def test_redirects_in_a_circle_end() -> None:
    clock = Clock()
    with pytest.raises(Unreachable, match="circle"):
        get(always(302, headers={"Location": ROOT}), clock)
    assert not clock.waits


@pytest.mark.parametrize(
    ("link", "sent"),
    [
        ("https://h/a?$skiptoken=%3Ccookie%20p=%222%22%20c=%22%253c%2522", None),
        ("https://h/a?x=<\"{}|^`>[]'+%zz", None),
        ("https://h/a/../b;c?d=1#frag", "/a/../b;c?d=1"),
        ("https://h", "/"),
        ("https://h?a=b c", "/?a=b%20c"),
        ("https://h/ž", "/%C5%BE"),
    ],
)
def test_a_link_is_sent_character_by_character(link: str, sent: str | None) -> None:
    expected = sent or link.removeprefix("https://h")
    assert VerbatimUrl(link).raw_path.decode() == expected


class OneAnswer(BaseHTTPRequestHandler):
    """Answers with what the server holds, byte by byte, and notes the request line."""

    raw = b""
    lines: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.lines.append(self.requestline)
        self.wfile.write(self.raw)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(raw: bytes, context: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[str]]]:
    lines: list[str] = []
    handler = type("Handler", (OneAnswer,), {"raw": raw, "lines": lines})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/", lines
        server.shutdown()


def really_get(root: str, path: str = "") -> Answer:
    with httpx.Client() as client:
        connection = Http(client, root, "erp", Repeats(sleep=Clock().sleep))
        return connection.get(root + path, JSON)


def test_the_link_goes_over_the_wire_unchanged() -> None:
    link = "Items?$skiptoken=%3Ccookie%20a=%22<\"'{%253d}|"
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (root, lines):
        really_get(root, link)
    assert lines == [f"GET /{link} HTTP/1.1"]


def test_a_body_shorter_than_announced_is_unreachable() -> None:
    with (
        serving(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"value"') as (root, lines),
        pytest.raises(Unreachable, match="broke off"),
    ):
        really_get(root)
    assert len(lines) == 5


def test_a_refused_connection_names_host_and_cause() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Unreachable, match=rf"{host} cannot be reached: it refused"):
            really_get(f"http://{host}/")


def test_a_host_without_address_names_the_cause() -> None:
    with pytest.raises(Unreachable, match=r"nowhere\.invalid cannot be reached: .*DNS"):
        really_get("http://nowhere.invalid/")


def test_a_certificate_that_nobody_vouches_for_names_the_remedy(
    certificate: tuple[str, str],
) -> None:
    clock = Clock()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with (
        serving(b"", context) as (root, _),
        pytest.raises(Unreachable, match=r"certificate is not trusted.*CA bundle"),
        httpx.Client() as client,
    ):
        Http(client, root, "erp", Repeats(sleep=clock.sleep)).get(root, JSON)
    assert not clock.waits


def test_https_where_only_http_is_spoken_is_told() -> None:
    with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (root, _), pytest.raises(Unreachable):
        really_get(root.replace("http:", "https:"))


def test_what_http_cannot_carry_is_refused_without_being_shown() -> None:
    handler = answers(httpx.LocalProtocolError("Illegal header value b'Bearer s3cret'"))
    with pytest.raises(ConfigurationError, match="password") as raised:
        get(handler)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_what_the_server_says_cannot_steer_a_terminal() -> None:
    body = {"error": {"message": "\x1b[31mred\x07 \x9b \ud800\nERROR forged"}}
    with pytest.raises(ConfigurationError) as raised:
        get(always(400, content=json.dumps(body)))
    said = str(raised.value)
    assert said.isprintable()
    assert r"\u001b[31mred" in said


def test_the_server_s_words_end_before_the_remedy_begins() -> None:
    with pytest.raises(AuthenticationError, match=r"not yours\. Give the user"):
        get(always(403, content=b"not yours"))


@pytest.mark.parametrize("failure", [httpx.Response(500), httpx.Response(200, content=b"{")])
def test_a_failure_of_the_service_says_what_to_do(failure: httpx.Response) -> None:
    with pytest.raises(Unreachable, match="ask whoever runs the service"):
        get(answers(*[failure] * 5))


@pytest.mark.parametrize("wish", ["\xb2", "9" * 5000, "-1", "", "Wed, 21 Oct 99999 07:28:00 GMT"])
def test_a_wish_that_makes_no_sense_is_as_good_as_none(wish: str) -> None:
    clock = Clock()
    slow_down = httpx.Response(429, headers=[(b"Retry-After", wish.encode("latin-1"))])
    get(answers(slow_down, httpx.Response(200, json={})), clock)
    assert clock.waits == [0.5]


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,deflate", "br", "zstd"])
def test_a_coding_that_was_not_asked_for_is_refused_unread(coding: str) -> None:
    content = iter([gzip.compress(gzip.compress(b"{}"))])
    handler = always(200, content=content, headers={"Content-Encoding": coding})
    with pytest.raises(ConfigurationError, match="Content-Encoding"):
        get(handler)


def test_compressed_answers_are_asked_for_and_read() -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Accept-Encoding"])
        content = gzip.compress(b"{}")
        return httpx.Response(200, content=content, headers={"Content-Encoding": "gzip"})

    assert get(handle).body == b"{}"
    assert asked == ["gzip, deflate"]


def test_of_a_long_complaint_only_the_beginning_is_read() -> None:
    sent = []

    def flood() -> Iterator[bytes]:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1024

    with pytest.raises(ConfigurationError, match="xxx…"):
        get(always(400, content=flood()))
    assert len(sent) < 100


@pytest.mark.parametrize("link", ["\ud800", "https://h\ud800/", "http://[::1/x", "https://h:x/"])
def test_a_location_that_is_no_url_is_refused(link: str) -> None:
    with pytest.raises(ConfigurationError, match="never followed"):
        http(always(200)).get(resolved("bad:", link), JSON)


def test_a_failure_that_was_dealt_with_before_says_nothing_of_a_request() -> None:
    for failure, unsent in (httpx.ReadTimeout("slow"), False), (httpx.ConnectError("no"), True):
        client = http(answers(failure))
        try:
            raise httpx.ConnectError("earlier")
        except httpx.ConnectError:
            with pytest.raises(Unreachable) as raised:
                client.send("POST", ROOT + "Items", {}, b"{}")
        assert never_sent(raised.value) is unsent
