from pathlib import Path

from tandem.demo.data import Sizes, fill
from tandem.demo.schema import ACCOUNTS, FIELD_SERVICE
from tandem.demo.store import Store, next_version

FEW = Sizes.of(30)


def rows(store: Store) -> list[list[tuple]]:
    with store.reading() as connection:
        return [
            connection.execute(f'SELECT * FROM "{entity_set.name}" ORDER BY 1').fetchall()
            for entity_set in FIELD_SERVICE.entity_sets
        ]


def filled(database: Path, seed: int = 1) -> Store:
    store = Store(database, FIELD_SERVICE)
    fill(store, FEW, seed)
    return store


def test_same_seed_gives_the_same_records(tmp_path: Path):
    first, same, other = (filled(tmp_path / f"{n}.db", seed) for n, seed in enumerate((1, 1, 2)))
    assert rows(first) == rows(same)
    assert rows(first) != rows(other)


def test_filling_again_changes_nothing(tmp_path: Path):
    before = rows(filled(tmp_path / "demo.db"))
    assert rows(filled(tmp_path / "demo.db", seed=2)) == before


def test_sizes_are_as_asked(tmp_path: Path):
    counts = filled(tmp_path / "demo.db").counts()
    assert counts == {"Accounts": 30, "Contacts": 75, "WorkOrders": 150}


def test_store_that_was_filled_with_nothing_takes_records(tmp_path: Path):
    store = Store(tmp_path / "demo.db", FIELD_SERVICE)
    fill(store, Sizes.of(0))
    with store.writing() as connection:
        assert next_version(connection, ACCOUNTS) == 1


def test_accounts_form_trees(tmp_path: Path):
    accounts = rows(filled(tmp_path / "demo.db"))[0]
    places = list(ACCOUNTS.paths)
    parents = {row[0]: row[places.index("parent_ID")] for row in accounts}
    assert any(parents.values())
    for key in parents:
        seen = set()
        while key and key not in seen:
            seen.add(key)
            key = parents[key]
        assert key is None


def test_later_change_has_the_higher_version(tmp_path: Path):
    columns = list(ACCOUNTS.paths)
    accounts = rows(filled(tmp_path / "demo.db"))[0]
    stamps = [
        (row[columns.index("rowVersion")], row[columns.index("modifiedAt")]) for row in accounts
    ]
    assert [moment for _, moment in sorted(stamps)] == sorted(moment for _, moment in stamps)
