"""Sign-ins, kept encrypted in the state database for all processes."""

import json
import logging
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from tandem.database import open_engine, writing
from tandem.errors import ConfigurationError
from tandem.model.sign_in import PendingSignIn
from tandem.state.sign_in_key import SignInKey
from tandem.state.sign_ins import SqlSignIns
from tandem.state.tables import sign_in

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "app at https://login.microsoftonline.com/contoso for https://org.crm4.dynamics.com"
CACHE = '{"RefreshToken": {"one": {"secret": "r3fresh"}}}'


def code(number: int, minutes: int = 15) -> PendingSignIn:
    flow = json.dumps({"device_code": f"d3vice {number}"})
    return PendingSignIn(f"Enter the code {number}.", flow, NOW + timedelta(minutes=minutes))


Opened = Callable[..., SqlSignIns]


@pytest.fixture
def process(database_url: str, tmp_path: Path) -> Iterator[Opened]:
    """Opens the sign-ins of the database, as several processes do."""
    opened: list[SqlSignIns] = []

    def open_sign_ins(keys: str = "", now: datetime = NOW) -> SqlSignIns:
        key = SignInKey(keys, tmp_path / "home" / "tandem.key")
        opened.append(SqlSignIns(lambda: database_url, key, lambda: now))
        return opened[-1]

    yield open_sign_ins
    for sign_ins in opened:
        sign_ins.close()


def key_file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "tandem.key"


def test_tokens_are_there_for_other_processes(process: Opened) -> None:
    process().keep_tokens(NAME, CACHE)
    assert process().tokens(NAME) == CACHE
    assert process().tokens("another") is None


def test_the_last_tokens_count(process: Opened) -> None:
    process().keep_tokens(NAME, CACHE)
    process().keep_tokens(NAME, "{}")
    assert process().tokens(NAME) == "{}"


def test_the_first_to_begin_is_the_one_that_counts(process: Opened) -> None:
    assert process().begin(NAME, code(1)) == code(1)
    assert process().begin(NAME, code(2)) == code(1)
    assert process().pending(NAME) == code(1)


def test_only_one_of_many_at_once_begins(process: Opened) -> None:
    process().tokens(NAME)  # the tables are there
    everyone = [process() for _ in range(4)]
    with ThreadPoolExecutor(len(everyone)) as pool:
        found = pool.map(lambda n: everyone[n].begin(NAME, code(n)), range(len(everyone)))
        assert len(set(found)) == 1


def test_after_it_has_expired_the_next_one_may_begin(process: Opened) -> None:
    process().begin(NAME, code(1, minutes=15))
    later = process(now=NOW + timedelta(minutes=15))
    assert later.pending(NAME) is None
    assert later.begin(NAME, code(2, minutes=30)) == code(2, minutes=30)


def test_whoever_has_tokens_ends_the_wait(process: Opened) -> None:
    process().begin(NAME, code(1))
    process().keep_tokens(NAME, CACHE)
    assert process().pending(NAME) is None
    assert process().waiting() == []


def test_only_the_one_that_waits_can_be_ended(process: Opened) -> None:
    process().begin(NAME, code(1))
    process().end(NAME, code(2))
    assert process().pending(NAME) == code(1)
    process().end(NAME, code(1))
    assert process().pending(NAME) is None
    process().end("another", code(1))


def test_an_ended_wait_leaves_the_tokens(process: Opened) -> None:
    process().keep_tokens(NAME, CACHE)
    process().begin(NAME, code(1))
    process().end(NAME, code(1))
    assert process().tokens(NAME) == CACHE


def test_what_waits_can_be_shown_without_the_key(process: Opened, tmp_path: Path) -> None:
    process().begin("b", code(1, minutes=20))
    process().begin("a", code(2, minutes=10))
    process().begin("gone", code(3, minutes=0))
    key_file(tmp_path).unlink()
    shown = [(entry.name, entry.message, entry.expires_at) for entry in process().waiting()]
    assert shown == [
        ("a", "Enter the code 2.", NOW + timedelta(minutes=10)),
        ("b", "Enter the code 1.", NOW + timedelta(minutes=20)),
    ]


def test_what_is_kept_is_encrypted(process: Opened, database_url: str) -> None:
    process().keep_tokens(NAME, CACHE)
    process().begin(NAME, code(1))
    engine = open_engine(database_url)
    with engine.connect() as connection:
        row = connection.execute(select(sign_in)).one()
    engine.dispose()
    assert b"r3fresh" not in row.tokens
    assert b"d3vice" not in row.flow
    assert "d3vice" not in f"{row.message}{row.name}{code(1)!r}"


