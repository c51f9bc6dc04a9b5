"""Others write while a listing of several pages is read: in the end nothing is missing."""

import pytest

pytestmark = pytest.mark.interop

FIRST = "00000000-0000-4000-8000-{:012}"
LAST = "ffffffff-ffff-4fff-bfff-{:012}"
"""Keys before and behind all others, so that they stand on the first and on the last page."""


def between_pages(run, entity, act):
    """Let others act once: after the first page of the listing, before anything else is asked."""

    def before(_request):
        if any(asked.startswith(f"{entity}?") and "$top" not in asked for asked in run.wire.asked):
            run.wire.before = lambda request: None
            act()

    run.wire.before = before


def lacking(run, source):
    """What CAP has and we have not, or not so; not what was deleted meanwhile."""
    return [difference for difference in run.differences(source) if difference[1]]


@pytest.fixture
def account(mine):
    return lambda key, name="x": {"ID": key, "accountNumber": mine + key[-5:], "name": name}


def test_records_that_come_and_go_during_a_walk(tandem, local, source, account):
    for key in (FIRST, LAST):
        source.create_together("Accounts", [account(key.format(n)) for n in range(5)])
    run = tandem(local, Accounts={})

    def act():
        source.delete("Accounts", *(FIRST.format(n) for n in range(3)), LAST.format(4))
        source.create("Accounts", **account(FIRST.format(7), "on a page that was read"))
        source.create("Accounts", **account(LAST.format(7), "on a page that was not"))
        source.change("Accounts", FIRST.format(3), name="after it was read")
        source.change("Accounts", LAST.format(3), name="before it was read")

    between_pages(run, "Accounts", act)
    assert run.sync().status == "success"
    missed = {FIRST.format(3), FIRST.format(7)}
    assert {key for (key,), _, _ in lacking(run, source)} == missed
    report = run.sync()
    assert (report.entities[0].mode, report.status) == ("incremental", "success")
    assert lacking(run, source) == []


def test_walk_by_a_composite_key_misses_nothing(tandem, sqlite, source, mine):
    for key in (FIRST.format(0), LAST.format(0)):
        source.create("Orders", ID=key, orderNumber=mine + key[:1])
        lines = [{"order_ID": key, "position": position} for position in range(1, 6)]
        source.create_together("OrderLines", lines)
    run = tandem(sqlite, Accounts={}, Orders={}, OrderLines={})

    def act():
        source.delete("OrderLines", *(f"order_ID={FIRST.format(0)},position={n}" for n in (1, 2)))
        source.create("OrderLines", order_ID=LAST.format(0), position=0)

    between_pages(run, "OrderLines", act)
    assert run.sync().status == "success"
    assert lacking(run, source) == []


@pytest.fixture
def articles(source):
    """Codes of 1,000 articles that come before all others: they make up the first page."""
    codes = [f"!{number:03}" for number in range(1000)]
    for start in range(0, len(codes), 250):
        some = codes[start : start + 250]
        source.create_together("Articles", [{"code": code, "name": code} for code in some])
    yield codes
    made = source.records("Articles?$filter=startswith(code,'!')")
    for start in range(0, len(made), 250):
        source.delete("Articles", *(f"'{record['code']}'" for record in made[start : start + 250]))


def test_listing_that_only_counts_is_refused_when_records_go(tandem, sqlite, source, articles):
    """Texts are sorted differently everywhere, so there the server's offsets must do."""
    run = tandem(sqlite, Articles={})
    gone = [f"'{code}'" for code in articles[:3]]
    between_pages(run, "Articles", lambda: source.delete("Articles", *gone))
    (report,) = run.sync().entities
    assert report.status == "failed"
    assert "incomplete" in report.message
    assert sqlite.rows("article") == []
    assert run.sync().status == "success"
    assert run.differences(source) == []


def test_record_that_is_read_twice_counts_once(tandem, sqlite, source, articles):
    run = tandem(sqlite, Articles={})
    between_pages(run, "Articles", lambda: source.create("Articles", code="!", name="new"))
    report = run.sync()
    assert report.status == "success"
    assert report.counts.created == len(source.records("Articles")) - 1
    assert [key for key, _, _ in run.differences(source)] == [("!",)]
    assert run.sync().counts.created == 1
    assert run.differences(source) == []
