"""The DAG that deletes what nobody needs any more."""

import os
import time
from pathlib import Path


def test_housekeeping_runs_in_airflow(house, run_dag):
    house.integrate("kept")
    assert run_dag("kept__sync").state == "success"
    left = Path(house.environment["AIRFLOW_HOME"]) / "staging" / "kept" / "manual__old"
    left.mkdir(parents=True)
    file = left / "a.arrow"
    file.touch()
    long_ago = time.time() - 100 * 86400
    os.utime(file, (long_ago, long_ago))
    ran = run_dag("tandem__housekeeping")
    assert ran.state == "success"
    assert ran.handed_over["keep_house"]["runs"] == 1
    assert not left.exists()
    assert ran.import_errors == {}
