"""Whether an installation is well: files, state, staging, key; and what waits too long.

Changes nothing: a state database that is missing or old stays so.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from secrets import token_hex
from typing import Final

from tandem.errors import TandemError, one_line
from tandem.integration_files import BrokenFile, list_integration_files, load_integration
from tandem.model.integration import Integration
from tandem.staging import Staging
from tandem.state import diagnosis
from tandem.state.migrate import HEAD
from tandem.state.sign_in_key import SignInKey
from tandem.sync.environment import Environment, sign_ins_of
from tandem.sync.people.check import Finding, finding_of
from tandem.sync.people.housekeeping import kept_for
from tandem.sync.people.pools import shared_apart

_OLDEST_PYTHON: Final = (3, 11)
_PACKAGES: Final = ("apache-airflow", "sqlalchemy", "pyarrow", "pandas", "pydantic")
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_TOO_LONG: Final = timedelta(days=7)
"""What waits longer may have been forgotten."""
_LONG_RUN: Final = timedelta(days=1)
"""A run that is at work longer may hang."""
_PATIENCE: Final = timedelta(days=7)
"""No run waits longer for a person (`LONGEST` of `tandem.airflow.approval.asking`)."""

Check = Callable[[], Iterator[Finding]]


def examine(environment: Environment) -> Iterator[Finding]:
    """What can be said without asking the systems, and without Airflow."""
    yield from _python()
    yield from _safely("settings", lambda: _settings(environment))
    yield from _safely("files", lambda: _files(environment))
    yield from _safely("state", lambda: _state(environment))
    yield from _safely("staging", lambda: _staging(environment))
    yield from _safely("key", lambda: _key(environment))


def examine_quotas(
    environment: Environment, integrations: Sequence[Integration]
) -> Iterator[Finding]:
    """Users of a service whose requests run in several pools, so that none bounds them."""
    for sharing in shared_apart(integrations, environment.connections):
        yield Finding("pools", "warning", f"{sharing} Name one pool for all of them.")


def _safely(about: str, check: Check) -> Iterator[Finding]:
    """What the check finds; what it raises is a finding too."""
    try:
        yield from check()
    except TandemError as error:
        yield finding_of(about, error)
    except Exception as error:  # noqa: BLE001 - the other checks are made all the same
        yield Finding(about, "problem", f"bug: {type(error).__name__}: {one_line(str(error))}")


def _python() -> Iterator[Finding]:
    running = sys.version_info[:3]
    text = f"Python {'.'.join(map(str, running))}"
    if running < _OLDEST_PYTHON:
        least = ".".join(map(str, _OLDEST_PYTHON))
        yield Finding("versions", "problem", f"{text} is too old; install {least} or newer.")
        return
    yield Finding("versions", "ok", ", ".join([text, *map(_version, _PACKAGES)]))


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


def _settings(environment: Environment) -> Iterator[Finding]:
    days = kept_for(environment.settings.keep_days).days
    yield Finding("settings", "ok", f"Logs are kept for {days} days.")


def _files(environment: Environment) -> Iterator[Finding]:
    folder = environment.settings.config
    files = list_integration_files(folder)
    broken = 0
    for path in files:
        try:
            load_integration(path)
        except BrokenFile as error:
            broken += 1
            yield Finding("files", "problem", "\n".join(error.lines))
    if not files:
        text = f"{folder.absolute()} holds no integration. Draft one: tandem init."
        yield Finding("files", "note", text)
    elif broken < len(files):
        count = len(files) - broken
        yield Finding("files", "ok", f"{count} of {len(files)} files in {folder} can be read.")


def _state(environment: Environment) -> Iterator[Finding]:
    state = diagnosis.Diagnosis(environment.state_url)
    try:
        yield from _database(environment, state)
    finally:
        state.close()


def _database(environment: Environment, state: diagnosis.Diagnosis) -> Iterator[Finding]:
    found = state.revision() if state.exists else None
    if found is None:
        yield Finding("state", "note", "There is no state yet: the first run makes it.")
        return
    if found > HEAD:
        text = f"The state has migration {found}, newer than {HEAD} of this version of Tandem."
        remedy = "Upgrade Tandem, or restore the backup made before the upgrade."
        yield Finding("state", "problem", f"{text} {remedy}")
        return
    if found < HEAD:
        text = f"The state has migration {found}; the next run brings it to {HEAD}."
        yield Finding("state", "note", f"{text} Back it up before.")
        return
    state.try_writing()
    yield Finding("state", "ok", f"{state.kind}, at migration {found}, can be written.")
    yield from _clocks(environment, state)
    yield from _sign_ins(environment, state)
    yield from _at_work(environment, state)
    yield from _asking(environment, state)
    yield from _waiting(environment, state)


def _clocks(environment: Environment, state: diagnosis.Diagnosis) -> Iterator[Finding]:
    theirs = state.clock()
    if theirs is None:
        return
    apart = abs(theirs - environment.now())
    seconds = f"{apart.total_seconds():,.0f} s"
    if apart > _CLOCKS_DIFFER:
        text = f"The clock of the database differs from this machine's by {seconds}."
        remedy = "Leases and schedules go by clocks: have both follow a time server (NTP)."
        yield Finding("clocks", "warning", f"{text} {remedy}")
    else:
        yield Finding("clocks", "ok", f"The database's and this machine's differ by {seconds}.")


def _sign_ins(environment: Environment, state: diagnosis.Diagnosis) -> Iterator[Finding]:
    names = state.sign_in_names()
    sign_ins = sign_ins_of(environment)
    lost = 0
    try:
        for name in names:
            if sign_ins.tokens(name) is None:
                lost += 1
                text = f"What was kept of {name} is damaged: somebody has to sign in again."
                yield Finding("sign-ins", "problem", text)
    finally:
        sign_ins.close()
    if names and not lost:
        yield Finding("sign-ins", "ok", f"{len(names)} can be read.")


def _at_work(environment: Environment, state: diagnosis.Diagnosis) -> Iterator[Finding]:
    for run in state.at_work(environment.now()):
        if not run.alive:
            text = f"{run.run_id} ended without giving back its turn. The next run takes over."
            yield Finding(run.integration, "note", text)
        elif run.since and environment.now() - run.since > _LONG_RUN:
            text = f"{run.run_id} has been at work since {run.since:%Y-%m-%d %H:%M} UTC."
            remedy = "If it hangs, end it in Airflow; ten minutes later others may run."
            yield Finding(run.integration, "warning", f"{text} {remedy}")
        else:
            yield Finding(run.integration, "ok", f"{run.run_id} is at work.")


def _asking(environment: Environment, state: diagnosis.Diagnosis) -> Iterator[Finding]:
    for run in state.asking(environment.now() - _PATIENCE):
        text = f"{run.run_id} asks since {run.since:%Y-%m-%d %H:%M} UTC: answer it in Airflow"
        yield Finding(
            run.integration, "note", f"{text} under Required Actions, unless it was ended there."
        )


def _waiting(environment: Environment, state: diagnosis.Diagnosis) -> Iterator[Finding]:
    for found in state.waiting():
        if environment.now() - found.since > _TOO_LONG:
            text = f"{found.rows:,} {found.what}, the oldest since {found.since:%Y-%m-%d}."
            remedy = _REMEDIES[found.what].format(found.integration)
            yield Finding(found.integration, "warning", f"{text} {remedy}")


_REMEDIES: Final = {
    "rejected records": "See tandem rejected {0}; then retry or archive them.",
    "conflicts": "See tandem conflicts {0}; then take-local or take-external.",
    "withheld deletions": "See tandem preview {0}; tandem sync {0} --yes carries them out.",
}


def _staging(environment: Environment) -> Iterator[Finding]:
    url = environment.settings.staging
    probe = Staging(url, "tandem-doctor", token_hex(8))
    path = f"{probe.folder()}/probe.json"
    written = {"probe": probe.run_id}
    probe.write_json(path, written)
    read = probe.read_json(path)
    probe.remove()
    if read != written:
        text = f"What was written to {url} was not what was read."
        yield Finding("staging", "problem", f"{text} Choose another place for TANDEM_STAGING.")
        return
    yield Finding("staging", "ok", f"{url} can be written, read and cleared.")
    if "://" not in url or url.startswith(("file:", "memory:")):
        text = "Every worker must see this very folder: share it, or use an object store."
        yield Finding("staging", "note", text)


def _key(environment: Environment) -> Iterator[Finding]:
    settings = environment.settings
    key = SignInKey(settings.fernet_keys, settings.key_file)
    if not settings.fernet_keys and not settings.key_file.exists():
        text = f"There is none yet: {settings.key_file} is made with the first sign-in."
        yield Finding("key", "note", text)
        return
    key.seal()
    yield Finding("key", "ok", f"Sign-ins are encrypted with the key in {key.where}.")


def last_syncs(environment: Environment, names: Sequence[str]) -> dict[str, datetime | None]:
    """When the last sync of each integration began that loaded anything; nothing of those that
    no state tells of.
    """
    try:
        state = diagnosis.Diagnosis(environment.state_url)
        try:
            if not state.exists or state.revision() != HEAD:
                return {}
            return {name: state.last_started(name) for name in names}
        finally:
            state.close()
    except TandemError:
        return {}
