"""What a two-way sync does to whole records: every case of how both sides stand."""

from itertools import product
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest

from tandem.core.fields import BoundField
from tandem.core.merge import EXTERNAL, LOCAL, NOBODY, FieldPair
from tandem.core.pairs import DECISIONS, Pairs, Refusal, Rules, Seen
from tandem.core.two_way import plan_pairs
from tandem.model.integration import FieldMapping, OnConflict
from tandem.model.schema import Field, Kind

STANDS = list(product(Seen, Seen))
NOTHING, ASKS = (None, None, False), (None, None, True)
N, S, E, G = Seen.NEVER, Seen.SAME, Seen.EDITED, Seen.GONE


def text(*values):
    return pa.array(values, pa.string())


def field(**values):
    given = {
        "mapping": FieldMapping(external="name", local="name"),
        "externals": (Field(name="name", kind=Kind.STRING),),
        "local": Field(name="name", kind=Kind.STRING),
        "downloads": True,
        "uploads": True,
        "identifies": False,
        "reference": None,
        "on_conflict": None,
    }
    return BoundField(**given | values)


def held(stand, edited):
    """What a record that stands like this holds; the base is `base`."""
    return {N: None, G: None, S: "base"}.get(stand, edited)


def plan(stands, rules, *, decided=NOBODY, newer=NOBODY, linked=None, **values):
    """The plan of pairs that stand like this, each linked if a side is SAME or GONE."""
    external, local = zip(*stands, strict=True)
    count = len(stands)
    none = np.zeros(count, np.bool_)
    met = np.array([bool({S, G} & {*pair}) or pair == (E, E) for pair in stands])
    met = met if linked is None else np.full(count, linked)
    theirs = text(*(held(stand, "theirs") for stand in external))
    ours = text(*(held(stand, "ours") for stand in local))
    base = text(*("base" if one else None for one in met))
    pair = FieldPair(theirs, ours, theirs, ours, none, none, base, base)
    given = {
        "external": np.array(external, np.int8),
        "local": np.array(local, np.int8),
        "linked": met,
        "fields": {"name": pair},
        "external_problems": {},
        "local_problems": {},
        "refused": {},
        "newer": np.full(count, newer, np.int8),
        "in_scope": ~none,
        "decided": np.full(count, decided, np.int8),
    }
    return plan_pairs([field()], Pairs(**given | values), rules)


def rules(policy="external_wins", **values):
    given = {"propagates_deletes": True, "downloads": True, "uploads": True}
    return Rules(on_conflict=policy, **given | values)


def done(stands, *arguments, **values):
    """What is written: (external, local) for each pair, and whether it waits for a person."""
    planned = plan(stands, *arguments, **values)
    waits = [action == "conflict" for action in planned.actions.to_pylist()]
    writes = zip(planned.external.to_pylist(), planned.local.to_pylist(), waits, strict=True)
    return dict(zip(stands, writes, strict=True))


def expected(stands, policy, *, deletes=True, down=True, up=True, decided=NOBODY):
    """The rules in words, without tables."""
    winner = decided or {"external_wins": EXTERNAL, "local_wins": LOCAL}.get(policy, NOBODY)
    create_local = (None, "create", False) if down else NOTHING
    create_external = ("create", None, False) if up else NOTHING
    delete_local = (None, "delete", False) if down and deletes else NOTHING
    delete_external = ("delete", None, False) if up and deletes else NOTHING
    update_local = (None, "update", False) if down else NOTHING
    update_external = ("update", None, False) if up else NOTHING
    return {
        (E, N): create_local,
        (N, E): create_external,
        (S, G): delete_external,
        (G, S): delete_local,
        (E, S): update_local,
        (S, E): update_external,
        (E, E): {EXTERNAL: update_local, LOCAL: update_external}.get(winner, ASKS),
        (E, G): restored(
            (deletes or decided) and winner == EXTERNAL,
            decided == LOCAL,
            create_local,
            ("delete", None, False) if up else NOTHING,
            asks=down and deletes,
        ),
        (G, E): restored(
            (deletes or decided) and winner == LOCAL,
            decided == EXTERNAL,
            create_external,
            (None, "delete", False) if down else NOTHING,
            asks=up and deletes,
        ),
    }.get(stands, NOTHING)


