"""Bases: what both sides agreed on, kept as text and read back exactly."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.fields import BoundField
from tandem.core.images import bases, image_hashes, images_of
from tandem.model.integration import FieldMapping
from tandem.model.schema import Field, Kind
from tandem.state.bases import packed, unpacked

ANY_TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = ['na"me', "größe\n", "\\x", "@constant"]


def fields():
    def bound(name):
        field = Field(name=name, kind=Kind.STRING)
        mapping = FieldMapping(external="x", local="y")
        return BoundField(mapping, (field,), field, True, True, False, None, None)

    return [bound(name) for name in NAMES]


def texts(rows):
    return {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(NAMES)}


IMAGES = st.tuples(*[ANY_TEXT] * len(NAMES))


@given(st.lists(st.tuples(IMAGES, IMAGES), max_size=5))
def test_bases_are_read_back_as_they_were_kept(rows):
    external, local = texts([row[0] for row in rows]), texts([row[1] for row in rows])
    kept = packed(bases(fields(), external, local))
    read = images_of(fields(), pa.array([unpacked(b) for b in kept.to_pylist()], pa.string()))
    assert read == (external, local)


@given(IMAGES, IMAGES)
def test_records_have_the_same_hash_only_if_all_their_texts_are_the_same(one, other):
    first, second = (image_hashes(fields(), texts([row]))[0] for row in (one, other))
    assert (first == second) == (one == other)


def test_a_field_that_a_base_does_not_know_has_none():
    external, local = images_of(fields(), pa.array(['{"external":{"\\\\x":"a","old":"b"}}', None]))
    assert external["\\x"].to_pylist() == local["\\x"].to_pylist() == ["a", None]
    assert external["@constant"].to_pylist() == [None, None]


def test_a_long_base_is_kept_compressed():
    (kept,) = packed(pa.array(['{"external":{"a":"' + "x" * 10_000 + '"}}'])).to_pylist()
    assert len(kept) < 1_000
