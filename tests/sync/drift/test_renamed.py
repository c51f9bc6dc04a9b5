"""An external entity has another name: mapped anew, its records must not be there twice."""

import copy

import pytest


@pytest.fixture
def renamed(drifting):
    """Makes two systems whose external accounts are called firms now, and are mapped so."""

    def make(direction, **account):
        both = drifting(direction, **account)
        both.rename_entity("external", "Firms")
        both.mapping["external"] = "Firms"
        both.world.mappings[1]["fields"][1]["lookup"] = {"entity": "Firms", "field": "ID"}
        return both

    return make


def counts(both):
    return tuple(len(both.accounts(side)) for side in ("external", "local"))


@pytest.mark.parametrize("direction", ["download_only", "upload_only", "bidirectional"])
def test_records_that_were_linked_are_not_created_again_without_a_primary_key(renamed, direction):
    both = renamed(direction, primary_key=[])
    for _ in range(2):
        stopped = both.sync()
        assert "records of 'account' are linked to those of 'Accounts'" in stopped["Firms"]
        assert "primary_key: [...]" in stopped["Firms"]
        assert counts(both) == (3, 3)
    both.mapping["primary_key"] = ["number"]
    assert both.sync() == {}
    assert counts(both) == (3, 3)
    both.quiet()


@pytest.mark.parametrize("direction", ["download_only", "upload_only", "bidirectional"])
def test_by_their_primary_key_they_meet_again(renamed, direction):
    both = renamed(direction)
    assert both.sync() == {}
    assert counts(both) == (3, 3)
    both.quiet()


def test_other_records_of_the_same_local_entity_are_created_when_a_person_says_so(renamed):
    both = renamed("download_only", primary_key=[])
    both.store("external").records["Firms"].clear()
    both.new("external", "account", number="z", name="Zoe")
    assert both.sync(approved=True) == {}
    assert both.accounts("local").keys() == {"a", "b", "c", "z"}
    both.quiet()


def test_a_second_mapping_of_a_local_entity_is_no_renamed_one(drifting):
    both = drifting("download_only", primary_key=[])
    known = both.store("external").entities["Accounts"]
    both.store("external").define(known.model_copy(update={"name": "Firms"}))
    second = {**copy.deepcopy(both.mapping), "external": "Firms"}
    both.mapping["enabled"] = False
    both.world.mappings.append(second)
    both.world.mappings[1]["fields"].pop()
    assert both.sync() == {}
