"""A process that has everything imported and nothing open: each run is a fork of it.

So a run can be killed within milliseconds of its beginning, and its death costs no import time.
Reads one JSON line a run, {"kill_after": seconds or null, "log": file}, and answers it with one:
{"killed": whether it was killed, "code": its exit code, "seconds": how long it lived}.
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pandas  # noqa: F401 - what a run would import later
import pyarrow.compute
import pyarrow.dataset  # noqa: F401

import tandem.connectors.odata.connector
import tandem.connectors.sql.connector
import tandem.core.transforms.apply  # noqa: F401
from tandem.cli.main import app


def main() -> None:
    """Answer until there is nothing more to read."""
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps(_run(order["kill_after"], order["log"])) + "\n")
        sys.stdout.flush()


def _run(kill_after: float | None, log: str) -> dict[str, Any]:
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _sync(log)
    ended = os.pidfd_open(child)
    in_time, _, _ = select.select([ended], [], [], kill_after)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(ended)
    return {
        "killed": os.WIFSIGNALED(status),
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - begun,
    }


def _sync(log: str) -> None:
    """`tandem sync town`; does not return."""
    code: object = None
    try:
        with Path(log).open("w", encoding="utf-8") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        app(["-v", "sync", "town"])
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 70)


if __name__ == "__main__":
    main()
