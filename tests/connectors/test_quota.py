"""Which connections share a quota."""

from typing import Any

import pytest

from tandem.connectors.quota import quota_holder
from tandem.model.connection import Connection


def connection(**parts: Any) -> Connection:
    return Connection(**{"id": "a", "conn_type": "odata", **parts})


CONTOSO = {"tenant": "Contoso", "client_id": "app"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"host": "https://crm.example.com/odata/v4/a/", "login": "Sync"},
            {"host": "https://CRM.example.com/odata/v4/b/", "login": "sync", "password": "hush"},
        ),
        (
            {"conn_type": "business_central", "extra": {**CONTOSO, "company": "CRONUS"}},
            {"conn_type": "business_central", "extra": {**CONTOSO, "company": "Other"}},
        ),
        (
            {"conn_type": "sql", "extra": {"url": "postgresql+psycopg://me:hush@host/a"}},
            {"conn_type": "sql", "extra": {"url": "postgresql://me@host:5432/b"}},
        ),
    ],
)
def test_one_user_of_one_host_and_tenant_is_one_holder(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    holder = quota_holder(connection(**one))
    assert holder == quota_holder(connection(**other))
    assert "hush" not in holder


@pytest.mark.parametrize(
    "other",
    [
        {"host": "https://other.example.com/", "login": "sync"},
        {"host": "https://crm.example.com/", "login": "another"},
        {"host": "https://crm.example.com/", "login": "sync", "extra": {"tenant": "fabrikam"}},
    ],
)
def test_another_host_tenant_or_user_is_another_holder(other: dict[str, Any]) -> None:
    mine = quota_holder(connection(host="https://crm.example.com/", login="sync"))
    assert mine != quota_holder(connection(**other))
