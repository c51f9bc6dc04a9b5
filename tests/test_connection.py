import pytest
from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.model.connection import Connection, parse_connection


def test_the_json_form_is_read():
    text = '{"conn_type": "odata", "host": "https://x/", "login": "a", "password": "s3cret"}'
    found = parse_connection("crm", text)
    assert (found.conn_type, found.host, found.login, found.secret) == (
        "odata", "https://x/", "a", "s3cret",
    )  # fmt: skip


def test_extra_may_be_an_object_or_its_text():
    as_object = parse_connection("x", '{"conn_type": "sql", "extra": {"url": "sqlite:///a.db"}}')
    as_text = parse_connection(
        "x", '{"conn_type": "sql", "extra": "{\\"url\\": \\"sqlite:///a.db\\"}"}'
    )
    assert as_object.extra == as_text.extra == {"url": "sqlite:///a.db"}


def test_the_uri_form_is_read():
    found = parse_connection("x", "postgres://me:p%40ss@Db.Example.com:5433/crm?sslmode=require")
    assert (found.conn_type, found.host, found.port) == ("postgres", "Db.Example.com", 5433)
    assert (found.secret, found.schema_name, found.extra) == ("p@ss", "crm", {"sslmode": "require"})


def test_a_path_in_the_uri_form_keeps_its_case():
    assert parse_connection("x", "sqlite://%2FTmp%2FCrm.db").host == "/Tmp/Crm.db"


def test_a_host_with_protocol_and_path_survives_the_uri_form():
    found = parse_connection("crm", "odata://https://me:p%40ss@Host%3A8443%2FV4%2FCrm%2F")
    assert found.host == "https://Host:8443/V4/Crm/"
    assert (found.login, found.secret, found.port) == ("me", "p@ss", None)


def test_a_uri_may_hold_all_in_its_extra():
    found = parse_connection("db", "sql://:s3cret@/?url=sqlite%3A%2F%2F%2Fcrm.db")
    assert (found.host, found.schema_name, found.secret) == (None, None, "s3cret")
    assert found.extra == {"url": "sqlite:///crm.db"}


def test_the_password_does_not_show():
    found = parse_connection(
        "crm", '{"conn_type": "odata", "password": "s3cret", "extra": {"k": "t0ken"}}'
    )
    assert "s3cret" not in repr(found)
    assert "t0ken" not in repr(found)


def test_a_broken_text_is_refused_without_being_shown():
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_CRM") as caught:
        parse_connection("crm", '{"conn_type": "odata", "password": "s3cret"')
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"conn_type": "odata", "password": 12345}',
        '{"conn_type": "odata", "login": ["12345"]}',
        '{"conn_type": "odata", "port": "x12345"}',
        '{"conn_type": "odata", "extra": ["12345"]}',
        "odata://me:12345@host:http/",
        "odata://me:12345@[host/",
        "odata://me:x@host/?__extra__={12345",
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_without_being_shown(text: str):
    with pytest.raises(ConfigurationError, match="crm") as caught:
        parse_connection("crm", text)
    assert "12345" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_parser_of_connections_shows_no_input():
    with pytest.raises(ValidationError) as caught:
        Connection(id="crm", conn_type="odata", password=12345)
    assert "12345" not in str(caught.value)
