"""Syncs of a window of time: what was changed within it is synced again, and nothing else."""

import itertools
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from tandem.errors import ConfigurationError
from tandem.state.store import StateReader
from tandem.sync.windows import Window, window_between

EVERYTHING = Window(start=datetime(2025, 1, 1, tzinfo=UTC))
DATED = {"version_number": "modifiedAt", "local_version_number": "changedat"}
FIRST = {"first_sync": "link_and_merge"}


@pytest.fixture
def dated(make_both):
    """Two systems of which each says when a record was changed."""
    return make_both(**DATED)


def modified(both, id_):
    return both.external.records["Accounts"][(id_,)]["modifiedAt"]


def changed(both, name):
    return both.is_here(name)["changedat"]


def sync(both, start=None, end=None, **request):
    return both.sync(mode="window", window=Window(start, end), **request)


def anchors(both):
    return both.state(
        lambda state: [state.set_anchor("Accounts", side) for side in ("external", "local")]
    )


def test_both_sides_changes_within_it_are_synced_and_no_others(dated):
    for name in ("Ada", "Grace", "Edsger"):
        dated.link(name)
    for name in ("Ada", "Grace", "Edsger"):
        dated.external.edit("Accounts", dated.is_there(name)["ID"], city=f"{name}s")
        dated.local.edit("account", dated.is_here(name)["id"], parentid=None, statuscode=1)
    window = modified(dated, dated.is_there("Grace")["ID"])
    report = sync(dated, window, window + timedelta(microseconds=1))
    assert report.entities[0].mode == "window"
    assert [dated.is_here(n)["city"] for n in ("Ada", "Grace", "Edsger")] == [
        "Brno",
        "Graces",
        "Brno",
    ]


def test_an_edit_goes_up_by_the_local_sides_own_time(dated):
    dated.link("Ada")
    dated.link("Grace")
    for name in ("Ada", "Grace"):
        dated.local.edit("account", dated.is_here(name)["id"], city=f"{name}s")
    sync(dated, changed(dated, "Grace"))
    assert [dated.is_there(name)["city"] for name in ("Ada", "Grace")] == ["Brno", "Graces"]


def test_the_rules_are_those_of_any_sync(make_both):
    both = make_both(**DATED, on_conflict="review")
    both.link("Ada")
    both.external.edit("Accounts", both.is_there("Ada")["ID"], city="there")
    both.local.edit("account", both.is_here("Ada")["id"], city="here")
    both.there("Grace")
    both.here("Edsger")
    report = sync(both, EVERYTHING.start)
    assert both.names() == (["Ada", "Edsger", "Grace"],) * 2
    assert report.counts.conflicts == 1
    assert both.is_there("Ada")["city"] == "there"
    assert both.is_here("Ada")["city"] == "here"


def test_anchors_stay_and_the_next_sync_reads_on_from_them(dated):
    dated.link("Ada")
    before = anchors(dated)
    dated.there("Grace")
    sync(dated, EVERYTHING.start)
    assert anchors(dated) == before
    report = dated.sync()
    assert report.entities[0].mode == "incremental"
    assert (report.counts.created, report.counts.updated) == (0, 0)
    assert anchors(dated) != before


def test_nothing_is_deleted_and_the_next_sync_still_finds_what_is_gone(dated):
    gone, _ = dated.link("Ada")
    _, lost = dated.link("Grace")
    dated.external.remove("Accounts", gone)
    dated.local.remove("account", lost)
    dated.external.edit("Accounts", dated.is_there("Grace")["ID"], city="there")
    dated.local.edit("account", dated.is_here("Ada")["id"], city="here")
    sync(dated, EVERYTHING.start)
    assert dated.names() == (["Grace"], ["Ada"])
    dated.sync()
    # An edit that meets a deletion: the external one wins, the local one asks a person.
    assert dated.names() == (["Grace"], ["Ada", "Grace"])
    assert dated.state(lambda state: len(state.conflicts("Accounts"))) == 1


def test_what_was_withheld_before_still_waits_for_approval(dated):
    for number in range(15):
        dated.link(f"n{number}")
    for record in list(dated.external.records["Accounts"].values())[:12]:
        dated.external.remove("Accounts", record["ID"])
    assert dated.sync().status == "partial"
    sync(dated, EVERYTHING.start, approved=True)
    assert len(dated.names()[1]) == 15
    assert dated.state(lambda state: state.pending_deletes("Accounts").num_rows) == 12
    dated.sync(approved=True)
    assert len(dated.names()[1]) == 3


def test_what_got_no_answer_stays_open_until_all_is_read_again(dated):
    dated.link("Ada")
    dated.local.edit("account", dated.is_here("Ada")["id"], city="here")
    dated.disturb("external", [(("after", "external"), 1)], lambda *_: None)
    dated.sync()
    dated.disturb("external", [], lambda *_: None)

    def unanswered(state: StateReader) -> int:
        return int(state.unanswered("Accounts", "another").num_rows)

    assert dated.state(unanswered) == 1
    sync(dated, datetime(2999, 1, 1, tzinfo=UTC))
    assert dated.state(unanswered) == 1
    dated.sync()
    assert dated.state(unanswered) == 0


