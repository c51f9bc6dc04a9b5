"""Edits, creations and deletions on two sides, and what a sync makes of them."""

import pytest

from tandem.model.changes import Counts


def conflicts(both, status=None):
    return both.state(lambda state: state.conflicts(status=status))


def rejected(both):
    return {r.record_id: r.error for r in both.state(lambda state: state.rejected_records())}


def test_an_edit_travels_to_the_other_side(both):
    there, here = both.link("Ada")
    both.local.edit("account", here, name="Ada L.")
    both.external.edit("Accounts", there, city="Oslo")
    counts = both.sync()
    assert both.is_there("Ada L.")["city"] == both.is_here("Ada L.")["city"] == "Oslo"
    assert (counts.counts_of("download").updated, counts.counts_of("upload").updated) == (1, 1)
    both.assert_quiet()


def test_a_new_record_of_either_side_is_created_on_the_other(both):
    both.there("Ada", number="1")
    both.here("Grace", accountnumber="2")
    report = both.sync()
    assert both.names() == (["Ada", "Grace"], ["Ada", "Grace"])
    assert report.counts_of("download").created == report.counts_of("upload").created == 1
    both.assert_quiet()
    both.assert_quiet(mode="full")


@pytest.mark.parametrize(
    ("policy", "winner"), [("external_wins", "There"), ("local_wins", "Here"), ("review", None)]
)
def test_the_same_field_edited_on_both_sides_follows_the_policy(make_both, policy, winner):
    both = make_both(on_conflict=policy)
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="There", city="Oslo")
    both.local.edit("account", here, name="Here")
    both.sync()
    (conflict,) = conflicts(both)
    fields = conflict.fields["name"]
    assert (fields["base"], fields["external"], fields["local"]) == ("Ada", "There", "Here")
    assert conflict.status == ("decided" if winner else "open")
    assert both.names() == (([winner], [winner]) if winner else (["There"], ["Here"]))
    assert both.names("city")[1] == (["Oslo"] if winner else ["Brno"])
    both.assert_quiet()


def test_the_newest_edit_wins_where_both_sides_date_theirs(make_both):
    both = make_both(
        on_conflict="newest_wins", version_number="modifiedAt", local_version_number="changedat"
    )
    there, here = both.link("Ada")
    for _ in range(9):
        both.local.edit("account", here, name="Here")
    both.external.edit("Accounts", there, name="There")
    both.sync()
    assert both.names() == (["Here"], ["Here"])


def test_a_field_has_a_policy_of_its_own(make_both):
    both = make_both()
    both.mapping["fields"][2]["on_conflict"] = "local_wins"
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="There", city="there")
    both.local.edit("account", here, name="Here", city="here")
    both.sync()
    assert both.names() == (["There"], ["There"])
    assert both.names("city") == (["here"], ["here"])


def test_the_same_edit_on_both_sides_has_converged(both):
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="Grace")
    both.local.edit("account", here, name="Grace")
    before = both.writes()
    both.sync()
    assert (both.writes(), conflicts(both)) == (before, [])


def test_a_conflict_whose_one_edit_is_taken_back_lets_the_other_through(make_both):
    both = make_both(on_conflict="review")
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="There")
    both.local.edit("account", here, name="Here")
    both.sync()
    both.local.edit("account", here, name="Ada")
    both.sync()
    assert both.names() == (["There"], ["There"])
    assert conflicts(both, "open") == []


def test_a_rejected_edit_that_is_taken_back_lets_the_other_sides_through(both):
    there, here = both.link("Ada")
    both.external.edit("Accounts", there, name="There")
    both.local.edit("account", here, city="much too long a city")
    both.sync()
    assert here in rejected(both)
    both.local.edit("account", here, city="Brno")
    both.sync()
    assert (both.names(), rejected(both)) == ((["There"], ["There"]), {})


def test_a_record_whose_rejected_partner_is_deleted_is_read_again(both):
    both.there("There", number="1")
    here = both.here("Here", accountnumber="1", city="much too long a city")
    both.sync()
    both.local.remove("account", here)
    both.sync()
    assert both.names() == (["There"], ["There"])


@pytest.mark.parametrize(("policy", "kept"), [("external_wins", 1), ("local_wins", 0)])
def test_an_external_edit_meets_a_local_deletion(make_both, policy, kept):
    both = make_both(on_conflict=policy)
    there, here = both.link("Ada")
    both.there("Other", number="2")
    both.sync()
    both.external.edit("Accounts", there, name="Grace")
    both.local.remove("account", here)
    both.sync()
    assert "Grace" in both.names()[0]
    assert both.names()[1].count("Grace") == kept
    assert [c.kind for c in conflicts(both, "open")] == ([] if kept else ["deleted"])
    both.assert_quiet()


