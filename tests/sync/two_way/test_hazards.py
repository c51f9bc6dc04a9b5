"""Where syncs lose or double records: lost answers, concurrent edits, missing partners, keys."""

import pytest

from tandem.connectors.memory import Cut
from tandem.errors import Unreachable
from tandem.model.changes import Counts


def rejected(both, entity=None):
    return {r.record_id: r.error for r in both.state(lambda state: state.rejected_records(entity))}


def conflicts(both, status="open"):
    return both.state(lambda state: state.conflicts(status=status))


def once(operation, then):
    """A hook that does something before the first call of that operation."""
    left = [then]

    def hook(name):
        return left.pop()() if name == operation and left else None

    return hook


def forget_hooks(both):
    for store in (both.external, both.local):
        store.before, store.after = lambda _operation: None, lambda _operation: None


def test_linking_fills_what_one_side_lacks_and_the_policy_decides_the_rest(both):
    both.there("There", number="1", city="Oslo")
    both.here("Here", accountnumber="1")
    both.there(None, number="2")
    both.here("Grace", accountnumber="2", city="Brno")
    report = both.sync()
    assert both.names() == (["Grace", "There"], ["Grace", "There"])
    assert both.names("city") == (["Brno", "Oslo"], ["Brno", "Oslo"])
    assert report.counts.created == 0
    both.assert_quiet()


@pytest.mark.parametrize("side", ["external", "local"])
def test_two_candidates_are_linked_to_nobody_and_the_record_says_which(both, side):
    if side == "local":
        twins = [both.here(name, accountnumber="1") for name in ("A", "B")]
        lonely = both.there("There", number="1")
    else:
        twins = [both.there(name, number="1") for name in ("A", "B")]
        lonely = both.here("Here", accountnumber="1")
    before = both.writes()
    both.sync()
    assert both.writes() == before
    assert lonely in rejected(both) or set(twins) <= rejected(both).keys()
    assert both.state(lambda state: state.link_count("Accounts")) == 0


@pytest.mark.parametrize("blank", [None, ""])
def test_a_blank_key_matches_nobody(both, blank):
    both.there("There", number=blank)
    both.here("Here", accountnumber=blank)
    both.sync()
    assert both.names() == (["Here", "There"], ["Here", "There"])


def test_replacing_asks_first_and_removes_what_has_no_partner(make_both):
    both = make_both(first_sync="replace_local")
    both.there("There", number="1")
    both.here("Here", accountnumber="1")
    both.here("Only here", accountnumber="2")
    before = both.writes()
    both.sync()
    assert both.writes() == before
    both.sync(approved=True)
    assert both.names() == (["There"], ["There"])
    both.assert_quiet()


def test_replacing_that_dies_anywhere_is_carried_on(make_both, fuse, tmp_path):
    for calls in range(1, 80, 6):
        folder = tmp_path / f"replaced-{calls}"
        folder.mkdir()
        both = make_both(folder, first_sync="replace_local")
        both.there("There", number="1")
        both.here("Only here", accountnumber="2")
        both.world.sync_with(fuse(calls), approved=True)
        both.sync(approved=True)
        assert both.names() == (["There"], ["There"]), calls


@pytest.mark.parametrize("etags", [True, False])
def test_a_record_that_changes_while_it_is_written_is_planned_again(make_both, nature, etags):
    both = make_both(nature=nature(etags=etags))
    there, here = both.link("Ada")
    both.local.edit("account", here, name="Grace")
    both.external.before = once(
        "update", lambda: both.external.edit("Accounts", there, city="Oslo")
    )
    both.sync()
    assert both.names() == (["Grace"], ["Grace"])
    assert both.names("city") == (["Oslo"], ["Oslo"])
    forget_hooks(both)
    both.assert_quiet()


def test_one_that_keeps_changing_is_a_conflict_until_the_next_run(both):
    there, here = both.link("Ada")
    both.local.edit("account", here, name="Grace")
    cities = iter("abcdefgh")

    def restless(operation):
        if operation == "update":
            both.external.edit("Accounts", there, city=next(cities))

    both.external.before = restless
    both.sync()
    assert [c.kind for c in conflicts(both)] == ["changed"]
    forget_hooks(both)
    both.sync()
    assert (both.names(), conflicts(both)) == ((["Grace"], ["Grace"]), [])


def test_a_local_row_that_changes_while_it_is_written_is_planned_again(both):
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="Grace")
    both.local.before = once("update", lambda: both.local.edit("account", here, city="Oslo"))
    both.sync()
    forget_hooks(both)
    both.sync()
    assert both.names() == (["Grace"], ["Grace"])
    assert both.names("city") == (["Oslo"], ["Oslo"])


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize(("primary_key", "client_keys"), [(True, False), (False, True)])
def test_a_create_whose_answer_is_lost_happens_once(
    make_both, nature, arrived, primary_key, client_keys
):
    both = make_both(nature=nature(client_keys=client_keys))
    if not primary_key:
        both.mapping["primary_key"] = []
    both.here("Ada", accountnumber="1")
    cut = Cut(int(arrived), Unreachable("cut off"), (0,))
    both.external.before = once("create", lambda: cut)
    both.sync()
    forget_hooks(both)
    both.sync()
    assert both.names() == (["Ada"], ["Ada"])
    both.assert_quiet()


