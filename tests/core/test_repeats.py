import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tandem.core import repeats
from tandem.core.repeats import repeated


@given(st.lists(st.lists(st.none() | st.text(max_size=2), max_size=6), max_size=6))
def test_finds_exactly_the_texts_that_stand_twice(batches):
    columns = [pa.array(batch, pa.string()) for batch in batches]
    places = repeated(lambda: columns)
    all_texts = [text for batch in batches for text in batch if text is not None]
    assert set(places["text"].to_pylist()) == {
        text for text in all_texts if all_texts.count(text) > 1
    }
    for place in places.to_pylist():
        assert batches[place["batch"]][place["row"]] == place["text"]


def test_works_in_parts_when_the_run_is_long(monkeypatch):
    monkeypatch.setattr(repeats, "_HASHES_AT_ONCE", 10)
    columns = [pa.array([str(n % 40) for n in range(k, k + 7)]) for k in range(0, 49, 7)]
    assert set(repeated(lambda: columns)["text"].to_pylist()) == {str(n) for n in range(9)}
