"""Where connections come from. That Airflow's own are found is seen in the DAG runs."""

import pytest

from tandem.airflow.connections import find_connection
from tandem.errors import ConfigurationError


def test_the_environment_comes_first_and_needs_no_airflow() -> None:
    environment = {"AIRFLOW_CONN_CRM": '{"conn_type": "odata", "host": "https://h/"}'}
    connection = find_connection("crm", environment)
    assert (connection.id, connection.host) == ("crm", "https://h/")


def test_a_broken_one_is_not_passed_over() -> None:
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_CRM"):
        find_connection("crm", {"AIRFLOW_CONN_CRM": "{"})
