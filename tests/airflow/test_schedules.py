"""Which schedules Airflow knows, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

ASKED: Final = """
import json, sys
from tandem.airflow.schedules import schedule_problem
json.dump({one: schedule_problem(one) for one in sys.argv[1:]}, sys.stdout)
"""


def test_airflow_says_what_is_wrong_with_a_schedule(tmp_path: Path) -> None:
    known = ("0 2 * * *", "@daily", "@once", "@continuous")
    unknown = ("every tuesday", "0 2 * *", "61 2 * * *", "@never")
    done = subprocess.run(
        [sys.executable, "-c", ASKED, *known, *unknown],
        env={"AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    problems = json.loads(done.stdout)
    assert [one for one in known if problems[one] is not None] == []
    assert all(problems[one] for one in unknown)
    assert "out of range" in problems["61 2 * * *"]
