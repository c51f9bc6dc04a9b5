"""Parts of one lookup in a two-way sync: every case of what each side did to it, as one value."""

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from tandem.core.fields import BoundField
from tandem.core.merge import EXTERNAL, LOCAL, NOBODY, FieldPair
from tandem.core.pairs import Pairs, Rules, Seen
from tandem.core.two_way import plan_pairs
from tandem.model.integration import FieldMapping
from tandem.model.schema import Field, Kind

ACCOUNT, CONTACT = PARTS = ("account", "contact")
EMPTY = (None, None)
VALUES = [EMPTY, ("a", None), ("b", None), (None, "c"), (None, "d")]
"""What the lookup may be, by parts."""
CASES = list(product(VALUES, VALUES, VALUES))
"""Base, external value, local value."""
POLICIES = {
    ("external_wins", NOBODY): EXTERNAL,
    ("local_wins", NOBODY): LOCAL,
    ("review", NOBODY): NOBODY,
    ("newest_wins", EXTERNAL): EXTERNAL,
    ("newest_wins", LOCAL): LOCAL,
    ("newest_wins", NOBODY): NOBODY,
}


def part(name, *, there="customer", here="", own=None, **values):
    given = {
        "mapping": FieldMapping(external=name, local=name, on_conflict=own),
        "externals": (Field(name=name, kind=Kind.STRING, part_of=there),),
        "local": Field(name=name, kind=Kind.STRING, part_of=here),
        "downloads": True,
        "uploads": True,
        "identifies": False,
        "reference": None,
        "on_conflict": own,
    }
    return BoundField(**given | values)


def planned(cases, policy="external_wins", *, newer=NOBODY, parts=None, waits=()):
    """The plan of pairs; `waits` are external texts that have no partner yet."""
    bases, theirs, ours = zip(*cases, strict=True)
    none = np.zeros(len(cases), np.bool_)

    def stand(values):
        changed = [one != base for one, base in zip(values, bases, strict=True)]
        return np.where(changed, np.int8(Seen.EDITED), np.int8(Seen.SAME))

    def pair(at):
        base, there, here = ([value[at] for value in side] for side in (bases, theirs, ours))
        met = [None if text in waits else text for text in there]
        base, there, here, met = (pa.array(c, pa.string()) for c in (base, there, here, met))
        waiting = np.array([text in waits for text in there.to_pylist()])
        return FieldPair(there, here, met, here, waiting, none, base, base)

    pairs = Pairs(
        external=stand(theirs),
        local=stand(ours),
        linked=~none,
        fields={name: pair(at) for at, name in enumerate(PARTS)},
        external_problems={},
        local_problems={},
        refused={},
        newer=np.full(len(cases), newer, np.int8),
        in_scope=~none,
        decided=none.astype(np.int8),
    )
    rules = Rules(on_conflict=policy, propagates_deletes=True, downloads=True, uploads=True)
    return plan_pairs(parts or [part(name) for name in PARTS], pairs, rules)


def applied(cases, plan):
    """The pairs afterwards, as both systems would have them: base, external value, local value."""
    return [after(case, plan, row) for row, case in enumerate(cases)]


def after(case, plan, row):
    base, there, here = case
    if plan.actions[row].as_py() == "conflict":
        return case
    merged = [plan.fields[name] for name in PARTS]
    taken = tuple(
        there[at] if one.to_local[row] else here[at] for at, one in enumerate(merged)
    )  # fmt: skip
    if plan.external[row].as_py() == "update":
        there = sent(
            there, [here[at] if m.to_external[row] else ... for at, m in enumerate(merged)]
        )
        assert base == case[0]
        return there, there, there  # the answer is downloaded
    known = tuple(one.external_after[row].as_py() for one in merged)
    return known, there, taken


def sent(there, given):
    """What a service makes of it: one reference to something, or, by any null, to nothing."""
    written = [value for value in given if value is not ...]
    assert written
    if any(written):
        return tuple(None if value is ... else value for value in given)
    return EMPTY


