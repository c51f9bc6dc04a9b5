import decimal
from datetime import UTC, date, datetime, time

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.values import canonical_text, hexadecimal, record_hashes


def test_decimal_text_does_not_depend_on_the_scale():
    narrow = pa.array([decimal.Decimal("1.50"), decimal.Decimal("100")], pa.decimal128(10, 2))
    wide = narrow.cast(pa.decimal128(20, 8))
    assert canonical_text(narrow).to_pylist() == ["1.5", "100"]
    assert canonical_text(narrow) == canonical_text(wide)


def test_a_small_decimal_has_no_exponent():
    small = [decimal.Decimal("0"), decimal.Decimal("0.00000001"), decimal.Decimal("-0.00000120")]
    texts = canonical_text(pa.array(small, pa.decimal128(20, 8)))
    assert texts.to_pylist() == ["0", "0.00000001", "-0.0000012"]


def test_every_type_has_a_text():
    columns = {
        pa.bool_(): (True, "true"),
        pa.int64(): (2**63 - 1, "9223372036854775807"),
        pa.float64(): (0.1, "0.1"),
        pa.date32(): (date(1, 1, 1), "0001-01-01"),
        pa.time64("us"): (time(0, 0, 1), "1000000"),
        pa.timestamp("us", "UTC"): (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "1000000"),
        pa.binary(): (b"\x00\xff", "00ff"),
    }
    for kind, (value, text) in columns.items():
        assert canonical_text(pa.array([value, None], kind)).to_pylist() == [text, None]


def test_hashes_are_the_same_on_every_machine():
    hashes = record_hashes([pa.array(["x"]), pa.array([1])])
    assert hashes[0].as_py().hex() == "d729178a2bc9d86276b1f588fe5220d1"


def test_values_that_hold_the_separator_do_not_collide():
    firsts = pa.array(["a\x1fb", "a", None, "\x00", "\x1eN", "\x1e"])
    seconds = pa.array(["c", "b\x1fc", "x", "x", "x", "Nx"])
    assert len(set(record_hashes([firsts, seconds]).to_pylist())) == 6


def test_null_is_not_the_empty_text():
    hashes = record_hashes([pa.array([None, ""])]).to_pylist()
    assert hashes[0] != hashes[1]


def test_a_hash_does_not_depend_on_the_rest_of_the_batch():
    alone = record_hashes([pa.array(["plain"])])
    among = record_hashes([pa.array(["plain", "with \x1f", None])])
    assert alone[0] == among[0]


def test_a_slice_hashes_as_its_copy():
    column = pa.array(["zero", "one", "two"])
    assert record_hashes([column.slice(1)]) == record_hashes([pa.array(["one", "two"])])


@given(st.lists(st.none() | st.binary(max_size=5)), st.integers(0, 3))
def test_binary_values_become_hexadecimal_text(octets, start):
    column = pa.array(octets, pa.binary()).slice(start)
    expected = [value if value is None else value.hex() for value in octets[start:]]
    assert hexadecimal(column).to_pylist() == expected
