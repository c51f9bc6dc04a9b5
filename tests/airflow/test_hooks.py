"""What the Test button of the Connections page says; asked in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]

SCRIPT = """
import json
import httpx
from tandem.connectors import registry
from tandem.connectors.odata.connector import ODataConnector
from tandem.demo.authority.authority import Authority
from tandem.demo.authority.grants import Application
from tandem.demo.authority.service import HOST, create_app
from tests.simulated import simulated

authority = Authority([Application("app")])

def answer(request):
    good = authority.accepts(request.headers["Authorization"].removeprefix("Bearer "))
    return httpx.Response(200, json={"value": []}) if good else httpx.Response(401)

def opened(name, connection, sign_ins):
    hosts = {HOST: create_app(authority), "org.example": httpx.MockTransport(answer)}
    connector = ODataConnector(connection, simulated(hosts))
    connector.sign_in_with(sign_ins)
    return connector

registry.open_connector = opened
from tandem.airflow.hooks import ODataHook

said = [ODataHook("transient_1").test_connection(), ODataHook("transient_2").test_connection()]
code = authority.waiting[0]
authority.complete(code)
said.append(ODataHook("transient_3").test_connection())
said.append(ODataHook("transient_4").test_connection())
print(json.dumps([code, said, len(authority.asked)]))
"""


def test_it_tells_the_code_to_enter_and_does_not_wait(tmp_path: Path) -> None:
    """Airflow gives the connection another id each time that it is tested."""
    connection = {
        "conn_type": "odata",
        "host": "https://org.example/api/",
        "extra": {"auth": "device_code", "client_id": "app"},
    }
    named = {f"AIRFLOW_CONN_TRANSIENT_{n}": json.dumps(connection) for n in range(1, 5)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path), **named},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, (first, again, entered, later), asked = json.loads(done.stdout.splitlines()[-1])
    go = f"Go to https://microsoft.com/devicelogin and enter the code {code}."
    assert first == again == [False, f"{go} Then press Test again."]
    assert entered[0]
    assert "OData" in entered[1]
    assert later == entered
    assert asked == 3, "the code, and whether it was entered: once in vain"
