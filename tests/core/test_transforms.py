from decimal import Decimal

import pyarrow as pa
import pytest

from tandem.core.options import map_options


@pytest.mark.parametrize(
    ("values", "option"),
    [
        (pa.array([Decimal(1)], pa.decimal128(38, 20)), 1),
        (pa.array([Decimal("1.50")], pa.decimal128(10, 2)), Decimal("1.5")),
        (pa.array([Decimal("1.5")], pa.decimal128(10, 1)), Decimal("1.50")),
        (pa.array([100.0]), Decimal("1E+2")),
        (pa.array(["1.0"]), Decimal("1.0")),
        (pa.array([1]), "1"),
        (pa.array([True]), True),
    ],
)
def test_an_option_is_the_same_however_it_is_written(values, option):
    mapped, problems = map_options(values, {option: "yes"})
    assert mapped.to_pylist() == ["yes"]
    assert not problems


def test_an_option_without_partner_is_named():
    mapped, problems = map_options(pa.array([Decimal("2.00"), None]), {1: "one"})
    assert mapped.to_pylist() == [None, None]
    assert problems == {0: "option '2' has no partner; add it to the field's values"}