def recorded(plan, row):
    """The parts that a conflict would name."""
    return {name for name in PARTS if plan.fields[name].clashes[row]}


@pytest.mark.parametrize(("policy", "newer"), POLICIES)
def test_a_lookup_travels_whole_and_two_edits_of_it_follow_the_policy(policy, newer):
    plan = planned(CASES, policy, newer=newer)
    afterwards = applied(CASES, plan)
    winner = POLICIES[policy, newer]
    for row, (base, external, local) in enumerate(CASES):
        both = base not in (external, local) and external != local
        wins = winner if both else EXTERNAL if external != base else LOCAL
        value = {EXTERNAL: external, LOCAL: local}.get(wins)
        apart = {name for at, name in enumerate(PARTS) if external[at] != local[at]}
        assert recorded(plan, row) == (apart if both else set()), CASES[row]
        assert plan.clashes[row] == both
        assert (plan.actions[row].as_py() == "conflict") == (value is None)
        wanted = (value, value, value) if value else CASES[row]
        assert afterwards[row] == wanted, CASES[row]


@pytest.mark.parametrize(("policy", "newer"), POLICIES)
def test_one_more_run_has_nothing_to_do_but_wait(policy, newer):
    once = applied(CASES, planned(CASES, policy, newer=newer))
    again = planned(once, policy, newer=newer)
    assert applied(once, again) == once
    assert set(again.actions.to_pylist()) <= {"unchanged", "conflict"}


def test_the_winner_gives_all_parts():
    case = (EMPTY, (None, "c"), ("a", None))
    for policy, way in (("external_wins", "to_local"), ("local_wins", "to_external")):
        fields = planned([case], policy).fields
        assert all(getattr(fields[name], way).all() for name in PARTS)


def test_a_lookup_of_the_local_side_alone_is_one_value_too():
    parts = [part(name, there="", here="customer") for name in PARTS]
    assert planned([(EMPTY, (None, "c"), ("a", None))], parts=parts).clashes.all()


def test_fields_of_no_lookup_and_of_different_lookups_are_merged_by_themselves():
    case = (EMPTY, (None, "c"), ("a", None))
    for there in (("", ""), ("customer", "owner")):
        parts = [part(name, there=one) for name, one in zip(PARTS, there, strict=True)]
        plan = planned([case], parts=parts)
        assert not plan.clashes.any()
        assert (plan.local.to_pylist(), plan.external.to_pylist()) == (["update"], ["update"])


@pytest.mark.parametrize(
    ("own", "action"),
    [
        ((None, "local_wins"), "update"),
        (("review", None), "conflict"),
        (("external_wins", "local_wins"), "conflict"),
    ],
)
def test_the_policy_of_a_part_is_the_lookups_and_two_that_differ_ask_a_person(own, action):
    parts = [part(name, own=one) for name, one in zip(PARTS, own, strict=True)]
    plan = planned([(EMPTY, (None, "c"), ("a", None))], "external_wins", parts=parts)
    assert plan.actions.to_pylist() == [action]
    assert plan.external.to_pylist() == ["update" if action == "update" else None]


def test_a_lookup_whose_target_has_no_partner_yet_waits_whole():
    plan = planned([(("a", None), (None, "c"), ("a", None))], waits=("c",))
    assert plan.local.to_pylist() == [None]
    assert plan.waits.all()
    assert [plan.fields[name].external_after.to_pylist() for name in PARTS] == [["a"], [None]]


def test_where_the_local_side_sets_a_part_and_leaves_the_other_the_edit_is_sent():
    (case,) = cases = [(("a", None), ("a", None), ("a", "c"))]
    plan = planned(cases)
    fields = plan.fields
    assert [fields[name].to_external.tolist() for name in PARTS] == [[False], [True]]
    assert after(case, plan, 0)[1] == (None, "c")
