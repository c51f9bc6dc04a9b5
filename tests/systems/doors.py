"""Every system, and every way in: a simulated system behind its door, and the key to it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.simulated import simulated
from tests.systems.hunt import Hunt

from tandem.connectors.base import Connector
from tandem.connectors.business_central.connector import BusinessCentralConnector
from tandem.connectors.dynamics.connector import DynamicsConnector
from tandem.connectors.odata.connector import ODataConnector
from tandem.connectors.resco.connector import RescoConnector
from tandem.demo.authority.authority import TENANT, Authority
from tandem.demo.authority.grants import Application
from tandem.demo.authority.service import HOST as AUTHORITY
from tandem.demo.authority.service import create_app as create_authority
from tandem.demo.business_central.sample import COMPANIES
from tandem.demo.business_central.sample import fill as fill_business_central
from tandem.demo.business_central.service import create_app as create_business_central
from tandem.demo.data import Sizes, fill
from tandem.demo.dynamics.organization import ROOT as DATAVERSE
from tandem.demo.dynamics.sample import fill as fill_dynamics
from tandem.demo.dynamics.service import create_app as create_dynamics
from tandem.demo.resco.sample import fill as fill_resco
from tandem.demo.resco.service import create_app as create_resco
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.service import ROOT
from tandem.demo.service import create_app as create_odata
from tandem.demo.store import Store
from tandem.model.connection import Connection

Record = dict[str, Any]
Trouble = Callable[[httpx.Request], httpx.Response]
"""What becomes of a request in place of its answer."""

SYSTEM = "there.example"
CLIENT = "5a3c1f0e-app"
LOGIN = "sync@contoso.example"
SECRET = 'Pa~"ss/w+ö r&d\\8Q'
"""With what JSON, URLs, HTML and forms write otherwise."""
PASTED = 'tok-"en/+&\\8Q~A=='
"""The same, of characters that a header can carry."""
SIZES = Sizes(4, 4, 4)
MAPPED = {
    "odata": ("Accounts", "ID", "name"),
    "dynamics": ("accounts", "accountid", "name"),
    "business_central": ("customers", "id", "displayName"),
    "resco": ("account", "id", "name"),
}


@dataclass
class Door(httpx.BaseTransport):
    """A system and its authority; whatever opens the door is hidden before it is used."""

    folder: Path
    conn_type: str
    auth: str
    hunt: Hunt
    files: Path
    """What a run leaves here is looked at whenever it asks for something."""
    authority: Authority = field(
        default_factory=lambda: Authority([Application(CLIENT, secret=SECRET)])
    )
    troubles: list[Trouble] = field(default_factory=list)
    """What becomes of the next requests to the system."""
    at_authority: list[Trouble] = field(default_factory=list)
    """The same, of those to the authority."""
    enters: bool = True
    """Whether somebody enters a code that waits."""

    def __post_init__(self) -> None:
        gate = _Gate(self._system(), self._admits) if self.conn_type == "odata" else self._system()
        self._inside = simulated({AUTHORITY: create_authority(self.authority), SYSTEM: gate})
        self.hunt.hide(SECRET, PASTED, login=LOGIN)

    @property
    def connection(self) -> Connection:
        """The connection that lets in."""
        extra: Record = {
            "auth": self.auth,
            "tenant": TENANT,
            "client_id": CLIENT,
            "headers": {"X-Gateway-Key": PASTED},
        }
        ways: dict[str, Record] = {
            "basic": {"login": LOGIN, "password": SECRET, "extra": {"headers": extra["headers"]}},
            "bearer": {"password": PASTED, "extra": {"auth": "bearer"}},
            "api_key": {"password": PASTED, "extra": {"auth": "api_key"}},
            "client_credentials": {"password": SECRET, "extra": extra},
            "device_code": {"extra": extra},
            "endpoint": {"password": SECRET, "extra": {**extra, **_ENDPOINT}},
        }
        found = ways[self.auth]
        if self.conn_type == "business_central":
            found["extra"]["company"] = COMPANIES[0].name
        host = f"https://{SYSTEM}{ROOT}" if self.conn_type == "odata" else f"https://{SYSTEM}"
        if self.conn_type == "dynamics":
            host += DATAVERSE
        if self.conn_type == "resco":
            host += "/odata/v4/demo/"
        return Connection(id="there", conn_type=self.conn_type, host=host, **found)

    def connect(self, connection: Connection) -> Connector:
        """A connector that comes to this door, and does not sleep."""
        kinds: dict[str, Any] = {
            "odata": ODataConnector,
            "dynamics": DynamicsConnector,
            "business_central": BusinessCentralConnector,
            "resco": RescoConnector,
        }
        found: Connector = kinds[self.conn_type](
            connection, transport=self, sleep=self._while_it_sleeps, random=lambda: 0.5
        )
        return found

    @property
    def mapping(self) -> Record:
        """One entity, both ways."""
        entity, key, name = MAPPED[self.conn_type]
        fields = [{"external": key, "local": "there"}, {"external": name, "local": "name"}]
        return {
            "external": entity,
            "local": "account",
            "direction": "bidirectional",
            "first_sync": "link_and_merge",
            "fields": fields[1:],
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As a transport: note the secrets of the request, look around, answer."""
        request.read()
        for name in ("Authorization", "x-api-key"):
            value = request.headers.get(name, "")
            self.hunt.hide(value, value.partition(" ")[2])
        self.hunt.files(self.files, "tandem.key")
        to_system = request.url.host == SYSTEM
        troubles = self.troubles if to_system else self.at_authority
        if troubles and (to_system or request.method == "POST"):
            return troubles.pop(0)(request)
        return self._inside.handle_request(request)

    @property
    def has_tokens(self) -> bool:
        """Whether what opens the door is replaced after a 401."""
        return self.auth in ("client_credentials", "device_code", "endpoint")

    def _while_it_sleeps(self, _: float) -> None:
        for code in self.authority.waiting if self.enters else ():
            self.authority.complete(code)

    def _admits(self, headers: dict[str, str]) -> bool:
        authorization, key = headers.get("authorization", ""), headers.get("x-api-key", "")
        if self.auth == "api_key":
            return key == PASTED
        if self.auth == "bearer":
            return authorization == f"Bearer {PASTED}"
        if self.auth == "basic":
            basic = base64.b64encode(f"{LOGIN}:{SECRET}".encode()).decode()
            return authorization == f"Basic {basic}"
        return self.authority.accepts(authorization.removeprefix("Bearer "))

    def _system(self) -> Any:
        database, accepts = self.folder / "there.db", self.authority.accepts
        if self.conn_type == "dynamics":
            fill_dynamics(database, SIZES)
            return create_dynamics(database, accepts=accepts)
        if self.conn_type == "business_central":
            fill_business_central(database, SIZES)
            return create_business_central(database, accepts=accepts)
        if self.conn_type == "resco":
            app = create_resco(database, credentials=(LOGIN, SECRET))
            fill_resco(app.state.organization, SIZES)
            return app
        fill(Store(database, FIELD_SERVICE), SIZES)
        return create_odata(database)


