"""Runs the contestants one after the other, checks what they loaded, and reports what it cost.

python -m benchmarks [--rows N] [--only floor,tandem] [--target postgres] [--skip-dlt] [--merge]
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import measure
from benchmarks.contestants import (
    CONTESTANTS,
    HOME,
    STATE_DATABASE,
    Contestant,
    Target,
    base_environment,
    install_dlt,
)
from benchmarks.report import Result, machine, print_report
from benchmarks.serving import Server, serving
from benchmarks.targets import Postgres, Sqlite, Totals

WORK = HOME / "work"


class Failed(Exception):
    """A contestant did not do what was asked."""


def compete(server: Server, contestant: Contestant, target: Target) -> Iterator[Result]:
    """All steps of one contestant into a fresh target."""
    work = WORK / f"{contestant.name}-{target.name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    target.refresh()
    try:
        own = contestant.environment(server.root, target, work)
        for step in contestant.steps:
            server.tell(f"/_state/{_state(step)}")
            yield _step(server, contestant, target, {**base_environment(), **own}, step)
    finally:
        target.drop()
        if isinstance(target, Postgres):
            target.drop(STATE_DATABASE)
        shutil.rmtree(work)


def _state(step: str) -> str:
    return "changed" if step == "changed" else "base"


def _step(
    server: Server, contestant: Contestant, target: Target, environment: dict[str, str], step: str
) -> Result:
    log = WORK / f"{contestant.name}-{target.name}.log"
    log.unlink(missing_ok=True)
    server.tell("/_stats")
    served, database = measure.cpu_seconds(server.pid), target.cpu_seconds()
    cost = measure.run(contestant.command(server.root, target.address), environment, log)
    if cost.exit_code:
        raise Failed(f"exit code {cost.exit_code}\n{_end_of(log)}")
    stats, expected = server.stats(), server.expected(_state(step))
    if stats["first"] is None:
        raise Failed(f"asked the service nothing\n{_end_of(log)}")
    totals = target.totals()
    _check(expected, totals)
    after = target.cpu_seconds()
    return Result(
        contestant=contestant.name,
        target=target.name,
        step=step,
        rows=expected["rows"],
        seconds=cost.seconds,
        start_up=stats["first"] - cost.started,
        cpu_seconds=cost.cpu_seconds,
        database_cpu_seconds=None if after is None or database is None else after - database,
        server_cpu_seconds=measure.cpu_seconds(server.pid) - served,
        peak_mb=cost.peak_mb,
        requests=stats["requests"],
        exact=totals.balance == expected["balance"],
    )


def _check(expected: dict[str, int], totals: Totals) -> None:
    loaded = {name: getattr(totals, name) for name in ("rows", "max_version", "amount")}
    wanted = {name: expected[name] for name in loaded}
    if loaded != wanted:
        raise Failed(f"loaded {loaded}, and should have loaded {wanted}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:])


def _chosen(arguments: argparse.Namespace) -> list[Contestant]:
    only = arguments.only.split(",") if arguments.only else []
    if unknown := set(only) - {contestant.name for contestant in CONTESTANTS}:
        known = ", ".join(contestant.name for contestant in CONTESTANTS)
        sys.exit(f"There is no contestant {sorted(unknown)[0]!r}; there are {known}.")
    return [
        contestant
        for contestant in CONTESTANTS
        if (contestant.name in only if only else arguments.merge or contestant.name != "dlt-merge")
        and not (arguments.skip_dlt and contestant.needs_dlt)
    ]


def _rounds(
    arguments: argparse.Namespace, contestants: list[Contestant], rows: int
) -> Iterator[Result | Failed]:
    known: tuple[Target, ...] = (Postgres(), Sqlite(WORK.resolve()))
    targets = [t for t in known if arguments.target in (None, t.name)]
    with serving(rows) as server:
        for _ in range(arguments.repeat):
            for target in targets:
                for contestant in contestants:
                    yield from _told(compete(server, contestant, target), contestant, target)


def _told(
    results: Iterator[Result], contestant: Contestant, target: Target
) -> Iterator[Result | Failed]:
    """The results, each printed as it comes. One contestant's failure is not the others'."""
    try:
        for result in results:
            print(result.line(), flush=True)
            yield result
    except Failed as failed:
        print(f"{contestant.name} → {target.name} FAILED: {failed}", file=sys.stderr, flush=True)
        yield failed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", help="names of contestants, with commas")
    parser.add_argument("--target", choices=("postgres", "sqlite"))
    parser.add_argument("--skip-dlt", action="store_true")
    parser.add_argument("--merge", action="store_true", help="dlt's merging load, too: minutes")
    parser.add_argument("--repeat", type=int, default=1, help="the fastest of so many runs counts")
    parser.add_argument(
        "--memory-rows", type=int, default=100_000, help="tandem's memory is compared with this"
    )
    return parser.parse_args()


def main() -> None:
    """The command line."""
    arguments = _arguments()
    contestants = _chosen(arguments)
    WORK.mkdir(parents=True, exist_ok=True)
    (HOME / ".gitignore").write_text("*\n")
    if any(contestant.needs_dlt for contestant in contestants):
        install_dlt()
    outcomes = list(_rounds(arguments, contestants, arguments.rows))
    tandem = [contestant for contestant in contestants if contestant.name == "tandem"]
    if tandem and arguments.memory_rows < arguments.rows:
        outcomes += _rounds(arguments, tandem, arguments.memory_rows)
    results = [outcome for outcome in outcomes if isinstance(outcome, Result)]
    document = {"machine": machine(), "results": [asdict(result) for result in results]}
    (HOME / "results.json").write_text(json.dumps(document, indent=2))
    print_report(results, arguments.rows)
    print(f"Figures: {HOME / 'results.json'}")
    sys.exit(len(results) < len(outcomes))


if __name__ == "__main__":
    main()
