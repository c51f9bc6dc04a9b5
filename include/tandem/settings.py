"""Where Tandem finds its files and its state, and the key of what is kept encrypted there: from
environment variables, each with a default.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are."""

    config: Path
    """Folder of integration files (TANDEM_CONFIG)."""
    state: str
    """SQLAlchemy URL of the state database, or the id of a connection (TANDEM_STATE)."""
    staging: str
    """fsspec URL of the folder for staged batches (TANDEM_STAGING)."""
    key_file: Path = field(default_factory=lambda: Path("~/airflow/tandem.key").expanduser())
    """The key to kept sign-ins, unless Airflow has one."""
    fernet_keys: str = field(default="", repr=False)
    """Airflow's keys (AIRFLOW__CORE__FERNET_KEY), with commas between them."""
    keep_days: str = "90"
    """For how many days logs are kept (TANDEM_KEEP_DAYS), as somebody wrote it."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings that these variables ask for. An empty variable counts as missing."""
        home = Path(environment.get("AIRFLOW_HOME") or "~/airflow").expanduser().absolute()
        return cls(
            config=Path(environment.get("TANDEM_CONFIG") or "config/integrations").expanduser(),
            state=environment.get("TANDEM_STATE") or f"sqlite:///{home}/tandem.db",
            staging=environment.get("TANDEM_STAGING") or f"file://{home}/staging",
            key_file=home / "tandem.key",
            fernet_keys=environment.get("AIRFLOW__CORE__FERNET_KEY") or "",
            keep_days=environment.get("TANDEM_KEEP_DAYS") or "90",
        )
