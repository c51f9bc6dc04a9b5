"""The local records that a first sync removes: all are kept, however often `load` is tried."""

import csv

import pytest

from tandem.connectors.memory import Cut
from tandem.errors import Unreachable
from tandem.sync import steps

ALL = [f"N{n}" for n in range(5)]


@pytest.fixture
def town(make_both):
    """Five local records without partner."""
    both = make_both(first_sync="replace_local")
    both.there("There", number="there")
    for name in ALL:
        both.here(name, accountnumber=name, city='a "city",\nmine')
    return both


def prepared(run, entity="Accounts"):
    steps.refresh_schema(run)
    steps.validate_metadata(run)
    return steps.transform(run, steps.extract(run, entity))


def files(tmp_path):
    """Path below `removed/<run>` → the names in it, as often as they are in it."""
    found = {}
    for path in sorted(tmp_path.rglob("removed/**/*.csv")):
        with path.open(newline="") as file:
            names = sorted(row["name"] for row in csv.DictReader(file))
        found["/".join(path.parts[path.parts.index("removed") + 2 :])] = names
    return found


def cut_at(both, done):
    """The next deletion breaks off after so many rows."""

    def before(operation):
        if operation == "delete":
            both.local.before = lambda _operation: None
            return Cut(done, Unreachable("cut off"), (done,) if done < len(ALL) else ())
        return None

    both.local.before = before


def interrupted(both, run, done):
    """A plan of which so many deletions were carried out when `load` failed."""
    planned = prepared(run)
    cut_at(both, done)
    with pytest.raises(Unreachable):
        steps.load(run, planned)
    return planned


def test_a_retry_keeps_what_was_deleted_before_it(town, tmp_path):
    with town.world.job(approved=True) as run:
        planned = interrupted(town, run, 2)
        assert len(town.names()[1]) == 4
        kept = steps.load(run, planned)["kept"]
    assert town.names()[1] == ["There"]
    assert files(tmp_path) == {"Accounts/account.csv": ALL}
    assert kept.endswith("/Accounts/account.csv")


def test_a_retry_that_finds_all_deleted_names_the_file_too(town, tmp_path):
    with town.world.job(approved=True) as run:
        planned = interrupted(town, run, 5)
        assert town.names()[1] == ["There"]
        kept = steps.load(run, planned)["kept"]
    assert files(tmp_path) == {"Accounts/account.csv": ALL}
    assert kept.endswith("/Accounts/account.csv")


def test_what_was_changed_since_is_kept_as_it_is_now_beside_what_it_was(town, tmp_path):
    with town.world.job(approved=True) as run:
        planned = interrupted(town, run, 2)
        left = sorted({*town.names()[1]} - {"There"})
        town.local.edit("account", town.is_here(left[0])["id"], kind="edited")
        kept = steps.load(run, planned)["kept"]
    assert files(tmp_path) == {"Accounts/account.csv": ALL, "Accounts/account-2.csv": [left[0]]}
    assert kept.endswith("/Accounts")


@pytest.mark.parametrize("left", ["", '"id","acc', '"id","name"\n"1","x"\n"2"', "\xff"])
def test_a_file_that_broke_off_is_left_as_it_is_and_counts_for_nothing(town, tmp_path, left):
    with town.world.job(approved=True) as run:
        planned = interrupted(town, run, 0)
        (path,) = tmp_path.rglob("removed/**/*.csv")
        path.write_bytes(left.encode("latin-1"))
        steps.load(run, planned)
    assert path.read_bytes() == left.encode("latin-1")
    with path.with_name("account-2.csv").open(newline="") as file:
        assert sorted(row["name"] for row in csv.DictReader(file)) == ALL


def test_large_texts_are_recognised(town, tmp_path):
    entity = town.local.entities["account"]
    kinds = [f.model_copy(update={"max_length": None}) for f in entity.fields]
    town.local.entities["account"] = entity.model_copy(update={"fields": tuple(kinds)})
    for name in ALL:
        town.local.edit("account", town.is_here(name)["id"], kind='"\n' * 1_000_000)
    with town.world.job(approved=True) as run:
        steps.load(run, interrupted(town, run, 2))
    assert [path.name for path in tmp_path.rglob("removed/**/*.csv")] == ["account.csv"]


def test_two_entities_of_one_local_entity_have_a_file_each(make_both, tmp_path):
    both = make_both(first_sync="replace_local")
    second = {
        "external": "Contacts",
        "local": "account",
        "first_sync": "replace_local",
        "version_number": "version",
        "direction": "bidirectional",
        "fields": [{"external": "name", "local": "name"}, {"local": "kind", "constant": "person"}],
    }
    both.mapping["fields"].append({"local": "kind", "constant": "company"})
    both.world.mappings.append(second)
    both.there("There", number="1")
    both.here("Company", accountnumber="2", kind="company")
    both.here("Person", accountnumber="3", kind="person")
    with both.world.job(approved=True) as run:
        steps.load(run, prepared(run))
        steps.load(run, prepared(run, "Contacts"))
    assert files(tmp_path) == {
        "Accounts/account.csv": ["Company"],
        "Contacts/account.csv": ["Person"],
    }
