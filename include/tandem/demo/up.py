"""`make up`: Airflow with its pages, and the demo service beside it, until Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console

from tandem.demo.house import House, airflow
from tandem.demo.server import HOST

SERVICE_PORT: Final = 8765
"""Where the service is, unless that port is taken."""
GRACE: Final = 15
"""Seconds that Airflow gets to end by itself."""
START: Final = 180
"""Seconds that it gets to start."""

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Start both, say where they are, wait for Ctrl-C, and leave nothing running."""
    for ended_by in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ended_by, _as_interrupt)
    project = Path.cwd()
    house = House(project, Path(os.environ.get("AIRFLOW_HOME") or project / ".airflow").absolute())
    house.home.mkdir(parents=True, exist_ok=True)
    port = int(os.environ.get("AIRFLOW__API__PORT") or 8080)
    if not _is_free(port):
        console.print(f"Port {port} is taken. Choose another: AIRFLOW__API__PORT=8081 make up")
        sys.exit(2)
    try:
        with house.service(SERVICE_PORT if _is_free(SERVICE_PORT) else 0) as url:
            _serve(house, url, port)
    except KeyboardInterrupt:
        console.print("Stopped.")


def _serve(house: House, service_url: str, port: int) -> None:
    environment = house.environment(os.environ, service_url) | {
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        # Nobody signs in: the pages can be reached from this machine only.
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    }
    log = house.home / "standalone.log"
    console.print(f"Starting Airflow; its log goes to [cyan]{log}[/].")
    with _standalone(environment, log) as process:
        with console.status("Airflow starts …"):
            _wait_until_healthy(process, port, log)
        console.print(f"Airflow     [bold cyan]http://localhost:{port}[/]: trigger northwind__sync")
        console.print(f"OData       [bold cyan]{service_url}[/]")
        console.print(f"Local side  [cyan]{house.database}[/]")
        console.print(f"Runs        AIRFLOW_HOME={house.home} .venv/bin/tandem log northwind")
        console.print("Ctrl-C ends both.")
        process.wait()
        console.print(f"[red]Airflow ended.[/] See {log}.")


@contextmanager
def _standalone(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """`airflow standalone` in a process group of its own, which is gone afterwards."""
    process = airflow(environment, "standalone", new_session=True)
    threading.Thread(target=_copy, args=(process.stdout, log), daemon=True).start()
    try:
        yield process
    finally:
        _end_group(process)


def _copy(stream: Any, log: Path) -> None:
    with log.open("a", encoding="utf-8") as file:
        for line in stream:
            file.write(line)
            file.flush()


def _end_group(process: subprocess.Popen[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the impatient would leave something running
    for sent, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5)):
        if not _group_is_there(process.pid):
            return
        os.killpg(process.pid, sent)
        _wait_for(lambda: process.poll() is not None and not _group_is_there(process.pid), seconds)


def _group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until_healthy(process: subprocess.Popen[str], port: int, log: Path) -> None:
    def healthy() -> bool:
        if process.poll() is not None:
            console.print(f"[red]Airflow ended while it started.[/] See {log}.")
            sys.exit(1)
        try:
            url = f"http://localhost:{port}/api/v2/monitor/health"
            with urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    if not _wait_for(healthy, START):
        console.print(f"[red]Airflow did not start in {START} s.[/] See {log}.")
        sys.exit(1)


def _wait_for(condition: Any, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if condition():
            return True
        time.sleep(0.2)
    return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def _as_interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
