"""An Airflow of the project's own: its folder, its environment and its commands."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tandem.demo.data import Sizes, fill
from tandem.demo.schema import FIELD_SERVICE
from tandem.demo.server import serving
from tandem.demo.service import create_app
from tandem.demo.store import Store

NOTICING: Final = {
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "5",
    "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "10",
}
"""Integration files that were changed, added or removed by hand show in seconds."""


@dataclass(frozen=True, slots=True)
class House:
    """The folder of one Airflow, in the folder of the project."""

    project: Path
    home: Path

    @property
    def database(self) -> Path:
        """The local side of the demo integration."""
        return self.home / "northwind.db"

    def environment(self, base: Mapping[str, str], service_url: str) -> dict[str, str]:
        """The variables that its processes need, over those of `base`."""
        return {
            **base,
            # `airflow standalone` starts the others by this name.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{base.get('PATH', os.defpath)}",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.project / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            **NOTICING,
            # SQLite takes one writer at a time: few tasks at once, and patience.
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout=60",
            "TANDEM_CONFIG": str(self.project / "config" / "integrations"),
            "AIRFLOW_CONN_NORTHWIND_API": json.dumps({"conn_type": "odata", "host": service_url}),
            "AIRFLOW_CONN_NORTHWIND_LOCAL": json.dumps(
                {"conn_type": "sql", "extra": {"url": f"sqlite:///{self.database}"}}
            ),
        }

    def write_shell_file(self, environment: Mapping[str, str]) -> Path:
        """A file that gives another shell Airflow's and Tandem's variables of this environment.

        They may hold secrets: nobody else may read it.
        """
        path = self.home / "env"
        lines = [
            f"export {name}={shlex.quote(value)}\n"
            for name, value in sorted(environment.items())
            if re.fullmatch(r"(AIRFLOW|TANDEM)_\w+", name, re.ASCII)
        ]
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8", errors="surrogateescape") as file:
            os.fchmod(file.fileno(), 0o600)
            file.writelines(lines)
        return path

    @contextmanager
    def service(self, port: int = 0) -> Iterator[str]:
        """Runs the demo service over the house's own records; gives its root URL."""
        path = self.home / "service.db"
        fill(Store(path, FIELD_SERVICE), Sizes())
        with serving(create_app(path), port=port) as url:
            yield url


def airflow(
    environment: Mapping[str, str], *arguments: str, new_session: bool = False
) -> subprocess.Popen[str]:
    """An Airflow command that has been started; its output and its log are one stream."""
    return subprocess.Popen(  # noqa: S603 - a command of our own
        [sys.executable, "-m", "airflow", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=new_session,
    )


def without_airflow(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment less what points to another Airflow or another state."""
    others = ("AIRFLOW", "_AIRFLOW", "TANDEM_")
    return {name: value for name, value in environment.items() if not name.startswith(others)}
