"""Integrations of the tests, and whether both sides of one agree."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID, uuid5

import httpx
from tests.live.airflow import LiveAirflow
from tests.orders import INTEGRATION

_PEOPLE = """\
name: {name}
external: {{connector: odata, connection: demo}}
local: {{connector: sql, connection: target}}
provision: true
entities:
  - external: Accounts
    local: {name}_account
    direction: bidirectional
    first_sync: link_and_merge
    primary_key: [accountNumber]
    version_number: rowVersion
    fields:
      - {{external: ID, local: id}}
      - {{external: accountNumber, local: number}}
      - {{external: name, local: name}}
      - {{external: isActive, local: is_active}}
      - {{external: parent_ID, local: parent_id, lookup: {{entity: Accounts, field: ID}}}}
  - external: Contacts
    local: {name}_contact
    direction: bidirectional
    first_sync: link_and_merge
    primary_key: [ID]
    version_number: rowVersion
    fields:
      - {{external: ID, local: id}}
      - {{external: account_ID, local: account_id, lookup: {{entity: Accounts, field: ID}}}}
      - {{external: firstName, local: first_name}}
      - {{external: lastName, local: last_name}}
"""


def people(name: str) -> str:
    """Accounts and contacts of the demo service, both ways: `<name>_account`, `<name>_contact`."""
    return _PEOPLE.format(name=name)


def orders(name: str) -> str:
    """Orders and customers of `source`, downloaded: `<name>_order`, `<name>_customer`."""
    return INTEGRATION.format(name=name, source="source", head="", orders="", customers="")


def add_accounts(airflow: LiveAirflow, name: str, count: int, label: str = "") -> set[str]:
    """Make so many accounts on the local side of `people(name)`; their names.

    They begin with the label, which no other accounts have.
    """
    label = label or name
    made = [f"{label} {n}" for n in range(count)]
    values = ", ".join(
        f"('{uuid5(UUID(int=0), one)}', '{label[:9]}-{n}', '{one}', true)"
        for n, one in enumerate(made)
    )
    airflow.sql(
        "target", f"insert into {name}_account (id, number, name, is_active) values {values}"
    )
    return set(made)


def lay(airflow: LiveAirflow, texts: Mapping[str, str]) -> list[str]:
    """Have Airflow read the integrations and sync each for the first time; the ids of the DAGs."""
    dag_ids = [f"{name}__sync" for name in texts]
    for name, text in texts.items():
        airflow.write(name, text)
    for name in texts:
        airflow.wait_until_read(name)
    for dag_id in dag_ids:
        airflow.unpause(dag_id)
    run_once(airflow, dag_ids)
    return dag_ids


def run_once(airflow: LiveAirflow, dag_ids: Iterable[str]) -> None:
    """A run of each, all at once, which succeeds."""
    runs = [(dag_id, airflow.trigger(dag_id)) for dag_id in dag_ids]
    assert [airflow.wait(*run, seconds=400) for run in runs] == ["success"] * len(runs)


def expect_equal(airflow: LiveAirflow, *names: str) -> None:
    """Both sides of these integrations have the same records, and links say so."""
    for name in names:
        airflow.tandem("verify", name)


def expect_once(airflow: LiveAirflow, made: set[str]) -> None:
    """Each of the accounts is on the demo service once."""
    found = [name for name in _accounts(airflow.around.service_url) if name in made]
    assert sorted(found) == sorted(made)


def _accounts(service_url: str) -> Iterator[str]:
    url: str | None = f"{service_url}Accounts?$select=name"
    while url:
        page = httpx.get(url, timeout=60).json()
        yield from (account["name"] for account in page["value"])
        url = page.get("@odata.nextLink")
