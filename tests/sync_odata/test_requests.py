"""How many requests a sync takes."""

from collections import Counter

import pytest

MANY = 1_200


@pytest.fixture
def town(make_town, sqlite, accounts):
    """Many accounts on the local side."""
    town = make_town(sqlite, accounts)
    town.sync()
    rows = (f"('{n:08}-0000-4000-8000-000000000000', 'n{n}', 'x', TRUE)" for n in range(MANY))
    sqlite.run(f"INSERT INTO account (id, number, name, active) VALUES {', '.join(rows)}")
    return town


def writes(town):
    return Counter(r.url.path.rpartition("/")[2] for r in town.wire.writes)


def test_records_are_written_in_batches(town, counted):
    assert counted(town.sync()) == {"Accounts upload": {"created": MANY}}
    assert set(writes(town)) == {"$batch"}
    assert writes(town)["$batch"] <= 5
    town.local.run("UPDATE account SET name = 'y'")
    assert counted(town.sync()) == {"Accounts upload": {"updated": MANY}}
    assert set(writes(town)) == {"$batch"}
    assert writes(town)["$batch"] <= 5
    town.local.run("DELETE FROM account WHERE number LIKE 'n1__'")
    assert counted(town.sync()) == {"Accounts upload": {"deleted": 100}}
    assert writes(town) == {"$batch": 1}


def test_a_sync_without_news_asks_for_the_metadata_and_the_changes_alone(town):
    town.sync()
    town.sync()
    town.sync()
    assert writes(town) == {}
    assert len(town.wire.asked) <= 3
    assert [path for path in town.wire.paths if "$deltatoken" in path]
