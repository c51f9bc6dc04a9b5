import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tandem.demo.server import serving, wait_until_ready
from tandem.demo.service import ROOT, create_app


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "", "GET"),
        ("DELETE", "$metadata", "GET"),
        ("PATCH", "Accounts", "GET, POST"),
        ("PUT", "Accounts(11111111-1111-4111-8111-111111111111)", "GET, PATCH, DELETE"),
        ("POST", "Accounts/$count", "GET"),
    ],
)
def test_method_that_does_not_apply_is_a_405(client: httpx.Client, method, path, allowed):
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert response.json()["error"]["code"] == "MethodNotAllowed"


def test_head_has_the_headers_of_get(client: httpx.Client):
    head = client.head("Accounts")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == client.get("Accounts").headers["content-length"]


@pytest.mark.parametrize("path", ["", "$metadata", "Accounts", "Accounts/$count", "Nothing"])
def test_every_answer_says_its_version(client: httpx.Client, path):
    assert client.get(path).headers["odata-version"] == "4.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"odata-version": "4.0", "odata-maxversion": "4.0"}, 200),
        ({"odata-maxversion": "4.01"}, 200),
        ({"odata-maxversion": "3.0"}, 400),
        ({"odata-version": "2.0"}, 400),
    ],
)
def test_other_versions_are_refused(client: httpx.Client, headers, status):
    assert client.get("", headers=headers).status_code == status


def test_start_page_leads_to_the_service(client: httpx.Client):
    response = client.get(client.base_url.join("/"))
    assert response.headers["location"] == ROOT


def test_credentials_are_asked_for(tmp_path: Path):
    app = create_app(tmp_path / "demo.db", credentials=("sync", "se:cret"))
    with serving(app) as url, httpx.Client(base_url=url) as client:
        assert client.get(client.base_url.join("/health")).status_code == 200
        refused = client.get("Accounts")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert client.get("Accounts", auth=("sync", "wrong")).status_code == 401
        assert client.get("Accounts", auth=("sync", "se:cret")).status_code == 200


def test_runs_from_the_command_line(tmp_path: Path):
    command = [sys.executable, "-m", "tandem.demo", "--port", "0", "--accounts", "10"]
    command += ["--database", str(tmp_path / "new" / "demo.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            wait_until_ready(url)
            assert httpx.get(f"{url}WorkOrders/$count").text == "50"
        finally:
            process.terminate()


def test_waiting_for_a_service_that_is_not_there_ends():
    with pytest.raises(TimeoutError):
        wait_until_ready("http://127.0.0.1:9/odata/v4/demo/", seconds=0.1)
