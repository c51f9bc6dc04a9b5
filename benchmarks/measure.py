"""Runs one command and says what it cost."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and the children it waited for took."""

    started: float
    """Seconds since 1970."""
    seconds: float
    cpu_seconds: float
    peak_mb: float
    """Resident memory at its highest, of the process or of its largest child; megabytes of 10^6."""
    exit_code: int


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run the command to its end; what it prints is added to the log."""
    with log.open("ab") as output:
        started, clock = time.time(), time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - clock
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(started, seconds, cpu, usage.ru_maxrss * 1024 / 1e6, process.returncode)


def cpu_seconds(pid: int) -> float:
    """CPU time that a running process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
