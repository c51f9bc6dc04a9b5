from datetime import UTC, datetime, time
from decimal import Context, Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.core.fit import CONVERTIBLE, fit
from tandem.core.values import arrow_type
from tandem.model.schema import Field, Kind


def test_a_value_that_is_too_long_is_named_and_not_cut():
    fitted = fit(pa.array(["abc", "abcd"]), Field(name="code", kind=Kind.STRING, max_length=3))
    assert fitted.values.to_pylist() == ["abc", None]
    assert fitted.problems == {1: "field 'code': longer than 3"}


def test_digits_that_would_be_lost_are_a_problem():
    target = Field(name="price", kind=Kind.DECIMAL, precision=6, scale=2)
    fitted = fit(pa.array([Decimal("1.50"), Decimal("1.505")], pa.decimal128(20, 3)), target)
    assert fitted.values.to_pylist() == [Decimal("1.50"), None]
    assert list(fitted.problems) == [1]


def test_text_that_is_no_number_is_a_problem():
    fitted = fit(pa.array(["7", "seven", None, str(2**63)]), Field(name="n", kind=Kind.INT64))
    assert fitted.values.to_pylist() == [7, None, None, None]
    assert list(fitted.problems) == [1, 3]


def test_a_missing_value_is_a_problem_where_one_is_required():
    fitted = fit(pa.array(["x", None]), Field(name="name", kind=Kind.STRING, nullable=False))
    assert fitted.problems == {1: "field 'name': must have a value"}


def test_text_that_is_no_guid_is_a_problem():
    good = "0f8fad5b-d9cb-469f-a165-70867728950e"
    fitted = fit(pa.array([good, "42"]), Field(name="id", kind=Kind.GUID))
    assert fitted.values.to_pylist() == [good, None]
    assert fitted.problems == {1: "field 'id': not a guid"}


def test_an_instant_becomes_iso_text():
    instants = pa.array([datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    fitted = fit(instants, Field(name="at", kind=Kind.STRING))
    assert fitted.values.to_pylist() == ["2026-01-02T03:04:05.000000Z"]


def test_one_bad_value_among_many_is_found():
    texts = [str(n) for n in range(1000)]
    texts[617] = "six hundred"
    fitted = fit(pa.array(texts), Field(name="n", kind=Kind.INT64))
    assert list(fitted.problems) == [617]
    assert fitted.values[999].as_py() == 999


def test_text_becomes_a_time_of_day():
    fitted = fit(pa.array(["07:30:00", "25:00:00", None]), Field(name="at", kind=Kind.TIME))
    assert fitted.values.to_pylist() == [time(7, 30), None, None]
    assert list(fitted.problems) == [1]


def test_an_empty_column_fits_every_field_it_can_be_converted_to():
    for kind, targets in CONVERTIBLE.items():
        source = pa.array([], arrow_type(Field(name="x", kind=kind)))
        for target in targets:
            assert len(fit(source, Field(name="x", kind=target)).values) == 0


@pytest.mark.parametrize(
    ("values", "target", "expected"),
    [
        (pa.array([0, 1, 7, -1, None]), Kind.BOOLEAN, [False, True, None, None, None]),
        (pa.array([True, False]), Kind.INT64, [1, 0]),
        (pa.array(["true", "0", "yes", "2", " 1"]), Kind.BOOLEAN, [True, False, None, None, None]),
        (pa.array([2**53, 2**53 + 1]), Kind.FLOAT64, [2.0**53, None]),
        (pa.array([7, -7]), Kind.DECIMAL, [Decimal(7), Decimal(-7)]),
        (pa.array([True]), Kind.DECIMAL, [Decimal(1)]),
        (pa.array([Decimal("1.00"), Decimal("1.50")]), Kind.INT64, [1, None]),
        (pa.array(["7", " 7", "7.5", "0x10", "0X10", ""]), Kind.INT64, [7] + [None] * 5),
        (pa.array(["1.5", " 1", "3" * 39, "9e60"]), Kind.DECIMAL, [Decimal("1.5")] + [None] * 3),
        (pa.array(["0.1", "1e400", "-inf"]), Kind.FLOAT64, [0.1, None, float("-inf")]),
        (pa.array([0.1, 1e300, -0.0]), Kind.STRING, ["0.1", "1e+300", "-0"]),
        (pa.array([Decimal("1.50"), Decimal("0.00")]), Kind.STRING, ["1.5", "0"]),
        (pa.array(["00ff", "0g", None]), Kind.BINARY, [b"\x00\xff", None, None]),
    ],
)  # fmt: skip
def test_what_would_change_in_the_field_is_a_problem(values, target, expected):
    fitted = fit(values, Field(name="x", kind=target))
    assert fitted.values.to_pylist() == expected
    lost = [row for row, value in enumerate(values.to_pylist()) if value is not None]
    assert list(fitted.problems) == [row for row in lost if expected[row] is None]


@given(st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,9})?(e-?[0-9]{1,2})?", fullmatch=True))
def test_a_text_becomes_the_decimal_that_it_says_or_none(text):
    fitted = fit(pa.array([text]), Field(name="x", kind=Kind.DECIMAL, scale=2))
    assert fitted.values[0].as_py() in (None, Decimal(text))


@given(st.text("0123456789", min_size=36, max_size=80))
def test_a_text_of_many_digits_never_becomes_another_number(digits):
    fitted = fit(pa.array([digits]), Field(name="x", kind=Kind.DECIMAL, scale=0))
    fits = int(digits) < 10**38 and len(digits) <= 76
    assert fitted.values.to_pylist() == [Decimal(digits) if fits else None]


@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(0, 38), st.integers(0, 38))
def test_a_decimal_keeps_its_value_or_does_not_fit(digits, scale, target_scale):
    number = Decimal(digits).scaleb(-scale, Context(prec=38))
    values = pa.array([number], pa.decimal128(38, scale))
    target = Field(name="x", kind=Kind.DECIMAL, scale=target_scale)
    assert fit(values, target).values[0].as_py() in (None, number)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 38))
