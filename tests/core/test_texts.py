from decimal import Decimal

import pyarrow as pa
import pytest

from tandem.core.texts import from_text


def test_numbers_with_and_without_exponent_are_read_together():
    texts = pa.array(["1", "1e5", None, "2E-2", "1" * 20])
    expected = [Decimal(1), Decimal(100000), None, Decimal("0.02"), Decimal("1" * 20)]
    assert from_text(texts, pa.decimal128(38, 2)).to_pylist() == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0x10", pa.int64()),
        ("9e60", pa.decimal128(38, 2)),
        ("897e-39", pa.decimal128(38, 0)),
        ("1" * 90, pa.decimal128(38, 2)),
        ("1e400", pa.float64()),
        ("07:30:00Z", pa.time64("us")),
        ("0g", pa.binary()),
    ],
)
def test_a_text_that_says_no_value_of_the_type_is_refused(text, kind):
    with pytest.raises(pa.ArrowInvalid):
        from_text(pa.array([None, text]), kind)