def test_it_is_no_first_sync_and_replaces_nothing(make_both):
    both = make_both(**DATED, first_sync="replace_local")
    both.there("Ada")
    both.here("Grace")
    report = sync(both, EVERYTHING.start)
    assert report.status == "failed"
    assert "its first sync replaces the local records" in report.entities[0].message
    assert both.names() == (["Ada"], ["Grace"])
    assert both.sync().status == "failed"  # it asks, as before
    both.sync(approved=True)
    assert both.names() == (["Ada"], ["Ada"])
    assert sync(both, EVERYTHING.start).status == "success"


def test_before_a_first_sync_that_merges_it_links_and_the_first_sync_reads_all(make_both):
    both = make_both(**DATED, **FIRST)
    both.there("Ada")
    second = both.there("Grace")
    sync(both, modified(both, second))
    assert both.names() == (["Ada", "Grace"], ["Grace"])
    assert both.sync().entities[0].mode == "full"
    assert both.names() == (["Ada", "Grace"],) * 2


def test_it_does_not_count_as_a_sweep(make_both):
    both = make_both(**DATED, sweep_every=2)
    gone, _ = both.link("Ada")
    both.link("Grace")
    both.external.remove("Accounts", gone)
    sync(both, EVERYTHING.start)
    both.sync()  # the third sync: one in two compares all keys
    assert both.names()[1] == ["Grace"]


def test_a_repeated_first_sync_run_that_was_a_window_the_second_time_replaces_nothing(make_both):
    both = make_both(**DATED, first_sync="replace_local")
    both.there("Ada")
    both.world.runs = itertools.chain([7, 7], itertools.count(8))
    both.sync()
    both.here("Grace")
    assert sync(both, EVERYTHING.start).status == "success"
    both.sync()
    assert both.names() == (["Ada", "Grace"],) * 2


def test_a_local_side_that_does_not_say_when_is_compared_as_a_whole(make_both, caplog):
    both = make_both(version_number="modifiedAt")
    both.link("Ada")
    both.local.edit("account", both.is_here("Ada")["id"], city="here")
    sync(both, both.world.clock + timedelta(days=300))
    assert both.is_there("Ada")["city"] == "here"
    assert "no field of 'account' says when a record was changed" in caplog.text


def test_an_external_side_that_does_not_say_when_is_compared_as_a_whole(make_both):
    both = make_both(local_version_number="changedat")
    both.link("Ada")
    both.external.edit("Accounts", both.is_there("Ada")["ID"], city="there")
    sync(both, both.world.clock + timedelta(days=300))
    assert both.is_here("Ada")["city"] == "there"


def test_where_neither_side_says_when_a_window_is_refused(both):
    both.link("Ada")
    report = sync(both, EVERYTHING.start)
    assert "no field that says when a record was changed" in report.entities[0].message
    assert "Use mode full" in report.entities[0].message


def test_a_circle_within_the_window_is_closed_in_the_same_run(make_both):
    both = make_both(**DATED, **FIRST)
    first = both.there("Ada")
    second = both.there("Grace", parent_ID=first)
    both.external.edit("Accounts", first, parent_ID=second)
    sync(both, EVERYTHING.start)
    ada, grace = both.is_here("Ada"), both.is_here("Grace")
    assert (ada["parentid"], grace["parentid"]) == (grace["id"], ada["id"])


def test_what_waited_and_is_gone_waits_for_the_next_sync(make_both):
    both = make_both(**DATED)
    gone, _ = both.link("Ada")
    both.link("Grace")
    both.external.remove("Accounts", gone)
    with both.world.job() as run:
        run.state.recheck("Accounts", "external", pa.array([gone]), reason="", at=run.now())
    sync(both, EVERYTHING.start)
    assert both.names() == (["Grace"], ["Ada", "Grace"])
    assert both.state(lambda state: state.rechecks("Accounts", "external").num_rows) == 1


def test_a_changed_mapping_is_read_again_by_the_next_sync_not_only_its_window(dated):
    dated.mapping["fields"] = [f for f in dated.mapping["fields"] if f["local"] != "city"]
    dated.link("Ada")
    dated.link("Grace")
    dated.mapping["fields"].append({"external": "city", "local": "city"})
    sync(dated, modified(dated, dated.is_there("Grace")["ID"]))
    dated.sync()
    assert [dated.is_here(name)["city"] for name in ("Ada", "Grace")] == ["Brno", "Brno"]


def test_a_window_that_lies_in_the_future_changes_nothing(dated):
    dated.link("Ada")
    dated.there("Grace")
    far = datetime(2999, 1, 1, tzinfo=UTC)
    assert sync(dated, far).counts.all == 0
    assert sync(dated, far, far + timedelta(days=1)).counts.all == 0
    assert dated.names()[1] == ["Ada"]


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-02-01", "2026-01-01"), ("2026-01-01", "2026-01-01T00:00:00+00:00")],
)
def test_a_window_in_which_nothing_can_lie_is_refused(since, until):
    moments = (datetime.fromisoformat(text) for text in (since, until))
    with pytest.raises(ConfigurationError, match="Nothing lies between"):
        window_between(*moments)


def test_a_time_without_zone_is_utc():
    naive = datetime.fromisoformat("2026-01-01")
    assert window_between(naive, None) == Window(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"mode": "auto", "window": EVERYTHING}, "has no window of time"),
        ({"mode": "full", "window": EVERYTHING}, "has no window of time"),
        ({"mode": "window"}, "none is given"),
        ({"kind": "import", "mode": "window", "window": EVERYTHING}, "one of syncs"),
    ],
)
def test_a_window_goes_with_its_mode(both, request_, said):
    with pytest.raises(ConfigurationError, match=said):
        both.sync(**request_)
