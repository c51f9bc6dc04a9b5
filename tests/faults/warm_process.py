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
from typing import Any

import pandas  # noqa: F401 - what a run would import later
import pyarrow.compute  # noqa: F401
import pyarrow.dataset  # noqa: F401

import tandem.connectors.odata.connector
import tandem.connectors.sql.connector
import tandem.core.transforms
import tandem.state.migrations.env  # noqa: F401
from tandem.cli.session import integration_named, job_for, new_run_id
from tandem.sync.job import Request
from tandem.sync.lease import holding
from tandem.sync.run import run_all

STATUSES = {"success": 0, "partial": 1, "failed": 2}


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
    """What `tandem sync town` does; does not return."""
    code = 70
    try:
        with open(log, "w", encoding="utf-8") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        integration = integration_named("town")
        with (
            job_for(integration, Request(new_run_id()), lambda *_: None) as run,
            holding(run),
        ):
            report = run_all(run)
        print(*(f"{e.entity} {e.direction}: {e.line}" for e in report.entities), sep="\n")
        code = STATUSES[report.status]
    except BaseException as error:  # noqa: BLE001 - nobody is above
        print(f"{type(error).__name__}: {error}")
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