def test_an_integer_keeps_its_value_or_does_not_fit(number, scale):
    target = Field(name="x", kind=Kind.DECIMAL, scale=scale)
    fits = abs(number) < 10 ** (38 - scale)
    expected = Decimal(number) if fits else None
    assert fit(pa.array([number]), target).values[0].as_py() == expected


def test_what_is_wrong_in_another_part_of_a_column_does_not_matter():
    texts = pa.array(["0x1", "7", "1e60"]).slice(1, 1)
    for kind in (Kind.INT64, Kind.DECIMAL):
        assert fit(texts, Field(name="x", kind=kind)).values.to_pylist() == [7]


def test_a_guid_in_upper_case_is_the_one_in_lower_case():
    good = "0f8fad5b-d9cb-469f-a165-70867728950e"
    fitted = fit(pa.array([good.upper(), f"{{{good}}}", None]), Field(name="id", kind=Kind.GUID))
    assert fitted.values.to_pylist() == [good, None, None]
    assert list(fitted.problems) == [1]


def test_every_convertible_value_is_in_the_field_what_it_was():
    samples = {
        Kind.INT64: [-(2**63), 0, 1, 2**63 - 1],
        Kind.BOOLEAN: [True, False],
        Kind.FLOAT64: [0.1, 1e-300, 5e-324, 2.0**60],
        Kind.DECIMAL: [
            Decimal("0.00000000000000000001"),
            Decimal("123456789012345678"),
            Decimal(1),
        ],
    }
    for kind, values in samples.items():
        source = Field(name="x", kind=kind)
        for target in CONVERTIBLE[kind]:
            there = fit(pa.array(values, arrow_type(source)), Field(name="x", kind=target))
            back = fit(there.values, source).values.to_pylist()
            kept = [v for row, v in enumerate(values) if row not in there.problems]
            assert [v for row, v in enumerate(back) if row not in there.problems] == kept
