from datetime import UTC, datetime, time
from decimal import Decimal

import pyarrow as pa

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
