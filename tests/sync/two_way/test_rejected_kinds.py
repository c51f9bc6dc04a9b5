"""Rejected records by what they wait for, page by page, and all of a kind at once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tandem.errors import ConfigurationError, Unreachable
from tandem.state.account import Rejected
from tandem.sync.lease import holding
from tandem.sync.people.rejected import archive, of_kind, page_of, rejected_kinds, retry

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def put(both, count, error="field 'name': '{}' does not fit date", **options):
    """That many records are rejected, the first one first."""
    side, entity = options.get("side", "external"), options.get("entity", "Accounts")
    kind, first = options.get("error_class", "record"), options.get("first", 0)
    with both.world.job() as run:
        for n in range(first, first + count):
            records = [Rejected(f"e{n:04}", error.format(n), error_class=kind)]
            with run.state.account(entity) as account:
                at = AT + timedelta(seconds=n)
                account.reject(records, side=side, run_id="r", at=at)


def kinds(both, *entities):
    return both.state(lambda state: rejected_kinds(state, entities))


def test_what_differs_in_its_values_only_is_one_kind(both):
    put(both, 3)
    put(both, 2, "400: no customer C0001{}", first=5)
    names, customers = kinds(both)
    assert (names.reason, names.count) == ("field 'name': … does not fit date", 3)
    assert names.newest == AT + timedelta(seconds=2)
    assert names.example == "field 'name': '2' does not fit date"
    assert (customers.reason, customers.count) == ("400: no customer …", 2)


def test_entities_sides_and_classes_are_kinds_of_their_own(both):
    put(both, 1)
    put(both, 1, side="local")
    put(both, 1, entity="Contacts")
    put(both, 1, error_class="dependency", first=1)
    found = kinds(both)
    assert len({(one.entity, one.side, one.error_class) for one in found}) == 4
    assert {one.entity for one in kinds(both, "Contacts")} == {"Contacts"}
    assert len(kinds(both, "Contacts", "Accounts")) == 4


def test_what_is_archived_is_of_no_kind(both):
    put(both, 2)
    with both.world.job() as run, holding(run):
        archive(run, page_of(run.state)[0])
    assert kinds(both) == []


def test_all_of_a_kind_are_put_away_in_parts(both):
    put(both, 7)
    put(both, 1, "another reason", first=7)
    kind = kinds(both)[0]
    done, after = [], ""
    with both.world.job() as run, holding(run):
        while True:
            some = of_kind(run.state, kind, 3, after=after)
            archive(run, some.chosen)
            done.append((len(some.chosen), some.left))
            after = some.next
            if not after:
                break
    assert done == [(3, 4), (3, 1), (1, 0)]
    assert [one.reason for one in kinds(both)] == ["another reason"]


def test_all_of_a_kind_end_though_nothing_comes_of_them(both):
    put(both, 5)
    kind = kinds(both)[0]
    seen, after = [], ""
    for _ in range(3):
        some = both.state(lambda state, after=after: of_kind(state, kind, 2, after=after))
        seen += [one.record_id for one in some.chosen]
        after = some.next
    assert (seen, after) == ([f"e000{n}" for n in range(5)], "")


def test_what_was_rejected_later_is_not_of_the_kind_that_was_listed(both):
    put(both, 2)
    kind = kinds(both)[0]
    put(both, 2, first=2)
    assert [one.record_id for one in both.state(lambda state: of_kind(state, kind)).chosen] == [
        "e0000",
        "e0001",
    ]
    nothing = replace(kind, reason="of which there is none")
    assert both.state(lambda state: of_kind(state, nothing)).chosen == []


def test_a_kind_is_retried(both):
    names = [f"a name that is much too long {n}" for n in range(3)]
    ids = [both.there(name, number=name[-1]) for name in names]
    both.sync()
    (kind,) = kinds(both)
    for n, id_ in enumerate(ids[:2]):
        both.external.edit("Accounts", id_, name=f"short {n}")
    with both.world.job() as run, holding(run):
        some = of_kind(run.state, kind)
        report, outcomes = retry(run, some.chosen)
    assert (report.status, some.left) == ("partial", 0)
    assert sorted(one.settled for one in outcomes) == [False, True, True]
    assert kinds(both)[0].count == 1
    assert both.state(lambda state: of_kind(state, kind)).chosen == []  # it was retried in vain


def test_a_retry_that_reaches_nothing_says_so(both):
    both.there("a name that is much too long", number="1")
    both.sync()
    (kind,) = kinds(both)

    def refused(_operation):
        raise Unreachable("not now")

    both.external.before = refused
    with both.world.job() as run, holding(run):
        report, (outcome,) = retry(run, of_kind(run.state, kind).chosen)
    assert (report.status, outcome.settled) == ("failed", False)


def test_pages_follow_each_other_without_gaps_or_repeats(both):
    put(both, 4)
    put(both, 3, entity="Contacts")  # at the same moments, with the same ids
    put(both, 3, side="local", error="x")
    seen, before = [], ""
    while True:
        page, before = both.state(lambda state, b=before: page_of(state, limit=3, before=b))
        seen += page
        if not before:
            break
    assert len({(one.entity, one.side, one.record_id) for one in seen}) == len(seen) == 10
    assert [one.updated_at for one in seen] == sorted((o.updated_at for o in seen), reverse=True)
    page, following = both.state(lambda state: page_of(state, "Contacts", limit=3))
    assert ({one.entity for one in page}, following) == ({"Contacts"}, "")


@pytest.mark.parametrize(
    "before", ["x", "[]", "{}", "3", '["x","a","b","c"]', json.dumps([1, "a", "b", "c"])]
)
def test_a_place_that_is_none_is_refused(both, before):
    with pytest.raises(ConfigurationError, match="no place"):
        both.state(lambda state: page_of(state, before=before))
