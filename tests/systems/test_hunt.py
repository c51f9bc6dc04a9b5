"""The hunt for secrets finds what is planted, so that what it does not find is not there."""

import json
import logging
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from tests.systems.doors import LOGIN, SECRET
from tests.systems.hunt import Hunt

from tandem.errors import TandemError


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
    with (
        (folder / "1.arrow").open("wb") as file,
        pa.ipc.new_file(file, table.schema, options=options) as writer,
    ):
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


@pytest.mark.parametrize("place", PLANTS)
def test_the_hunt_finds_what_was_planted(tmp_path: Path, hunt: Hunt, place: str) -> None:
    hunt.hide(SECRET, login=LOGIN)
    hunt.files(tmp_path)
    assert not hunt.found()
    PLANTS[place](tmp_path, hunt)
    hunt.files(tmp_path)
    assert hunt.found()
