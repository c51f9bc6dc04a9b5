"""Imports and exports of what was changed within a window of time."""

from datetime import timedelta

from tandem.sync.job import Window


def modified(both, id_):
    return both.external.records["Accounts"][(id_,)]["modifiedAt"]


def test_an_import_of_a_window_leaves_the_rest_alone(make_both):
    both = make_both(version_number="modifiedAt")
    first, second, third = (both.there(name) for name in ("Ada", "Grace", "Edsger"))
    window = Window(modified(both, second), modified(both, third))
    both.sync(kind="import", window=window)
    assert both.names()[1] == ["Grace"]
    assert modified(both, first) < window.start
    both.sync(kind="import", window=Window(end=window.start))
    assert both.names()[1] == ["Ada", "Grace"]


def test_a_window_deletes_nothing_and_the_next_sync_reads_on_as_before(make_both):
    both = make_both(version_number="modifiedAt")
    both.link("Ada")
    gone, _ = both.link("Grace")
    both.external.remove("Accounts", gone)
    far = both.world.clock + timedelta(days=9)
    report = both.sync(kind="import", window=Window(start=far))
    assert report.counts.all == 0
    assert both.names()[1] == ["Ada", "Grace"]
    report = both.sync()
    assert report.entities[0].mode == "incremental"
    assert both.names()[1] == ["Ada"]


def test_an_export_of_a_window_goes_by_the_local_side(both):
    both.here("Ada")
    both.here("Grace")
    changed = [row["changedat"] for row in both.local.records["account"].values()]
    both.sync(kind="export", window=Window(start=max(changed)))
    assert both.names()[0] == ["Grace"]


def test_a_window_needs_a_field_that_says_when(both):
    both.there("Ada")
    report = both.sync(kind="import", window=Window(start=both.world.clock))
    assert "no field that says when a record was changed" in report.entities[0].message
