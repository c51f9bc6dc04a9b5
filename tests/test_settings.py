from pathlib import Path

from tandem.settings import Settings


def test_everything_has_a_place_under_airflows_home_by_default() -> None:
    settings = Settings.from_environment({"AIRFLOW_HOME": "/srv/airflow"})
    assert settings == Settings(
        config=Path("config/integrations"),
        state="sqlite:////srv/airflow/tandem.db",
        staging="file:///srv/airflow/staging",
        key_file=Path("/srv/airflow/tandem.key"),
    )


def test_airflows_own_default_home_is_known() -> None:
    settings = Settings.from_environment({})
    assert settings.state == f"sqlite:///{Path.home()}/airflow/tandem.db"


def test_a_relative_home_becomes_absolute() -> None:
    settings = Settings.from_environment({"AIRFLOW_HOME": ".airflow"})
    assert settings.staging == f"file://{Path.cwd()}/.airflow/staging"


def test_variables_win_and_empty_ones_count_as_missing() -> None:
    settings = Settings.from_environment(
        {"AIRFLOW_HOME": "/a", "TANDEM_CONFIG": "/c", "TANDEM_STATE": "pg", "TANDEM_STAGING": ""}
    )
    assert settings == Settings(
        config=Path("/c"), state="pg", staging="file:///a/staging", key_file=Path("/a/tandem.key")
    )


def test_airflows_keys_are_taken_and_never_shown() -> None:
    settings = Settings.from_environment({"AIRFLOW__CORE__FERNET_KEY": "new,old"})
    assert settings.fernet_keys == "new,old"
    assert "new" not in repr(settings)
