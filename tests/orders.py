"""Orders and who placed them: two tables of SQLite, and an integration of them."""

import json
from pathlib import Path

INTEGRATION = """\
name: {name}
description: Orders and who placed them
external: {{connector: sql, connection: {source}}}
local: {{connector: sql, connection: target}}
provision: true
{head}
entities:
  - external: orders
    local: {name}_order
    primary_key: [number]
    version_number: version
    {orders}
    fields:
      - {{external: number, local: number}}
      - {{external: customer_id, local: customer_id, lookup: {{entity: customers, field: id}}}}
  - external: customers
    local: {name}_customer
    primary_key: [id]
    version_number: version
    {customers}
    fields:
      - {{external: id, local: id}}
      - {{external: name, local: name}}
"""
TABLES = """
create table customers (
    id text primary key not null, name text, version integer not null default 0
);
create table orders (
    number integer primary key not null, customer_id text, version integer not null default 0
);
insert into customers values ('c1', 'Ada', 1), ('c2', 'Božena', 2);
insert into orders values (1, 'c1', 1), (2, 'c2', 2), (3, null, 3)
"""
"""What a source holds at first."""


def sqlite_connection(path: Path) -> str:
    """A connection for `AIRFLOW_CONN_…` to the SQLite file."""
    return json.dumps({"conn_type": "sql", "extra": {"url": f"sqlite:///{path}"}})