def restored(edit_wins, deletion_wins, create, delete, *, asks):
    """An edit meets a deletion: only a person lets the deletion win. Where deletions are ignored
    each side is left alone, unless a person says otherwise.
    """
    if edit_wins:
        return create
    if deletion_wins:
        return delete
    return ASKS if asks else NOTHING


def test_the_table_knows_every_pair_of_stands():
    assert set(DECISIONS) == set(STANDS)


@pytest.mark.parametrize("policy", get_args(OnConflict))
@pytest.mark.parametrize("decided", [NOBODY, EXTERNAL, LOCAL])
@pytest.mark.parametrize("deletes", [True, False])
@pytest.mark.parametrize(("down", "up"), [(True, True), (True, False), (False, True)])
def test_each_pair_of_stands_means_the_same_under_every_policy(policy, decided, deletes, down, up):
    allowed = rules(policy, propagates_deletes=deletes, downloads=down, uploads=up)
    found = done(STANDS, allowed, decided=decided)
    for stands in STANDS:
        wanted = expected(stands, policy, deletes=deletes, down=down, up=up, decided=decided)
        assert found[stands] == wanted, stands


def test_a_deletion_never_beats_an_edit_unless_a_person_says_so():
    for policy in get_args(OnConflict):
        found = done([(E, G), (G, E)], rules(policy))
        assert "delete" not in {write for writes in found.values() for write in writes}


@pytest.mark.parametrize("policy", get_args(OnConflict))
def test_replacing_removes_local_records_that_meet_nobody(policy):
    replacing = rules(policy, replaces=True, propagates_deletes=False)
    found = done([(N, E), (E, N), (E, E)], replacing, linked=False)
    assert found == {
        (N, E): (None, "delete", False),
        (E, N): (None, "create", False),
        (E, E): (None, "update", False),
    }


def test_newest_wins_follows_the_age_of_the_records():
    assert done([(E, E)], rules("newest_wins"), newer=LOCAL) == {(E, E): ("update", None, False)}
    assert done([(E, E)], rules("newest_wins"), newer=EXTERNAL) == {(E, E): (None, "update", False)}
    assert done([(E, E)], rules("newest_wins")) == {(E, E): (None, None, True)}


def test_both_gone_is_accounted_for_without_a_write():
    planned = plan([(G, G), (N, N)], rules())
    assert planned.unlinks.tolist() == planned.accounted.tolist() == [True, False]


def test_a_rejected_pair_is_left_alone_and_says_why():
    refused = {0: Refusal("no", waits=True, of_local=True)}
    planned = plan([(E, E), (E, S)], rules(), refused=refused)
    assert planned.actions.to_pylist() == ["reject", "update"]
    assert planned.reasons.to_pylist() == ["no", None]
    assert (planned.waits[0], planned.rejects_local[0], planned.accounted[0]) == (True, True, False)


def test_what_does_not_fit_is_rejected_only_where_it_would_be_written():
    stands = [(E, S), (S, E), (E, G), (E, N)]
    planned = plan(stands, rules(), external_problems=dict.fromkeys(range(4), "too long"))
    assert planned.actions.to_pylist() == ["reject", "update", "reject", "reject"]
    planned = plan(stands, rules(), local_problems={"name": dict.fromkeys(range(4), "too long")})
    assert planned.actions.to_pylist() == ["update", "reject", "create", "create"]


def test_a_local_record_outside_the_upload_filter_is_not_sent():
    planned = plan([(S, E)], rules(), in_scope=np.array([False]))
    assert planned.external.to_pylist() == [None]
