"""What opens doors is found nowhere: in no log, message, file or database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.systems.doors import (
    CLIENT,
    SECRET,
    Door,
    Trouble,
    broken,
    echoed,
    failed,
    refused,
    throttled,
)
from tests.systems.hunt import Hunt, lines
from tests.systems.office import Office

from tandem.errors import TandemError

DOORS = [
    ("dynamics", "client_credentials"),
    ("dynamics", "device_code"),
    ("business_central", "client_credentials"),
    ("business_central", "device_code"),
    ("resco", "basic"),
    ("odata", "basic"),
    ("odata", "bearer"),
    ("odata", "api_key"),
    ("odata", "endpoint"),
    ("odata", "client_credentials"),
    ("odata", "device_code"),
]


COMES = {
    "first": "success",
    "written": "success",
    "expired": "success",
    "refused for good": "AuthenticationError",
    "quoting": "ConfigurationError",
    "throttled for good": "Throttled",
    "never answered": "Unreachable",
    "quoting authority": "success",
    "throttled authority": "success",
    "wrong secret": "success",
    "revoked consent": "success",
}
"""What comes of the runs where no authority is asked."""
BY_SECRET = {
    "quoting authority": "AuthenticationError",
    "throttled authority": "success",
    "wrong secret": "AuthenticationError",
    "revoked consent": "AuthenticationError",
}
AT_AUTHORITY: dict[str, dict[str, str]] = {
    "client_credentials": BY_SECRET,
    "endpoint": BY_SECRET,
    "device_code": {"quoting authority": "AuthenticationError"},
}
CHANGED = "changed-~secret/8Q"


@pytest.fixture(params=DOORS, ids=" ".join)
def door(tmp_path: Path, hunt: Hunt, request: pytest.FixtureRequest) -> Door:
    folder, files = tmp_path / "there", tmp_path / "here"
    folder.mkdir()
    files.mkdir()
    return Door(folder, *request.param, hunt, files)


def office(door: Door) -> Office:
    return Office(door.files, door.connection, door.connect, [door.mapping])


def attempt(door: Door, what: str, act: Callable[[], object]) -> str:
    """Do it, and look at what came of it: the status of a run, or the kind of error."""
    try:
        report = act()
    except TandemError as error:
        door.hunt.error(what, error)
        return type(error).__name__
    document = getattr(report, "model_dump_json", lambda: str(report))()
    door.hunt.text(f"{what} (report)", document)
    return str(getattr(report, "status", "done"))


def live_through(door: Door) -> dict[str, str]:
    """Good runs and bad ones; what came of each."""
    here, came_of = office(door), {}

    def step(name: str, *troubles: Trouble) -> None:
        door.troubles.extend(troubles)
        came_of[name] = attempt(door, f"{door.conn_type} {door.auth}: {name}", here.sync)
        door.troubles.clear()
        door.at_authority.clear()

    step("first")
    for id_ in here.local.rows("account"):
        here.local.change("account", id_, name="Another name")
    step("written", throttled, *[refused] * door.has_tokens)
    door.authority.expire_tokens()
    step("expired", broken)
    step("refused for good", *[refused] * 40)
    step("quoting", *[failed] * 40)
    step("throttled for good", *[throttled] * 40)
    step("never answered", *[broken] * 40)
    door.authority.expire_tokens()
    door.at_authority.extend([echoed] * 6)
    step("quoting authority")
    door.authority.throttle(1, 1)
    step("throttled authority", *[refused] * door.has_tokens)
    door.authority.expire_tokens()
    door.authority.change_secret(CLIENT, CHANGED)
    step("wrong secret")
    door.authority.change_secret(CLIENT, SECRET)
    door.authority.revoke(CLIENT)
    step("revoked consent")
    return came_of


def test_nothing_tells_a_secret_whatever_becomes_of_a_run(door: Door) -> None:
    came_of = live_through(door)
    door.hunt.hide(*door.authority.secrets, CHANGED)
    assert came_of == {**COMES, **AT_AUTHORITY.get(door.auth, {})}
    found = door.hunt.found()
    assert not found, lines(found)
    places = " ".join(door.hunt.looked)
    for name in (".arrow", "tandem.db", "log of tandem", "(report)", "(traceback)"):
        assert name in places, f"{name} was never looked at"
