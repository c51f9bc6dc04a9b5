"""A real Airflow with the pages in it, the demo service beside it, and a real browser."""

import json
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Frame, Page, expect, sync_playwright

from tandem.demo.data import Sizes, fill
from tandem.demo.house import House, without_airflow
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.standalone import standalone, wait_until_healthy
from tandem.demo.store import Store

PROJECT: Final = Path(__file__).parents[2]
PASSWORD: Final = secrets.token_hex(8)
ROLES: Final = ("admin", "op", "user", "viewer")
PATIENCE: Final = 90_000
"""Milliseconds that a page may take on a busy machine."""
SHOTS: Final = PROJECT / ".screenshots"
"""Where screenshots of a passing run are left; the README's are taken from there."""


expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Installation:
    """An Airflow with Tandem's pages, and its surroundings."""

    url: str
    home: Path
    service_url: str
    environment: dict[str, str]

    @property
    def integrations(self) -> Path:
        """The folder of integration files."""
        return Path(self.environment["TANDEM_CONFIG"])

    @property
    def database(self) -> Path:
        """The local side of the demo integration."""
        return self.home / "northwind.db"

    def token(self, role: str) -> str:
        """A bearer token of the user of that role."""
        body = {"username": role, "password": PASSWORD}
        answer = httpx.post(f"{self.url}/auth/token", json=body, timeout=30)
        return str(answer.json()["access_token"])

    def wait_for_dag(self, dag_id: str) -> None:
        """Return when Airflow has read the file that the DAG comes from."""
        headers = {"Authorization": f"Bearer {self.token('admin')}"}
        for _ in range(120):
            answer = httpx.get(f"{self.url}/api/v2/dags/{dag_id}", headers=headers, timeout=30)
            if answer.status_code == 200:
                return
            time.sleep(1)
        raise TimeoutError(f"Airflow did not read {dag_id} in two minutes.")

    def program(self, role: str) -> httpx.Client:
        """A program that calls the REST API as that user."""
        headers = {"Authorization": f"Bearer {self.token(role)}", "Accept": "application/json"}
        return httpx.Client(base_url=f"{self.url}/tandem", headers=headers, timeout=60)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running Airflow with a user of each role, the integration northwind, and no runs yet."""
    home = tmp_path_factory.mktemp("airflow")
    (home / "integrations").mkdir()
    shutil.copy(PROJECT / "config" / "integrations" / "northwind.yaml", home / "integrations")
    passwords = dict.fromkeys(ROLES, PASSWORD)
    (home / "simple_auth_manager_passwords.json.generated").write_text(json.dumps(passwords))
    fill(
        Store(home / "service.db", FIELD_SERVICE),
        Sizes(accounts=40, contacts=60, work_orders=80),
    )
    port = _free_port()
    with serving(create_app(home / "service.db")) as service_url:
        environment = House(PROJECT, home).environment(without_airflow(), service_url) | {
            "TANDEM_CONFIG": str(home / "integrations"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{r}:{r}" for r in ROLES),
            "AIRFLOW_CONN_CRM_API": json.dumps({"conn_type": "odata", "host": service_url}),
            "AIRFLOW_CONN_CRM_LOCAL": json.dumps(
                {"conn_type": "sql", "extra": {"url": f"sqlite:///{home}/crm.db"}}
            ),
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        }
        log = home / "standalone.log"
        with standalone(environment, log) as process:
            wait_until_healthy(process, port)
            found = Installation(f"http://localhost:{port}", home, service_url, environment)
            found.wait_for_dag("northwind__sync")
            yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as the machine has it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: make chromium installs Debian's")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser, logged in to Airflow."""

    page: Page
    url: str

    def opens(self, path: str) -> Frame:
        """Go to the pages by Airflow's navigation, then to one of them; the frame that it is in."""
        self.page.goto(f"{self.url}/plugin/integrations")
        frame = self.frame
        # Until it has gone where Airflow sends it, that would overtake us.
        frame.wait_for_url(f"{self.url}/tandem/**")
        if path:
            frame.goto(f"{self.url}/tandem/{path}")
        return frame

    @property
    def frame(self) -> Frame:
        """The frame of the pages within Airflow's."""
        self.page.wait_for_selector("iframe")
        found = self.page.query_selector("iframe")
        frame = found.content_frame() if found else None
        assert frame is not None
        return frame

    def shot(self, name: str) -> None:
        """Keep what is seen."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture(scope="module")
def visitor(installation: Installation, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Logs the user of a role in; options are those of a browser's context."""
    contexts = []

    def log_in(role: str = "admin", **options: Any) -> Visitor:
        context = browser.new_context(viewport={"width": 1360, "height": 850}, **options)
        contexts.append(context)
        token = {"name": "_token", "value": installation.token(role), "url": installation.url}
        context.add_cookies([token])  # what Airflow's login page leaves
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        return Visitor(page, installation.url)

    yield log_in
    for context in contexts:
        context.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
