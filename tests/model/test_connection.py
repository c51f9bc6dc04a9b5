"""Connections as Airflow writes them into AIRFLOW_CONN_<ID>."""

import pytest

from tandem.errors import ConfigurationError
from tandem.model.connection import parse_connection

JSON = '{"conn_type": "odata", "host": "https://h/V4/", "login": "me", "password": "s3cret"}'


def test_json_form() -> None:
    connection = parse_connection("crm", JSON)
    assert (connection.conn_type, connection.host) == ("odata", "https://h/V4/")
    assert (connection.login, connection.secret) == ("me", "s3cret")


def test_extra_may_be_an_object_or_text() -> None:
    for extra in ('{"auth": "basic"}', '"{\\"auth\\": \\"basic\\"}"'):
        text = f'{{"conn_type": "odata", "extra": {extra}}}'
        assert parse_connection("crm", text).extra == {"auth": "basic"}


def test_uri_form_keeps_protocol_path_and_case_of_the_host() -> None:
    connection = parse_connection("crm", "odata://https://me:p%40ss@Host%3A8443%2FV4%2FCrm%2F")
    assert connection.host == "https://Host:8443/V4/Crm/"
    assert (connection.login, connection.secret, connection.port) == ("me", "p@ss", None)


def test_uri_form_of_a_database() -> None:
    connection = parse_connection("db", "postgres://me:p%40ss@Host:5433/crm?sslmode=require")
    assert (connection.conn_type, connection.host, connection.port) == ("postgres", "Host", 5433)
    assert (connection.login, connection.secret) == ("me", "p@ss")
    assert (connection.schema_name, connection.extra) == ("crm", {"sslmode": "require"})


def test_uri_form_with_everything_in_extra() -> None:
    connection = parse_connection("db", "sql://:s3cret@/?url=sqlite%3A%2F%2F%2Fcrm.db")
    assert (connection.host, connection.secret) == (None, "s3cret")
    assert connection.extra == {"url": "sqlite:///crm.db"}


def test_secrets_do_not_show() -> None:
    assert "s3cret" not in repr(parse_connection("crm", JSON))
    for text in ('{"conn_type": "odata", "password": "s3cret"', '{"password": "s3cret"}'):
        with pytest.raises(ConfigurationError) as caught:
            parse_connection("crm", text)
        assert "s3cret" not in str(caught.value)
        assert "crm" in str(caught.value)
