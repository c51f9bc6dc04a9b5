"""A small OData service for tests, as a transport."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tandem.connectors.odata.connector import ODataConnector
from tandem.model.connection import Connection

ROOT = "https://erp.example.com/odata/"
Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Service:
    """Answers request targets with what was laid down for them, and notes what it was asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode().removeprefix("/odata/")
        self.asked.append(target)
        self.requests.append(request)
        reply = self._reply(target)
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    def _reply(self, target: str) -> Reply:
        if target in self.replies:
            return self.replies[target]
        path = target.partition("?")[0]
        return self.replies.get(path, httpx.Response(404))

    def options(self, at: int = -1) -> dict[str, str]:
        """The query options of a request, decoded."""
        query = parse_qs(urlsplit(self.asked[at]).query)
        return {name: values[0] for name, values in query.items()}

    def connector(self, **connection: Any) -> ODataConnector:
        """A connector to this service that does not wait."""
        parts = {"id": "erp", "conn_type": "odata", "host": ROOT, **connection}
        return ODataConnector(
            Connection(**parts),
            transport=httpx.MockTransport(self),
            sleep=lambda _: None,
            random=lambda: 0.5,
        )


@pytest.fixture
def service() -> Service:
    """A service that knows nothing yet."""
    return Service()
