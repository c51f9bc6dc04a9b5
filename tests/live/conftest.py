"""Whole Airflows: schedulers, workers, and what befalls them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.live.airflow import LiveAirflow
from tests.live.processes import Processes, terminated_as_interrupted
from tests.live.surroundings import running, surroundings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveAirflow]:
    """`airflow standalone`, the demo service beside it, and no integration yet."""
    home = tmp_path_factory.mktemp("live")
    with terminated_as_interrupted(), surroundings(home) as around:
        processes = Processes(around.environment, home)
        processes.start("standalone", "standalone")
        with running(around, processes, "standalone") as found:
            yield found