@pytest.mark.parametrize("arrived", [True, False])
def test_one_that_nothing_can_tell_of_is_held_for_a_person(make_both, arrived):
    both = make_both(primary_key=[])
    here = both.here("Ada", accountnumber="1")
    cut = Cut(int(arrived), Unreachable("cut off"), (0,))
    both.external.before = once("create", lambda: cut)
    both.sync()
    forget_hooks(both)
    for _ in range(2):
        both.sync()
        assert both.names() == (["Ada"] * arrived, ["Ada"])
        assert "answer was lost" in rejected(both)[here]


def test_the_losing_value_is_kept_even_if_the_answer_is_lost(make_both):
    both = make_both(on_conflict="local_wins")
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="There")
    both.local.edit("account", here, name="Here")
    both.external.before = once("update", lambda: Cut(1, Unreachable("cut off"), (0,)))
    both.sync()
    forget_hooks(both)
    both.sync()
    assert both.names() == (["Here"], ["Here"])
    (conflict,) = conflicts(both, None)
    assert conflict.fields["name"]["external"] == "There"


def test_an_unreadable_partner_is_not_taken_for_deleted(both):
    there, here = both.link("Ada")
    both.external.records["Accounts"][(there,)]["parent_ID"] = object()
    both.local.edit("account", here, city="Oslo")
    both.sync()
    both.sync(mode="full")
    assert len(both.names()[1]) == len(both.names()[0]) == 1
    assert there in rejected(both) or here in rejected(both)


def test_an_expired_token_reads_everything_and_loses_nothing(make_both, nature):
    both = make_both(nature=nature(delta=True))
    both.mapping.pop("version_number")
    there, _ = both.link("Ada")
    both.there("Other", number="2")
    both.sync()
    both.external.remove("Accounts", there)
    both.there("New", number="3")
    both.external.expire_tokens()
    both.sync()
    assert both.names() == (["New", "Other"], ["New", "Other"])
    both.there("Newer", number="4")
    report = both.sync()
    assert report.entities[0].mode == "incremental"
    assert both.names()[1] == ["New", "Newer", "Other"]


def test_local_changes_are_read_by_version_where_the_mapping_names_one(make_both):
    both = make_both(local_version_number="rowversion")
    _, here = both.link("Ada")
    both.there("Other", number="2")
    both.sync()
    both.sync()
    both.local.edit("account", here, name="Grace")
    report = both.sync()
    assert report.entities[1].mode == "incremental"
    assert both.names()[0] == ["Grace", "Other"]


@pytest.mark.parametrize(("kind", "direction"), [("import", "download"), ("export", "upload")])
def test_an_import_or_export_goes_one_way_and_moves_no_anchor(both, kind, direction):
    both.there("There", number="1")
    both.here("Here", accountnumber="2")
    report = both.sync(kind=kind)
    assert [(e.direction, e.counts) for e in report.entities] == [(direction, Counts(created=1))]
    assert both.sync().entities[0].mode == "full"
    assert both.names() == (["Here", "There"], ["Here", "There"])


@pytest.mark.parametrize("kind", ["import", "export"])
def test_an_import_or_export_deletes_nothing_and_keeps_edits_of_the_other_side(both, kind):
    there, here = both.link("Ada")
    gone, _ = both.link("Gone")
    both.external.edit("Accounts", there, city="Oslo")
    both.local.edit("account", here, name="Grace")
    both.external.remove("Accounts", gone)
    both.sync(kind=kind)
    assert "Gone" in both.names()[1]
    both.sync()
    assert both.names() == (["Grace"], ["Grace"])
    assert both.names("city") == (["Oslo"], ["Oslo"])


def test_a_mapping_that_gains_a_field_or_a_direction_loses_nothing(make_both):
    both = make_both(direction="download_only")
    number, name, city, parent = both.mapping["fields"]
    both.mapping["fields"] = [number, name]
    _, here = both.link("Ada")
    both.local.edit("account", here, city="Oslo")
    both.mapping.update(direction="bidirectional", fields=[number, name, parent])
    both.sync()
    both.local.edit("account", here, name="Grace")
    both.mapping["fields"] = [number, name, city, parent]
    both.sync()
    assert both.names() == (["Grace"], ["Grace"])
    assert both.names("city")[0] == both.names("city")[1]
    both.assert_quiet()


def test_switching_to_both_ways_keeps_local_edits_made_before(make_both):
    both = make_both(direction="download_only")
    both.link("Ada")
    both.here("Only here", accountnumber="2")
    both.mapping["direction"] = "bidirectional"
    both.sync()
    assert both.names() == (["Ada", "Only here"], ["Ada", "Only here"])
    both.assert_quiet()


def test_an_upload_only_mapping_writes_nothing_here(make_both):
    both = make_both(direction="upload_only")
    both.there("There", number="1")
    here = both.here("Here", accountnumber="2")
    both.sync()
    assert both.names() == (["Here", "There"], ["Here"])
    both.external.edit("Accounts", both.is_there("Here")["ID"], name="changed there")
    both.local.edit("account", here, city="Oslo")
    both.sync()
    assert (both.names()[1], both.is_here("Here")["city"]) == (["Here"], "Oslo")
    both.assert_quiet()


def test_a_field_may_travel_one_way_only(both):
    there, here = both.link("Ada")
    both.mapping["fields"][1]["direction"] = "upload_only"
    both.mapping["fields"][2]["direction"] = "download_only"
    both.external.edit("Accounts", there, name="x", city="Oslo")
    both.local.edit("account", here, name="y", city="Bern")
    both.sync()
    assert both.external.records["Accounts"][(there,)]["name"] == "y"
    assert both.local.records["account"][(here,)]["city"] == "Oslo"
