"""The compose file, without Docker."""

import re
from pathlib import Path

COMPOSE = (Path(__file__).parents[1] / "docker-compose.yaml").read_text()


def test_no_container_makes_a_key_of_its_own() -> None:
    """Airflow makes one where the variable is empty: each container would have another."""
    (said,) = re.findall(r"FERNET_KEY: \$\{FERNET_KEY:(.)", COMPOSE)
    assert said == "?"
