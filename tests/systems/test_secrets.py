"""What opens doors is found nowhere: in no log, message, file or database."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.systems.doors import (
    Door,
    Trouble,
    broken,
    echoed,
    failed,
    refused,
    throttled,
)
from tests.systems.hunt import Hunt, Logged, lines
from tests.systems.office import Office

from tandem.errors import TandemError

LOUD = ("", "tandem", "msal", "msal.token_cache", "httpx", "httpcore", "urllib3", "asyncio")
"""Loggers that are set to DEBUG."""
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


def _logged(_: Path, hunt: Hunt) -> None:
    logging.getLogger("urllib3.connectionpool").debug("sent %s", {"password": SECRET})


def _raised(_: Path, hunt: Hunt) -> None:
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise TandemError("It failed.") from error
    except TandemError as error:
        hunt.error("a run", error)


def _logged_with_its_cause(_: Path, hunt: Hunt) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("tandem.sync").exception("It failed.")


def _sent(_: Path, hunt: Hunt) -> None:
    request = httpx.Request("GET", "https://there.example/", headers={"X": "1"})
    signed = next(httpx.BasicAuth(LOGIN, SECRET).auth_flow(request))
    hunt.text("headers", signed.headers["Authorization"])


def _handed_over(_: Path, hunt: Hunt) -> None:
    hunt.text("XCom", json.dumps({"text": json.dumps({"password": SECRET})}))


def _staged(folder: Path, _: Hunt) -> None:
    table = pa.table({"name": ["a", SECRET] * 500})
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (folder / "1.arrow").open("wb") as file:
        with pa.ipc.new_file(file, table.schema, options=options) as writer:
            writer.write_table(table)


def _kept(folder: Path, _: Hunt) -> None:
    with closing(sqlite3.connect(folder / "tandem.db")) as database, database:
        database.execute("CREATE TABLE base (document BLOB)")
        document = zlib.compress(json.dumps({"p": SECRET}).encode())
        database.execute("INSERT INTO base VALUES (?)", [document])


def _in_the_log_of_a_database(folder: Path, hunt: Hunt) -> None:
    database = sqlite3.connect(folder / "tandem.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE text (text TEXT)")
    database.execute("INSERT INTO text VALUES (?)", [SECRET])
    database.execute("DELETE FROM text")
    hunt.files(folder)
    database.close()


PLANTS: dict[str, Callable[[Path, Hunt], None]] = {
    plant.__name__.strip("_").replace("_", " "): plant
    for plant in (
        *(_logged, _raised, _logged_with_its_cause, _sent, _handed_over, _staged, _kept),
        _in_the_log_of_a_database,
    )
}


@pytest.fixture
def hunt() -> Iterator[Hunt]:
    """Looks at all that is logged, of everybody, at DEBUG."""
    hunt = Hunt()
    logged = Logged(hunt)
    before = {name: logging.getLogger(name).level for name in LOUD}
    logging.getLogger().addHandler(logged)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield hunt
    logging.getLogger().removeHandler(logged)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


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


@pytest.mark.parametrize("place", PLANTS)
def test_the_hunt_finds_what_was_planted(tmp_path: Path, hunt: Hunt, place: str) -> None:
    hunt.hide(SECRET, login=LOGIN)
    hunt.files(tmp_path)
    assert not hunt.found()
    PLANTS[place](tmp_path, hunt)
    hunt.files(tmp_path)
    assert hunt.found()
