"""`make demo`: a service, its integration, people at work on both sides, and what became of it."""

import re
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Final

from rich.console import Console

from tandem.demo.house import House, airflow, without_airflow
from tandem.demo.outcome import by_entity, lost_value, totals, what_became
from tandem.demo.people import Deed, External, Local, People

DAG: Final = "northwind__sync"
WIDTH: Final = 80

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
    console.rule("Tandem: an OData service and a SQL database in step, by Airflow")
    _introduce(house, url)
    _run(environment, log, "db", "migrate")
    console.print("\n[bold]First run:[/] everything is read, tables are created, records linked.")
    _sync(environment, log)
    console.print("\n[bold]Now people work on both sides:[/]")
    people = People(External(url), Local(house.database))
    deeds = []
    for deed in people.work():
        deeds.append(deed)
        console.print(f"  {deed.told}")
    console.print("\n[bold]Second run:[/] what either side changed reaches the other.")
    _sync(environment, log)
    console.print("\n[bold]What became of each:[/]")
    console.print(what_became(deeds, people), width=min(WIDTH, console.width))
    _show_conflict(house, deeds)
    _show_ways_on(house)


def _introduce(house: House, url: str) -> None:
    console.print(f"External    an OData v4 service, [cyan]{url}[/]")
    console.print(
        f"Local       a SQLite file, still empty, [cyan]{_shown(house, house.database)}[/]"
    )
    console.print(
        "Between     [cyan]config/integrations/northwind.yaml[/]: accounts and contacts go"
    )
    console.print("            both ways, work orders are downloaded; on_conflict: external_wins")
    console.print(f"Airflow     sees it as the DAG [cyan]{DAG}[/]; its log is .demo/airflow.log\n")


def _sync(environment: Mapping[str, str], log: Path) -> None:
    begun = time.monotonic()
    lines = _run(environment, log, "dags", "test", DAG)
    console.print(by_entity(lines))
    for line in totals(lines):
        shown = fill(line, WIDTH, initial_indent="  ", subsequent_indent=" " * 11)
        console.print(shown, markup=False)
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


def _show_conflict(house: House, deeds: list[Deed]) -> None:
    state = house.home / "tandem.db"
    for deed in deeds:
        if lost := lost_value(state, deed.record_id):
            console.print(f"The value that lost is kept: {deed.title}.{lost}.")


def _show_ways_on(house: House) -> None:
    home = _shown(house, house.home)
    ways = {
        f"export AIRFLOW_HOME={home}": "for the next two",
        ".venv/bin/tandem log northwind": "what became of each run",
        ".venv/bin/tandem conflicts northwind": "what waits for a person (here: nothing)",
        f"sqlite3 {_shown(house, house.database)}": "the local records",
        "make up": "Airflow's pages, with these DAGs",
        "config/integrations/northwind.yaml": "what you have just seen",
        "README.md": "your own, in five minutes",
    }
    console.print("\n[bold]Where to look next[/]")
    for what, why in ways.items():
        console.print(f"  {what:<38}{why}")
    console.print("  [dim]While its systems run, tandem explain says all about one record.[/]")


def _shown(house: House, path: Path) -> Path:
    return path.relative_to(house.project)


if __name__ == "__main__":
    main()
