"""A line that is changed later: nobody's edit is taken for another's because of it."""

import pytest

LINE = {"external": "name", "local": "name"}
TRIM = {**LINE, "transform": ["trim"]}
DEFAULT = {**LINE, "default": "none"}


@pytest.fixture
def town(make_both):
    both = make_both(primary_key=[])
    change(both, LINE)
    return both


def change(both, line):
    both.mapping["fields"] = [{"external": "number", "local": "accountnumber"}, line]


def of(both):
    (there,) = both.external.records["Accounts"].values()
    (here,) = both.local.records["account"].values()
    return there["name"], here["name"]


def edit(both, side, name):
    store, entity, key = {
        "external": (both.external, "Accounts", "ID"),
        "local": (both.local, "account", "id"),
    }[side]
    (record,) = store.records[entity].values()
    store.edit(entity, record[key], name=name)


CHANGES = [(TRIM, " q ", "q"), (DEFAULT, None, "none"), (DEFAULT, " q ", " q ")]


@pytest.mark.parametrize("policy", ["external_wins", "local_wins", "review"])
@pytest.mark.parametrize(("line", "value", "made"), CHANGES)
def test_an_edit_that_has_not_travelled_yet_does(town, policy, line, value, made):
    town.mapping["on_conflict"] = policy
    town.there(value)
    town.sync()
    edit(town, "local", "mine")
    change(town, line)
    town.sync()
    assert of(town) == ("mine", "mine")
    town.assert_quiet()


@pytest.mark.parametrize("policy", ["external_wins", "local_wins", "review"])
@pytest.mark.parametrize(("line", "value", "made"), CHANGES)
def test_without_an_edit_the_local_side_takes_what_is_made_now(town, policy, line, value, made):
    town.mapping["on_conflict"] = policy
    town.there(value)
    town.sync()
    change(town, line)
    town.sync()
    assert of(town) == (value, made)
    town.assert_quiet()
    edit(town, "local", "mine")
    town.sync()
    assert of(town) == ("mine", "mine")


@pytest.mark.parametrize(("line", "value", "made"), CHANGES)
def test_an_external_edit_goes_down(town, line, value, made):
    town.mapping["on_conflict"] = "local_wins"
    town.there(value)
    town.sync()
    edit(town, "external", "theirs")
    change(town, line)
    town.sync()
    assert of(town) == ("theirs", "theirs")
    town.assert_quiet()


@pytest.mark.parametrize(("policy", "wins"), [("external_wins", "theirs"), ("local_wins", "mine")])
@pytest.mark.parametrize(("line", "value", "made"), CHANGES)
def test_edits_of_both_sides_clash_as_ever(town, policy, wins, line, value, made):
    town.mapping["on_conflict"] = policy
    town.there(value)
    town.sync()
    edit(town, "external", "theirs")
    edit(town, "local", "mine")
    change(town, line)
    town.sync()
    assert of(town) == (wins, wins)
    town.assert_quiet()
