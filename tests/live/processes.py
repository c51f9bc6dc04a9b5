"""Processes of a test, each with a session of its own, of which nothing is left afterwards."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

import psutil

GRACE: Final = 10.0
"""Seconds that a process gets to end by itself."""


@dataclass
class Processes:
    """Airflow commands that run until the test has done with them; each has a log."""

    environment: dict[str, str]
    logs: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start `airflow <arguments>`, with these variables besides."""
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=self.environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[name] = process
        return process

    def __getitem__(self, name: str) -> subprocess.Popen[bytes]:
        return self._running[name]

    def kill(self, name: str) -> None:
        """End it and all that it started as if somebody had pulled the plug."""
        _kill_session(self._running.pop(name))

    def stop_all(self) -> None:
        """End all of them, and all that they started."""
        running = list(self._running.values())
        self._running.clear()
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        wait_for(lambda: not any(session_of(process.pid) for process in running), GRACE)
        for process in running:
            _kill_session(process)


def session_of(leader: int) -> list[psutil.Process]:
    """What still runs in the session of that process: tasks have groups of their own in it."""
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, PermissionError, psutil.Error):
            is_in_it = os.getsid(process.pid) == leader
            if is_in_it and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    while left := session_of(process.pid):
        for one in left:
            with suppress(psutil.Error):
                one.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    process.wait()


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM and SIGHUP end pytest as Ctrl-C does: by way of everybody's clean-up."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sent: signal.signal(sent, interrupt) for sent in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sent, handler in before.items():
            signal.signal(sent, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """While this lasts, the impatient are not heard: they would leave something running."""
    sent_by_people = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {sent: signal.signal(sent, signal.SIG_IGN) for sent in sent_by_people}
    try:
        yield
    finally:
        for sent, handler in before.items():
            signal.signal(sent, handler)


def wait_for(condition: Callable[[], object], seconds: float, pause: float = 0.2) -> bool:
    """Whether the condition came true in time."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if condition():
            return True
        time.sleep(pause)
    return bool(condition())