def test_airflows_key_is_used_where_there_is_one(process: Opened, tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    process(key).keep_tokens(NAME, CACHE)
    assert process(key).tokens(NAME) == CACHE
    assert not key_file(tmp_path).exists()


def test_a_key_can_be_rotated(process: Opened) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    process(old).keep_tokens(NAME, CACHE)
    rotated = process(f"{new}, {old}")
    assert rotated.tokens(NAME) == CACHE
    rotated.keep_tokens(NAME, CACHE)
    assert process(new).tokens(NAME) == CACHE


def test_what_another_key_encrypted_is_not_replaced(process: Opened, tmp_path: Path) -> None:
    one, another = (Fernet.generate_key().decode() for _ in range(2))
    process(one).keep_tokens(NAME, CACHE)
    process(one).begin(NAME, code(1))
    other = process(another)
    asks: list[Callable[[], object]] = [
        lambda: other.tokens(NAME),
        lambda: other.pending(NAME),
        lambda: other.begin(NAME, code(2)),
        lambda: other.keep_tokens(NAME, "{}"),
    ]
    for ask in asks:
        with pytest.raises(ConfigurationError, match="encrypted with another key") as raised:
            ask()
        said = str(raised.value)
        assert NAME in said
        assert "AIRFLOW__CORE__FERNET_KEY" in said
        assert str(key_file(tmp_path)) in said
        assert "integration_sign_in" in said
        assert one not in said
    assert process(one).tokens(NAME) == CACHE
    assert process(one).pending(NAME) == code(1)


def test_a_code_that_another_key_hides_is_in_nobodys_way_once_it_has_expired(
    process: Opened,
) -> None:
    one, another = (Fernet.generate_key().decode() for _ in range(2))
    process(one).begin(NAME, code(1, minutes=15))
    later = process(another, now=NOW + timedelta(minutes=15))
    assert later.begin(NAME, code(2, minutes=30)) == code(2, minutes=30)


@pytest.mark.parametrize("columns", [("tokens", "tokens"), ("tokens", "flow")])
def test_what_was_copied_from_another_place_does_not_open(
    process: Opened, database_url: str, columns: tuple[str, str]
) -> None:
    source, target = columns
    process().keep_tokens("another", CACHE)
    process().begin(NAME, code(1))
    engine = open_engine(database_url)
    with writing(engine) as connection:
        query = select(sign_in.c[source]).where(sign_in.c.name == "another")
        taken = connection.execute(query).scalar_one()
        here = sign_in.update().where(sign_in.c.name == NAME)
        connection.execute(here.values({target: taken}))
    engine.dispose()
    read = process().tokens if target == "tokens" else process().pending
    assert read(NAME) is None


def test_that_nobody_came_is_known_for_a_quarter_of_an_hour(process: Opened) -> None:
    process().begin(NAME, code(1))
    assert not process().was_missed(NAME)
    process().miss(NAME, code(1))
    assert process().was_missed(NAME)
    assert process().pending(NAME) is None
    assert not process(now=NOW + timedelta(minutes=15)).was_missed(NAME)


def test_whoever_begins_again_or_signs_in_ends_that(process: Opened) -> None:
    for ends in (lambda: process().begin(NAME, code(2)), lambda: process().keep_tokens(NAME, "{}")):
        waits = process().begin(NAME, code(1))
        process().miss(NAME, waits)
        ends()
        assert not process().was_missed(NAME)


def test_only_the_one_that_waits_can_be_missed(process: Opened) -> None:
    process().begin(NAME, code(1))
    process().miss(NAME, code(2))
    assert not process().was_missed(NAME)
    assert process().pending(NAME) == code(1)


def test_what_is_damaged_counts_as_absent_and_is_told_once(
    process: Opened, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    process().keep_tokens(NAME, CACHE)
    engine = open_engine(database_url)
    with writing(engine) as connection:
        connection.execute(sign_in.update().values(tokens=b"\x00nonsense"))
    engine.dispose()
    sign_ins = process()
    assert sign_ins.tokens(NAME) is None
    assert sign_ins.tokens(NAME) is None
    assert [r.levelno for r in caplog.records if "is damaged" in r.getMessage()] == [
        logging.WARNING
    ]


def test_the_key_file_is_its_owners_alone(process: Opened, tmp_path: Path) -> None:
    process().keep_tokens(NAME, CACHE)
    assert stat.S_IMODE(key_file(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in key_file(tmp_path).parent.iterdir()] == ["tandem.key"]


def test_whoever_makes_the_key_second_uses_the_first(tmp_path: Path) -> None:
    key = SignInKey("", key_file(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        seals = list(pool.map(lambda _: key.seal(), range(8)))
    secret = seals[0].sealed("here", "one")
    assert {seal.opened("here", secret) for seal in seals} == {"one"}


@pytest.mark.parametrize("keys", ["s3cret", "ümlaut", f"{'A' * 43}=,s3cret"])
def test_what_is_no_key_is_told_and_not_shown(keys: str, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match="AIRFLOW__CORE__FERNET_KEY holds no Fernet key"
    ) as raised:
        SignInKey(keys, key_file(tmp_path)).seal()
    assert keys not in str(raised.value)
    assert keys not in repr(SignInKey(keys, key_file(tmp_path)))


def test_a_key_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "tandem.key").write_text("")
    with pytest.raises(ConfigurationError, match=r"tandem\.key holds no Fernet key"):
        SignInKey("", tmp_path / "tandem.key").seal()


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "tandem.key").mkdir()
    with pytest.raises(ConfigurationError, match=r"tandem\.key.*cannot be used"):
        SignInKey("", tmp_path / "tandem.key").seal()


def test_nothing_is_opened_before_it_is_needed(tmp_path: Path) -> None:
    SqlSignIns(
        lambda: f"sqlite:///{tmp_path}/s.db", SignInKey("", tmp_path / "k"), lambda: NOW
    ).close()
    assert list(tmp_path.iterdir()) == []
