"""Simulated hosts behind one HTTP transport, for tests of whole connectors.

    authority = Authority([Application("app", secret="hush")])
    transport = simulated({
        "login.microsoftonline.com": create_authority(authority),   # demo.authority.service
        "org.crm4.dynamics.com": create_app(database, accepts=authority.accepts),
    })
    connector = DynamicsConnector(connection, transport=transport, sleep=..., random=...)

Requests go to the ASGI application of their host (`host` or `host:port`), whatever their scheme;
any other host "cannot be reached". MSAL is the real one: it speaks through the connector's
transport. A transport may be given in an application's place, such as `httpx.MockTransport`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

Host = Any
"""An ASGI application, or a transport of httpx."""


def simulated(hosts: Mapping[str, Host]) -> httpx.BaseTransport:
    """A transport that answers for these hosts, without a network."""
    return _Simulated({name: _transport(host) for name, host in hosts.items()})


class _Simulated(httpx.BaseTransport):
    def __init__(self, hosts: Mapping[str, httpx.BaseTransport]) -> None:
        self._hosts = hosts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        names = (request.url.netloc.decode(), request.url.host)
        host = next((self._hosts[name] for name in names if name in self._hosts), None)
        if host is None:
            raise httpx.ConnectError(f"nobody simulates {names[0]}", request=request)
        return host.handle_request(request)


class _Application(httpx.BaseTransport):
    """An ASGI application, asked from code that is not async: an event loop a request."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await httpx.ASGITransport(self._app).handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        body = b"".join([chunk async for chunk in answer.stream])
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body)
        )


def _transport(host: Host) -> httpx.BaseTransport:
    return host if isinstance(host, httpx.BaseTransport) else _Application(host)
