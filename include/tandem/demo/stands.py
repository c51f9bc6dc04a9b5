"""The services that can be started by hand, each with the connection that leads to it."""

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from tandem.demo.data import Sizes
from tandem.demo.dialects import Dialect

CLIENT_ID: Final = "5a3c1f0e-7d2b-4e8a-9b61-0c4d2e8f7a11"
CLIENT_SECRET: Final = "for-the-demo-only"  # noqa: S105 it opens nothing but the demo
LOGIN: Final = "sync"
PASSWORD: Final = "sync"  # noqa: S105 likewise


@dataclass(frozen=True, slots=True)
class Stand:
    """A service that is ready to be served."""

    title: str
    app: ASGIApp
    root: str
    """Path of the service root, for people."""
    connections: Mapping[str, Mapping[str, Any]]
    """What distinguishes it → the connection, as JSON of an Airflow connection has it."""
    notes: tuple[str, ...] = ()

    def exports(self, name: str = "CRM") -> list[tuple[str, str]]:
        """Each connection as a line for a shell, with what distinguishes it."""
        return [
            (title, f"export AIRFLOW_CONN_{name}={shlex.quote(json.dumps(connection))}")
            for title, connection in self.connections.items()
        ]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stand will be, and with what."""

    base: str
    """Scheme, host and port."""
    database: Path
    sizes: Sizes
    trust: Path | None
    """The certificate to trust; None: it is plain HTTP."""
    credentials: tuple[str, str] | None = None


def stand(dialect: Dialect, place: Place) -> Stand:
    """The service with its sample records, which are made where there are none."""
    return _STANDS[dialect](place)


def signs_in(dialect: Dialect) -> bool:
    """Whether tokens open it, so that an authority has to stand beside it."""
    return dialect in (Dialect.DYNAMICS, Dialect.BUSINESS_CENTRAL)


def _odata(place: Place) -> Stand:
    from tandem.demo.data import fill
    from tandem.demo.schema import FIELD_SERVICE
    from tandem.demo.service import ROOT, create_app
    from tandem.demo.store import Store

    fill(Store(place.database, FIELD_SERVICE), place.sizes)
    app = create_app(place.database, credentials=place.credentials)
    connection = {"conn_type": "odata", "host": f"{place.base}{ROOT}"}
    return Stand("OData v4 demo service", app, ROOT, {"": connection | _login(place.credentials)})


def _dynamics(place: Place) -> Stand:
    from tandem.demo.dynamics.organization import ROOT
    from tandem.demo.dynamics.sample import fill
    from tandem.demo.dynamics.service import create_app

    fill(place.database, place.sizes)
    with_authority = _WithAuthority(place.base, ROOT)
    app = create_app(place.database, accepts=with_authority.accepts)
    connection = {"conn_type": "dynamics", "host": f"{place.base}{ROOT}"}
    return _signed(place, "Dynamics 365 (Dataverse)", ROOT, connection, with_authority.over(app))


def _business_central(place: Place) -> Stand:
    from tandem.demo.business_central.sample import fill
    from tandem.demo.business_central.service import BASE, ROOT, create_app

    fill(place.database, place.sizes)
    with_authority = _WithAuthority(place.base, BASE)
    app = create_app(place.database, accepts=with_authority.accepts)
    connection = {"conn_type": "business_central", "host": place.base}
    return _signed(place, "Business Central", ROOT, connection, with_authority.over(app))


def _resco(place: Place) -> Stand:
    from tandem.demo.resco.sample import fill
    from tandem.demo.resco.service import ODATA, create_app

    credentials = place.credentials or (LOGIN, PASSWORD)
    app = create_app(place.database, credentials=credentials)
    fill(app.state.organization, place.sizes)
    root = f"{ODATA}/{app.state.organization.name}/"
    connection = {"conn_type": "resco", "host": f"{place.base}{root}"} | _login(credentials)
    return Stand("Resco Cloud", app, root, {"": connection})


_STANDS: Final[Mapping[Dialect, Callable[[Place], Stand]]] = {
    Dialect.ODATA: _odata,
    Dialect.DYNAMICS: _dynamics,
    Dialect.BUSINESS_CENTRAL: _business_central,
    Dialect.RESCO: _resco,
}


def _login(credentials: tuple[str, str] | None) -> dict[str, str]:
    return {"login": credentials[0], "password": credentials[1]} if credentials else {}


def _signed(place: Place, title: str, root: str, connection: dict[str, Any], app: ASGIApp) -> Stand:
    from tandem.demo.authority.authority import TENANT

    extra = {
        "tenant": TENANT,
        "client_id": CLIENT_ID,
        "authority": f"{place.base}/{TENANT}",
        "verify": str(place.trust),
    }
    by_secret = {"password": CLIENT_SECRET, "extra": {**extra, "auth": "client_credentials"}}
    return Stand(
        title,
        app,
        root,
        {
            "as an application": connection | by_secret,
            "as a person, by a code": connection | {"extra": {**extra, "auth": "device_code"}},
        },
        (f"Codes are entered at {place.base}/devicelogin",),
    )


class _WithAuthority:
    """An authority and a system on one host: the system has the paths below its root."""

    def __init__(self, base: str, root: str) -> None:
        from tandem.demo.authority.authority import Authority
        from tandem.demo.authority.grants import Application
        from tandem.demo.authority.service import create_app

        authority = Authority(
            [Application(CLIENT_ID, CLIENT_SECRET)], verification=f"{base}/devicelogin"
        )
        self.accepts = authority.accepts
        self._authority = create_app(authority)
        self._root = root

    def over(self, system: ASGIApp) -> ASGIApp:
        """Both as one application."""

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope.get("path", "")
            app = system if path.startswith(self._root) or path == "/health" else self._authority
            await app(scope, receive, send)

        return both
