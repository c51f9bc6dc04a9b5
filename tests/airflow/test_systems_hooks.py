"""The Test button of every connection type, against simulated systems, through Airflow itself."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse
from tests.systems.hosted import CLIENT, Hosted, hosted
from tests.systems.hunt import Hunt, lines

from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Application
from tandem.demo.business_central.sample import COMPANIES
from tandem.demo.business_central.sample import fill as fill_business_central
from tandem.demo.business_central.service import BASE
from tandem.demo.business_central.service import create_app as create_business_central
from tandem.demo.data import Sizes, fill
from tandem.demo.dynamics.organization import ROOT as DATAVERSE
from tandem.demo.dynamics.sample import fill as fill_dynamics
from tandem.demo.dynamics.service import create_app as create_dynamics
from tandem.demo.resco.sample import fill as fill_resco
from tandem.demo.resco.service import create_app as create_resco
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.service import ROOT as PLAIN
from tandem.demo.service import create_app as create_odata
from tandem.demo.store import Store

pytestmark = pytest.mark.airflow

Press = Callable[..., tuple[bool, str]]

PROJECT = Path(__file__).parents[2]
SECRET = "s3cret~of/the+app"
LOGIN = "sync@contoso.example"
PASSWORD = "pass-w0rd&of=sync"
SIZES = Sizes(2, 2, 2)
NOWHERE = "https://127.0.0.1:9"


@dataclass
class Definitions:
    """A Dataverse that may refuse to tell its table definitions."""

    app: Any
    refused: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.refused and "EntityDefinitions" in scope["path"]:
            error = {"code": "0x80040220", "message": "Principal user is missing prvReadEntity."}
            await JSONResponse({"error": error}, 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)


@dataclass
class Street:
    """All systems on one host."""

    host: Hosted
    authority: Authority
    definitions: "Definitions"
    hunt: Hunt

    @property
    def connections(self) -> dict[str, dict[str, Any]]:
        """The connection that works, of each type."""
        host, extra = self.host, self.host.sign_in()
        basic = {"login": LOGIN, "password": PASSWORD, "extra": {"verify": str(host.trust)}}
        company = {"company": COMPANIES[0].name}
        found = {
            "odata": {"host": f"{host.base}{PLAIN}", **basic},
            "dynamics": {"host": f"{host.base}{DATAVERSE}", "password": SECRET, "extra": extra},
            "business_central": {
                "host": host.base,
                "password": SECRET,
                "extra": {**extra, **company},
            },
            "resco": {"host": f"{host.base}/odata/v4/resco/", **basic},
        }
        return {name: {"conn_type": name, **each} for name, each in found.items()}

    def connection(self, conn_type: str, **changes: Any) -> dict[str, Any]:
        """That connection with changes; those of its extra by their names there."""
        found = self.connections[conn_type]
        fields = {"host", "login", "password"}
        extra = {k: v for k, v in changes.items() if k not in fields}
        return {
            **found,
            **{k: v for k, v in changes.items() if k in fields},
            "extra": {**found["extra"], **extra},
        }


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    folder = tmp_path_factory.mktemp("street")
    authority = Authority([Application(CLIENT, SECRET)], interval=1)
    fill(Store(folder / "odata.db", FIELD_SERVICE), SIZES)
    fill_dynamics(folder / "dynamics.db", SIZES)
    fill_business_central(folder / "bc.db", SIZES)
    credentials = (LOGIN, PASSWORD)
    resco = create_resco(folder / "resco.db", organization="resco", credentials=credentials)
    fill_resco(resco.state.organization, SIZES)
    accepts = authority.accepts
    dataverse = Definitions(create_dynamics(folder / "dynamics.db", accepts=accepts))
    systems = {
        PLAIN: create_odata(folder / "odata.db", credentials=credentials),
        "/odata/v4/resco": resco,
        "/rest/v1/": resco,
        DATAVERSE: dataverse,
        BASE: create_business_central(folder / "bc.db", accepts=accepts),
    }
    hunt = Hunt()
    hunt.hide(SECRET, PASSWORD, login=LOGIN)
    with hosted(folder, authority, systems) as host:
        yield Street(host, authority, dataverse, hunt)


@pytest.fixture(scope="module")
def press(street: Street, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """The button; in the end nothing that was written down tells a secret."""
    home = tmp_path_factory.mktemp("home")
    (home / "logs").mkdir()
    written = home / "logs" / "stderr"
    with written.open("w") as errors:
        tester = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "hook_tester.py")],
            env={"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(home)},
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

        def press(connection: dict[str, Any]) -> tuple[bool, str]:
            assert tester.stdin
            assert tester.stdout
            tester.stdin.write(json.dumps(connection) + "\n")
            tester.stdin.flush()
            works, message = json.loads(tester.stdout.readline() or '["died", ""]')
            street.hunt.text("message", message)
            return works, message

        yield press
        tester.communicate()
    street.hunt.hide(*street.authority.secrets)
    street.hunt.files(home, "tandem.key")
    found = street.hunt.found()
    assert not found, lines(found)


WORKS = {
    "odata": r"OData 4.0 service at https://localhost:\d+/odata/v4/demo/ with 3 entity sets",
    "dynamics": r"Dataverse at https://localhost:\d+/api/data/v9.2/: organisation \S+, user \S+; "
    r"\d+ tables, \d+ track changes.*",
    "business_central": r"Business Central, environment Production, company 'CRONUS[^']*'.*, "
    r"API v2.0: \d+ entities; \d+ read by what changed; .*"
    "deletions are found by comparing keys",
    "resco": "Resco Cloud organization resco, user .*; OData 4.0 service at .*",
}


@pytest.mark.parametrize("conn_type", WORKS)
def test_a_connection_that_works_says_what_it_leads_to(
    street: Street, press: Press, conn_type: str
) -> None:
    works, message = press(street.connection(conn_type))
    assert works, message
    assert re.fullmatch(WORKS[conn_type], message), message


@pytest.mark.parametrize(
    ("conn_type", "said", "remedy"),
    [
        ("odata", "does not accept our credentials (401)", "Check the sign-in of connection"),
        ("resco", "does not accept our credentials (401)", "Check the sign-in of connection"),
        ("dynamics", "AADSTS7000215", "Enter the client secret again"),
        ("business_central", "AADSTS7000215", "Enter the client secret again"),
    ],
)
def test_a_wrong_secret_is_said_to_be_wrong(
    street: Street, press: Press, conn_type: str, said: str, remedy: str
) -> None:
    works, message = press(street.connection(conn_type, password="wrong-one-entered"))
    street.hunt.hide("wrong-one-entered", login=LOGIN)
    assert not works
    assert said in message
    assert remedy in message


@pytest.mark.parametrize("conn_type", WORKS)
def test_a_host_that_is_not_there_is_named(street: Street, press: Press, conn_type: str) -> None:
    host = f"{NOWHERE}/odata/v4/resco/" if conn_type == "resco" else NOWHERE
    works, message = press(street.connection(conn_type, host=host))
    assert not works
    assert "127.0.0.1:9 cannot be reached: it refused the connection" in message
    assert "Check the host of the connection" in message


def test_an_authority_that_is_not_there_is_named(street: Street, press: Press) -> None:
    works, message = press(street.connection("dynamics", authority=f"{NOWHERE}/contoso.example"))
    assert not works
    assert "127.0.0.1:9 cannot be reached: it refused the connection" in message


def test_a_certificate_that_is_not_trusted_has_its_remedy(street: Street, press: Press) -> None:
    works, message = press(street.connection("resco", verify=None))
    assert not works
    assert "its TLS certificate is not trusted" in message
    assert '{"verify": "…"}' in message


def test_a_wrong_company_lists_those_that_there_are(street: Street, press: Press) -> None:
    works, message = press(street.connection("business_central", company="Fabrikam"))
    assert not works
    assert "There is no company 'Fabrikam'" in message
    assert all(company.name in message for company in COMPANIES)
    works, message = press(street.connection("business_central", company=""))
    assert not works
    assert "does not say which company it is for" in message


@pytest.mark.parametrize("conn_type", ["dynamics", "business_central"])
def test_a_wrong_tenant_is_said_to_be_wrong(street: Street, press: Press, conn_type: str) -> None:
    authority = f"{street.host.base}/fabrikam.example"
    works, message = press(street.connection(conn_type, authority=authority))
    assert not works
    assert "Tenant 'fabrikam.example' not found" in message
    assert "Check tenant and authority" in message


def test_an_organization_that_is_not_there_is_named(street: Street, press: Press) -> None:
    host = street.connection("resco")["host"].replace("resco/", "resco2/")
    works, message = press(street.connection("resco", host=host))
    assert not works
    assert "resco2" in message


@pytest.mark.parametrize("conn_type", ["dynamics", "business_central"])
def test_a_code_waits_until_it_is_entered(street: Street, press: Press, conn_type: str) -> None:
    connection = street.connection(conn_type, password=None, auth="device_code")
    if conn_type == "dynamics":  # two systems at one address would share a person's sign-in
        connection["host"] = connection["host"].replace("localhost", "127.0.0.1")
    first, second = press(connection), press(connection)
    (code,) = street.authority.waiting
    go = f"Go to https://microsoft.com/devicelogin and enter the code {code}."
    assert first == second == (False, f"{go} Then press Test again.")
    assert street.host.enter(code).status_code == 200
    works, message = press(connection)
    assert works, message
    asked = len(street.authority.asked)
    assert press(connection) == (True, message)
    assert len(street.authority.asked) == asked


def test_a_code_that_was_declined_gives_way_to_another(street: Street, press: Press) -> None:
    person = {"login": "adele", "password": None, "auth": "device_code"}
    connection = street.connection("business_central", **person)
    _, first = press(connection)
    (code,) = street.authority.waiting
    street.authority.decline(code)
    works, second = press(connection)
    assert not works
    assert "enter the code" in second
    assert second != first


def test_a_custom_api_that_is_not_there_is_named(street: Street, press: Press) -> None:
    works, message = press(street.connection("business_central", route="contoso/app2/v1.0"))
    assert not works
    assert "contoso/app2/v1.0" in message


def test_what_does_not_work_is_said_beside_what_does(street: Street, press: Press) -> None:
    """The service answers, and says who we are, but not what its tables are."""
    street.definitions.refused = True
    works, message = press(street.connection("dynamics"))
    street.definitions.refused = False
    assert works
    assert "organisation" in message
    assert "the table definitions cannot be read" in message
    assert "prvReadEntity" in message
