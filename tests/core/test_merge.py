"""Three-way, field by field: every case over a small domain, against the rules in plain words."""

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from tandem.core.merge import EXTERNAL, LOCAL, NOBODY, FieldPair, Terms, Ways, merge_field

DOMAIN = [None, "", "a", "b"]
CASES = list(product(DOMAIN, DOMAIN, DOMAIN))
"""Base, external value, local value."""


def text(values):
    return pa.array(values, pa.string())


def every(flag):
    return np.full(len(CASES), flag)


def merged(winner, *, downloads=True, uploads=True, replaced=False, waits=(False, False), **ways):
    base, external, local = (text(column) for column in zip(*CASES, strict=True))
    no_partner = text([None] * len(CASES))
    pair = FieldPair(
        external=external,
        local=local,
        from_external=no_partner if waits[0] else external,
        from_local=no_partner if waits[1] else local,
        external_waits=every(waits[0]) & (~np.array(external.is_null())),
        local_waits=every(waits[1]) & (~np.array(local.is_null())),
        external_base=base,
        local_base=base,
    )
    terms = Terms(downloads, every(uploads), np.full(len(CASES), winner, np.int8), every(replaced))
    down, up = ways.get("down", True), ways.get("up", True)
    return merge_field(pair, terms, Ways(every(down), every(up)))


def rows(merge):
    """For each case: to the local side, to the external one, clash, undecided, both afterwards."""
    columns = [merge.to_local, merge.to_external, merge.clashes, merge.undecided]
    afters = [merge.external_after.to_pylist(), merge.local_after.to_pylist()]
    return zip(CASES, *(column.tolist() for column in columns), *afters, strict=True)


@pytest.mark.parametrize("winner", [EXTERNAL, LOCAL, NOBODY])
@pytest.mark.parametrize(("downloads", "uploads"), [(True, True), (True, False), (False, True)])
def test_an_edit_travels_and_two_edits_of_one_field_follow_the_policy(winner, downloads, uploads):
    found = rows(merged(winner, downloads=downloads, uploads=uploads))
    for (base, external, local), to_local, to_external, clash, undecided, there, here in found:
        theirs, ours = downloads and external != base, uploads and local != base
        same = external == local
        both = theirs and ours and not same
        assert clash == both
        assert undecided == (both and winner == NOBODY)
        assert to_local == (not same and theirs and (not both or winner == EXTERNAL))
        assert to_external == (not same and ours and (not both or winner == LOCAL))
        if not undecided:
            assert there == (local if to_external else external)
            assert here == (external if to_local else local)
        else:  # both stay edits
            assert (there, here) == (base, base)


@pytest.mark.parametrize("winner", [EXTERNAL, LOCAL])
def test_after_a_merge_both_sides_agree_on_a_field_that_travels_both_ways(winner):
    for (_, external, local), to_local, to_external, _, _, there, here in rows(merged(winner)):
        assert not (to_local and to_external)
        if external != local and (to_local or to_external):
            assert there == here


@pytest.mark.parametrize("winner", [EXTERNAL, LOCAL, NOBODY])
def test_a_value_that_waits_for_its_partner_is_deferred_and_stays_an_edit(winner):
    merge = merged(winner, waits=(True, False))
    for at, (base, external, local) in enumerate(CASES):
        if external is None:
            continue
        assert not merge.to_local[at]
        clash = external != base and local != base
        wins = external != base and (not clash or winner == EXTERNAL)
        assert merge.deferred[at] == wins
        if wins:
            assert merge.external_after[at].as_py() == base


def test_a_local_value_that_waits_is_deferred_too():
    merge = merged(LOCAL, waits=(False, True))
    for at, (base, external, local) in enumerate(CASES):
        wins = local is not None and local != base and external != local
        assert not (wins and merge.to_external[at])
        assert merge.deferred[at] == wins
        if wins:
            assert merge.local_after[at].as_py() == base


def test_a_run_that_goes_one_way_keeps_the_edits_of_the_other():
    for case, to_local, to_external, _, _, _, here in rows(merged(EXTERNAL, up=False)):
        base, external, local = case
        assert not to_external
        if local not in (base, external):
            assert here == (external if to_local else base)


def test_a_replaced_record_takes_everything_from_the_external_side():
    for (_, external, local), to_local, to_external, clash, *_ in rows(
        merged(NOBODY, replaced=True)
    ):
        assert (to_local, to_external, clash) == (external != local, False, False)
