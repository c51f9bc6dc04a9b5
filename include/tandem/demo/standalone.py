"""`airflow standalone` as a child of ours, which leaves nothing running."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from tandem.demo.house import airflow

GRACE: Final = 15
"""Seconds that Airflow gets to end by itself."""
START: Final = 180
"""Seconds that it gets to start."""


class DidNotStart(Exception):
    """Airflow did not come up; its log says why."""


@contextmanager
def standalone(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    """`airflow standalone` in a process group of its own, which is gone afterwards."""
    process = airflow(environment, "standalone", new_session=True)
    copying = threading.Thread(target=_copy, args=(process.stdout, log), daemon=True)
    copying.start()
    try:
        yield process
    finally:
        _end_group(process)
        copying.join(GRACE)


def _copy(stream: Any, log: Path) -> None:
    with stream, log.open("a", encoding="utf-8") as file:
        for line in stream:
            file.write(line)
            file.flush()


def _end_group(process: subprocess.Popen[str]) -> None:
    # The impatient would leave something running.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for sent, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5)):
        if _group_is_there(process.pid):
            os.killpg(process.pid, sent)
        _wait_for(lambda: process.poll() is not None and not _group_is_there(process.pid), seconds)
    signal.signal(signal.SIGINT, before)


def _group_is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_healthy(process: subprocess.Popen[str], port: int) -> None:
    """Return when its API server answers on that port; DidNotStart if it does not."""

    def healthy() -> bool:
        if process.poll() is not None:
            raise DidNotStart("Airflow ended while it started.")
        try:
            url = f"http://localhost:{port}/api/v2/monitor/health"
            with urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    if not _wait_for(healthy, START):
        raise DidNotStart(f"Airflow did not start in {START} s.")


def _wait_for(condition: Any, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if condition():
            return True
        time.sleep(0.2)
    return False