_ENDPOINT = {
    "auth": "client_credentials",
    "tenant": None,
    "token_url": f"https://{AUTHORITY}/{TENANT}/oauth2/v2.0/token",
    "scope": f"https://{SYSTEM}/.default",
}


@dataclass
class _Gate:
    """An ASGI application behind a door."""

    app: Any
    admits: Callable[[dict[str, str]], bool]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        if self.admits(headers):
            await self.app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})


# Troubles.


def throttled(request: httpx.Request) -> httpx.Response:
    """429, in words that quote the credentials."""
    said = f"Slow down, {_credentials(request)}"
    return httpx.Response(
        429, json={"error": {"code": "TooManyRequests", "message": said}}, request=request
    )


def refused(request: httpx.Request) -> httpx.Response:
    """401, likewise."""
    said = f"The credentials are no good: {_credentials(request)}"
    body = {"error": {"code": "Unauthorized", "message": said}}
    return httpx.Response(401, json=body, request=request)


def failed(request: httpx.Request) -> httpx.Response:
    """500 with a plain text that quotes all headers, as debug pages do."""
    text = f"Unhandled error in {request.method}: {json.dumps(dict(request.headers))}"
    return httpx.Response(400, text=text, request=request)


def broken(request: httpx.Request) -> httpx.Response:
    """The connection breaks off."""
    raise httpx.ReadError("connection reset by peer", request=request)


def echoed(request: httpx.Request) -> httpx.Response:
    """An authority's refusal that quotes what it was sent."""
    text = request.content.decode()
    said = {"error": "invalid_client", "error_description": f"Cannot use {text}"}
    return httpx.Response(401, json=said, request=request)


def _credentials(request: httpx.Request) -> str:
    return request.headers.get("Authorization") or request.headers.get("x-api-key", "")
