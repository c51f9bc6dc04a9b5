"""A set of ids that keeps their hashes only."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tandem.core import id_set
from tandem.core.id_set import IdSet

IDS = st.lists(st.none() | st.text(max_size=5), max_size=20)


def text(ids):
    return pa.array(ids, pa.string())


@given(st.lists(IDS, max_size=4), IDS)
def test_it_holds_what_was_added_and_no_null(parts, asked):
    found = IdSet()
    for part in parts:
        found.add(text(part))
        found.holds(text(part))  # asked in between
    known = {id_ for part in parts for id_ in part if id_ is not None}
    assert found.holds(text(asked)).to_pylist() == [id_ in known for id_ in asked]


def test_an_empty_set_holds_nothing():
    assert IdSet().holds(text(["a", None])).to_pylist() == [False, False]
    assert IdSet().holds(text([])).to_pylist() == []


def test_it_counts_what_was_added():
    found = IdSet()
    found.add(text(["a", "b"]))
    found.add(text(["c", None]))
    assert len(found) == 3


def test_ids_whose_hashes_share_their_first_half_are_told_apart(monkeypatch):
    def hashes(ids):
        numbers = [int(id_) for id_ in ids.to_pylist()]
        return np.array([(7, n) for n in numbers], id_set._HASH)

    monkeypatch.setattr(id_set, "_hashes", lambda ids: hashes(ids.filter(ids.is_valid())))
    found = IdSet()
    found.add(text(["3", "1", "2"]))
    assert found.holds(text(["1", "2", "3", "4"])).to_pylist() == [True, True, True, False]
