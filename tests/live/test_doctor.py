"""What `tandem doctor` says beside an Airflow that runs."""

import json

from tests.live.airflow import LiveAirflow
from tests.orders import INTEGRATION

FILE = INTEGRATION.format(
    name="ward",
    source="source, pool: ward_pool",
    head='schedule: "0 2 * * *"',
    orders="",
    customers="",
)


def test_it_tells_what_keeps_a_run_from_starting(airflow: LiveAirflow) -> None:
    airflow.integrate("ward", FILE)
    told = findings(airflow)
    for part in ("metadatabase", "scheduler", "dag processor", "triggerer"):
        assert ("airflow", "ok", f"The {part} is healthy.") in told
    assert [severity for about, severity, _ in told if about == "plugin"] == ["ok"]
    (pool,) = [text for about, severity, text in told if (about, severity) == ("pools", "problem")]
    assert pool.startswith("There is no pool 'ward_pool': the tasks that name it never start.")
    paused = "ward__sync has a schedule and is paused. Unpause it to let it run."
    assert ("ward", "note", paused) in told

    airflow.cli(*pool.partition("airflow ")[2].split())  # as it says
    airflow.unpause("ward__sync")
    told = findings(airflow)
    assert ("pools", "ok", "ward_pool is there.") in told
    assert ("ward", "note", paused) not in told


def findings(airflow: LiveAirflow) -> list[tuple[str, str, str]]:
    """About what, how bad it is, and what is said."""
    said = airflow.tandem("doctor", "--no-connections", "--json", exits=(0, 1))
    return [(one["about"], one["severity"], one["text"]) for one in json.loads(said)]
