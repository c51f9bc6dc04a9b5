"""The folder of DAG files, for a DAG processor that notices changed integration files.

Airflow looks at the time of the DAG file alone, which stays the same when a YAML file changes, and
parses it again every `min_file_process_interval` at best: often enough for people would be far too
often for the processor. This looks at the names and times of the YAML files, which costs next to
nothing, and asks for a parse when they are not what they were.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from airflow.dag_processing.bundles.local import LocalDagBundle

from tandem.errors import ConfigurationError
from tandem.integration_files import list_integration_files
from tandem.settings import Settings

DAG_FILE: Final = "integrations.py"
_log: Final = logging.getLogger(__name__)

_Seen = Mapping[str, tuple[int, int]]
"""Name of a file → when it was changed (ns), and its size (bytes)."""


class IntegrationsBundle(LocalDagBundle):
    """A local folder of DAG files, with Tandem's among them. `refresh_interval`: seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._seen: _Seen | None = None

    def refresh(self) -> None:
        """Ask for a parse if an integration file is new, gone or not what it was."""
        now = seen(Settings.from_environment().config)
        if self._seen is not None and now != self._seen:
            _log.info("Integration files have changed: %s", ", ".join(_changed(self._seen, now)))
            self._ask()
        self._seen = now

    def _ask(self) -> None:
        # Workers have this folder too, but no database.
        from airflow.models.dagbag import DagPriorityParsingRequest
        from airflow.utils.session import create_session

        with create_session() as session:
            session.merge(DagPriorityParsingRequest(self.name, DAG_FILE))


def seen(folder: Path) -> _Seen:
    """The integration files of the folder as they are now; none if it is not there."""
    try:
        paths = list_integration_files(folder)
    except ConfigurationError:
        return {}
    found = {}
    for path in paths:
        try:
            stat = path.stat()
        except OSError:  # gone meanwhile, or a link that leads nowhere
            continue
        found[path.name] = (stat.st_mtime_ns, stat.st_size)
    return found


def _changed(before: _Seen, now: _Seen) -> list[str]:
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
