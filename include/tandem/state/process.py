"""Which process holds a lease, and whether it still runs."""

import os
import socket
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def this_process() -> str:
    """This process as `host/pid/start`: no later process has the same name.

    The host is followed by the PID namespace: containers may share a host name, and hardly
    ever their processes. The start is in clock ticks since the machine started (proc(5)); it is
    empty where there is no /proc.
    """
    pid = os.getpid()
    return f"{_host()}/{pid}/{_start(pid) or ''}"


def is_alive(process: str) -> bool | None:
    """Whether a process so named still runs; None where this one cannot tell."""
    host, pid, start = ("", "", *process.rsplit("/", 2))[-3:]
    if host != _host() or not pid.isdecimal():
        return None
    number = int(pid)
    if start and (now := _start(number)) is not None:
        return now == start
    if not _answers(number):
        return False
    return None if start else True  # others' processes may be hidden from us


def _host() -> str:
    try:
        return f"{socket.gethostname()}+{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _start(pid: int) -> str | None:
    """When that process started, or "ended" if only its exit code is left; None: not to be seen."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    state, *rest = text.rpartition(")")[2].split()  # the name before it may hold anything
    return "ended" if state in "ZX" else rest[18]


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
