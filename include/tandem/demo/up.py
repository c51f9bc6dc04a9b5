"""`make up`: Airflow with its pages, and the demo service beside it, until Ctrl-C."""

import os
import signal
import socket
import sys
from pathlib import Path
from shlex import quote
from typing import Any, Final

from rich.console import Console

from tandem.demo.house import House
from tandem.demo.server import HOST
from tandem.demo.standalone import DidNotStart, standalone, wait_until_healthy

SERVICE_PORT: Final = 8765
"""Where the service is, unless that port is taken."""

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
    log, variables = house.home / "standalone.log", house.write_shell_file(environment)
    console.print(f"Starting Airflow; its log goes to [cyan]{log}[/].")
    with standalone(environment, log) as process:
        try:
            with console.status("Airflow starts …"):
                wait_until_healthy(process, port)
        except DidNotStart as error:
            console.print(f"[red]{error}[/] See {log}.")
            sys.exit(1)
        console.print(f"Airflow     [bold cyan]http://localhost:{port}[/]: see Integrations")
        console.print(f"OData       [bold cyan]{service_url}[/]")
        console.print(f"Local side  [cyan]{house.database}[/]")
        console.print(f"Commands    in another shell: [cyan]source {quote(str(variables))}[/]")
        console.print("            then .venv/bin/tandem doctor, or tandem log northwind")
        console.print("Ctrl-C ends both.")
        process.wait()
        console.print(f"[red]Airflow ended.[/] See {log}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def _as_interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
