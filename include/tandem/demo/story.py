"""`make demo`: a service, its integration, two runs of the generated DAG, and the result."""

import json
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from rich.console import Console
from rich.table import Table

from tandem.demo.house import House, airflow, without_airflow

DAG: Final = "northwind__sync"
NEW_CONTACT: Final = {"firstName": "Grace", "lastName": "Hopper", "email": " Grace@Example.com "}
SAMPLES: Final = {
    "Accounts, the last changed": """
        select a.account_number, a.name, a.city, a.revenue, parent.name as parent
        from account a left join account parent on parent.id = a.parent_id
        order by a.modified_at desc limit 3""",
    "Work orders, the last changed": """
        select o.order_number, o.subject, o.status_code, o.hours, a.name as account,
            c.last_name as contact
        from work_order o join account a on a.id = o.account_id
            left join contact c on c.id = o.contact_id
        order by o.modified_at desc limit 3""",
}
"""Title → query; the joins go along lookups that the sync has resolved."""

console = Console(highlight=False, soft_wrap=True)


class Failed(Exception):
    """An Airflow command failed; the message is the end of its log."""


def main() -> None:
    """Tell the story, from an empty folder."""
    house = House(Path.cwd(), Path.cwd() / ".demo")
    shutil.rmtree(house.home, ignore_errors=True)
    house.home.mkdir()
    try:
        with house.service() as url:
            _tell(house, url)
    except Failed as failed:
        console.print(f"[bold red]Failed.[/] The end of {house.home / 'airflow.log'}:")
        console.print(str(failed), markup=False)
        sys.exit(1)


def _tell(house: House, url: str) -> None:
    environment = house.environment(without_airflow(), url)
    log = house.home / "airflow.log"
    console.rule("Tandem: an OData service into a SQL database, by Airflow")
    console.print(f"The external system: an OData v4 service at [cyan]{url}[/]")
    console.print(f"The local system: a SQLite database, still empty: [cyan]{house.database}[/]")
    console.print("Between them: [cyan]config/integrations/northwind.yaml[/], which Airflow sees")
    console.print(f"as the DAG [cyan]{DAG}[/]. Airflow's own log goes to [cyan]{log}[/].\n")
    _run(environment, log, "db", "migrate")
    console.print("[bold]First run:[/] everything is read, tables are created.")
    _sync(environment, log)
    console.print("\n[bold]Now people work in the external system:[/]")
    for line in _work(url):
        console.print(f"  {line}", markup=False)
    console.print("\n[bold]Second run:[/] only what changed is read.")
    _sync(environment, log)
    _show_tables(house.database)
    _show_ways_on(house)


def _sync(environment: Mapping[str, str], log: Path) -> None:
    begun = time.monotonic()
    lines = _run(environment, log, "dags", "test", DAG)
    for found in filter(None, (re.search(r"(\w+: )?RESULTS: [^\[]*", line) for line in lines)):
        entity, _, results = found.group().strip().rpartition("RESULTS: ")
        console.print(f"  {entity or 'All: ':<12} RESULTS: {results}", markup=False)
    console.print(f"  [dim]{time.monotonic() - begun:.0f} s, most of it to start Airflow[/]")


def _run(environment: Mapping[str, str], log: Path, *arguments: str) -> list[str]:
    """Run an Airflow command and show which task is at work; its output."""
    command = f"airflow {' '.join(arguments)}"
    console.print(f"  [dim]$ {command}[/]")
    lines: list[str] = []
    with (
        console.status(command) as status,
        log.open("a", encoding="utf-8") as file,
        airflow(environment, *arguments) as process,
    ):
        for line in process.stdout or ():
            file.write(line)
            lines.append(line.rstrip())
            if task := re.search(r"starting task_id=(\S+)", line):
                status.update(f"{command}: {task[1]}")
    if process.returncode:
        raise Failed("\n".join(lines[-30:]))
    return lines


def _work(url: str) -> Iterable[str]:
    """Change some records, as people would; what was done, one line each."""
    accounts = _call(f"{url}Accounts?$top=3&$orderby=accountNumber")["value"]
    for account in accounts[:2]:
        city = {"address": {"city": "Ostrava"}}
        _call(f"{url}Accounts({account['ID']})", "PATCH", city)
        yield f"{account['name']} ({account['accountNumber']}) moves to Ostrava."
    first, parent = accounts[0], accounts[2]
    _call(f"{url}Accounts({first['ID']})", "PATCH", {"parent_ID": parent["ID"]})
    yield f"{first['name']} now belongs to {parent['name']} ({parent['accountNumber']})."
    _call(f"{url}Contacts", "POST", {**NEW_CONTACT, "account_ID": first["ID"]})
    yield f"{first['name']} has a new contact, Grace Hopper."
    is_open = "status%20eq%20Tandem.Demo.WorkOrderStatus'Open'"
    order = _call(f"{url}WorkOrders?$top=1&$filter={is_open}")["value"][0]
    _call(f"{url}WorkOrders({order['ID']})", "PATCH", {"status": "Completed", "hours": 2.25})
    yield f"Work order {order['orderNumber']} ({order['subject']}) is done."


def _call(url: str, method: str = "GET", body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Prefer": "return=representation"}
    request = Request(url, data, headers, method=method)  # noqa: S310 - our own service
    with urlopen(request) as response:  # noqa: S310
        return json.load(response)


def _show_tables(path: Path) -> None:
    console.print("\n[bold]What the local database holds now:[/]")
    with sqlite3.connect(path) as database:
        for table in ("account", "contact", "work_order"):
            (count,) = database.execute(f"select count(*) from {table}").fetchone()  # noqa: S608
            console.print(f"  {table:<12}{count:>8,} rows")
        for title, query in SAMPLES.items():
            cursor = database.execute(query)
            shown = Table(title=title, title_justify="left")
            for name, *_ in cursor.description:
                shown.add_column(name, overflow="fold")
            for row in cursor:
                shown.add_row(*("" if value is None else str(value) for value in row))
            console.print(shown)


def _show_ways_on(house: House) -> None:
    ways = {
        "make up": "Airflow's pages, with this DAG in them",
        "config/integrations/northwind.yaml": "what you have just seen, as it is written",
        f"{house.database.relative_to(house.project)}": "the rows, in SQLite",
        "AIRFLOW_HOME=.demo .venv/bin/tandem log northwind": "what became of each run",
        "README.md": "your own integration, in five minutes",
    }
    console.print("[bold]Where to look next[/]")
    for what, why in ways.items():
        console.print(f"  {what:<52}{why}")


if __name__ == "__main__":
    main()