@pytest.mark.parametrize(("policy", "kept"), [("external_wins", 0), ("local_wins", 1)])
def test_a_local_edit_meets_an_external_deletion(make_both, policy, kept):
    both = make_both(on_conflict=policy)
    there, here = both.link("Ada")
    both.there("Other", number="2")
    both.sync()
    both.local.edit("account", here, name="Grace")
    both.external.remove("Accounts", there)
    both.sync()
    assert "Grace" in both.names()[1]
    assert both.names()[0].count("Grace") == kept
    assert [c.kind for c in conflicts(both, "open")] == ([] if kept else ["deleted"])
    both.assert_quiet()


@pytest.mark.parametrize("side", ["external", "local", "both"])
def test_a_deletion_travels(both, side):
    there, here = both.link("Ada")
    both.there("Other", number="2")
    both.sync()
    if side != "local":
        both.external.remove("Accounts", there)
    if side != "external":
        both.local.remove("account", here)
    both.sync()
    assert both.names() == (["Other"], ["Other"])
    assert both.state(lambda state: state.link_count("Accounts")) == 1
    both.assert_quiet()


def test_deletes_ignore_leaves_the_other_side_alone(make_both):
    both = make_both(deletes="ignore")
    there, _ = both.link("Ada")
    both.there("Other", number="2")
    both.external.remove("Accounts", there)
    both.sync()
    assert both.names() == (["Other"], ["Ada", "Other"])
    both.assert_quiet()


def test_many_deletions_wait_for_approval_which_covers_what_was_listed(both):
    for n in range(30):
        both.there(f"A{n}", number=str(n))
    both.sync()
    ids = list(both.external.records["Accounts"])
    for key in ids[:11]:
        both.external.remove("Accounts", *key)
    both.external.edit("Accounts", *ids[20], name="edited")
    report = both.sync()
    assert report.status == "partial"
    assert (len(both.names()[1]), "edited" in both.names()[1]) == (30, True)
    both.external.remove("Accounts", *ids[12])
    both.sync(approved=True)
    assert len(both.names()[1]) == 19
    both.sync(approved=True)
    assert len(both.names()[1]) == 18


@pytest.mark.parametrize("side", ["external", "local"])
def test_an_empty_listing_deletes_nothing_without_approval(both, side):
    both.link("Ada")
    store, entity = (both.external, "Accounts") if side == "external" else (both.local, "account")
    for key in list(store.records[entity]):
        store.remove(entity, *key)
    both.sync()
    assert sorted(map(len, both.names())) == [0, 1]
    both.sync(approved=True)
    assert both.names() == ([], [])


@pytest.mark.parametrize("exits", ["keep", "delete"])
@pytest.mark.parametrize("side", ["external", "local"])
def test_a_record_that_leaves_the_filter(make_both, side, exits):
    which = "download_filter" if side == "external" else "upload_filter"
    city = {"field": "city", "operator": "eq", "value": "Brno"}
    both = make_both(filter_exit=exits, **{which: city})
    there, here = both.link("Ada")
    both.there("Other", number="2", city="Brno")
    both.sync()
    if side == "external":
        both.external.edit("Accounts", there, city="Oslo")
    else:
        both.local.edit("account", here, city="Oslo")
    both.sync()
    there, here = both.names()
    gone = here if side == "external" else there
    assert ("Ada" in gone) == (exits == "keep")
    assert "Ada" in (there if side == "external" else here)
    both.assert_quiet()


def test_a_record_made_again_under_its_primary_key_keeps_its_partner(both):
    there, here = both.link("Ada")
    both.there("Other", number="2")
    both.sync()
    both.external.remove("Accounts", there)
    again = both.there("Ada again", number="no-Ada")
    counts = both.sync().counts
    assert both.is_here("Ada again")["id"] == here
    assert (counts.created, counts.deleted) == (0, 0)
    (link,) = both.state(lambda state: state.link_of("Accounts", here))
    assert link.external_id == again


def test_what_the_server_makes_of_a_value_comes_back_in_the_same_run(make_both, nature):
    both = make_both(nature=nature(trims=True))
    _, here = both.link("Ada")
    both.local.edit("account", here, name="  Grace ")
    both.here(" Edsger ", accountnumber=" 2 ")
    both.sync()
    assert both.names() == (["Edsger", "Grace"], ["Edsger", "Grace"])
    assert both.is_here("Edsger")["accountnumber"] == "2"
    both.assert_quiet()


def test_a_value_that_does_not_fit_the_other_side_is_rejected_and_not_counted_as_synced(both):
    here = both.here("Ada", accountnumber="1", city="much too long a city")
    there = both.there("a name much too long for us", number="2")
    report = both.sync()
    assert report.counts_of("upload") == Counts(failed=1)
    assert report.counts_of("download") == Counts(failed=1)
    assert set(rejected(both)) == {here, there}
    both.local.edit("account", here, city="Brno")
    both.external.edit("Accounts", there, name="short")
    both.sync()
    assert (rejected(both), both.names()[0]) == ({}, ["Ada", "short"])
