"""Transforms by whole columns: each against a plain reference, row by row."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.core.transforms.apply import Given, cut_values, transform, with_default
from tandem.core.transforms.options import defaulted_options, kept_options, map_options
from tandem.core.transforms.results import refuse_for_field
from tandem.errors import ConfigurationError
from tandem.model.integration import FieldMapping
from tandem.model.schema import Field, Kind
from tandem.model.transforms import Step, UserTransform

INSTANT, LOCAL, TIME = pa.timestamp("us", tz="UTC"), pa.timestamp("us"), pa.time64("us")
DECIMAL = pa.decimal128(38, 20)
ZONES = ["Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
TEXTS = st.lists(st.none() | st.text(max_size=12), max_size=20)
PLAIN = st.lists(st.none() | st.text("ab ,;é·", max_size=9), max_size=20)


def done(values, *steps, beside=None, functions=None):
    """The values after these transforms as the user writes them, and why some have none."""
    line = FieldMapping(external="a", local="b", transform=steps)
    made = transform(values, line.transform, Given(beside or {}, functions or {}))
    assert len(made.values) == len(values)
    for row in made.problems:
        assert values[row].is_valid
        assert not made.values[row].is_valid
    return made.values.to_pylist(), made.problems


def texts(values):
    return pa.array(values, pa.string())


def each(function, values):
    return [None if value is None else function(value) for value in values]


@given(st.lists(st.none() | st.text("aäzÄéÉñŠšœŒŁłжЖ 0_", max_size=9), max_size=20))
def test_upper_and_lower_change_each_character(values):
    assert done(texts(values), "lower") == (each(str.lower, values), {})
    assert done(texts(values), "upper") == (each(str.upper, values), {})


@given(PLAIN)
def test_trim_takes_white_space_off_both_ends(values):
    assert done(texts(values), "trim") == (each(str.strip, values), {})


@given(TEXTS, st.integers(1, 6))
def test_truncate_keeps_the_first_characters_and_counts_what_it_cut(values, length):
    assert done(texts(values), {"truncate": length}) == (each(lambda t: t[:length], values), {})
    steps = FieldMapping(external="a", local="b", transform=[{"truncate": length}]).transform
    cut = sum(1 for text in values if text is not None and len(text) > length)
    assert cut_values(texts(values), steps) == cut


@given(PLAIN, st.sampled_from([",", ", ", "ab", "·", "aa"]), st.integers(1, 4))
def test_split_gives_one_part_or_null(values, separator, part):
    def reference(text):
        parts = text.split(separator)
        return parts[part - 1] if part <= len(parts) else None

    step = {"split": {"separator": separator, "part": part}}
    assert done(texts(values), step) == (each(reference, values), {})


@given(
    st.lists(st.tuples(*[st.none() | st.text(max_size=5)] * 3), max_size=20), st.text(max_size=2)
)
def test_concat_leaves_out_nulls(rows, separator):
    own, second, third = zip(*rows, strict=True) if rows else ((), (), ())
    step = {"concat": {"fields": ["second", "third"], "separator": separator}}
    expected = [
        separator.join(parts) if (parts := [t for t in row if t is not None]) else None
        for row in rows
    ]
    beside = {"second": texts(second), "third": texts(third)}
    assert done(texts(own), step, beside=beside) == (expected, {})


@given(st.lists(st.tuples(*[st.text("abc d", min_size=1, max_size=5)] * 2), max_size=20))
def test_split_undoes_concat(rows):
    parts = [texts(column) for column in zip(*rows, strict=True)] or [texts([])] * 2
    joined, _ = done(
        parts[0], {"concat": {"fields": ["other"], "separator": ";"}}, beside={"other": parts[1]}
    )
    for number, part in enumerate(parts, start=1):
        step = {"split": {"separator": ";", "part": number}}
        assert done(texts(joined), step) == (part.to_pylist(), {})


@given(st.lists(st.none() | st.uuids(), max_size=10), st.sampled_from("bhnu"))
def test_guids_are_read_however_they_are_written(values, style):
    written = {
        "b": lambda guid: f"{{{str(guid).upper()}}}",
        "h": str,
        "n": lambda guid: guid.hex,
        "u": lambda guid: f" {str(guid).upper()} ",
    }[style]
    assert done(texts(each(written, values)), "guid") == (each(str, values), {})


def test_what_is_no_guid_is_named():
    values, problems = done(texts(["x", None, str(UUID(int=1)), "{" + "0" * 31 + "}"]), "guid")
    assert values == [None, None, str(UUID(int=1)), None]
    assert problems[0] == "'x' is not a unique identifier"
    assert set(problems) == {0, 3}


def clock(*moment):
    """What a clock on a wall shows."""
    return datetime(*moment, tzinfo=UTC).replace(tzinfo=None)


MOMENTS = st.lists(st.none() | st.datetimes(clock(1900, 1, 1), clock(2290, 1, 1)), max_size=20)


@given(MOMENTS)
def test_a_local_date_time_comes_apart_and_together(values):
    moments = pa.array(values, LOCAL)
    days, _ = done(moments, "date")
    times, _ = done(moments, "time")
    assert days == each(datetime.date, values)
    assert times == each(datetime.time, values)
    again = done(
        pa.array(days, pa.date32()),
        {"with_time": {"field": "t"}},
        beside={"t": pa.array(times, TIME)},
    )
    assert again == (values, {})


@given(MOMENTS, st.sampled_from(ZONES))
def test_an_instant_shows_the_date_and_time_of_its_zone(values, zone):
    aware = each(lambda value: value.replace(tzinfo=UTC), values)
    there = each(lambda value: value.astimezone(ZoneInfo(zone)), aware)
    moments = pa.array(aware, INSTANT)
    assert done(moments, {"date": {"zone": zone}}) == (each(datetime.date, there), {})
    assert done(moments, {"time": {"zone": zone}}) == (each(datetime.time, there), {})
    assert done(moments, "date") == (each(datetime.date, aware), {})


def instants_of(value, zone):
    """The instants at which clocks of the zone show this: none, one or two."""
    found = set()
    for fold in (0, 1):
        instant = value.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
        if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == value:
            found.add(instant)
    return found


AROUND = [
    clock(2026, 3, 29),
    clock(2026, 10, 25),
    clock(2026, 3, 8),
    clock(2026, 11, 1),
    clock(2026, 10, 4),
    clock(2026, 4, 5),
    clock(2050, 3, 27),
    clock(2050, 10, 30),
]
"""Midnights before clocks change in one zone or another."""
CLOCKS = st.builds(
    lambda start, minutes: start + timedelta(minutes=minutes),
    st.sampled_from(AROUND),
    st.integers(0, 300),
)


@given(st.lists(st.none() | CLOCKS, max_size=20), st.sampled_from(ZONES))
@settings(max_examples=200)
def test_a_date_and_a_time_are_one_instant_or_a_problem_of_their_record(values, zone):
    days, times = each(datetime.date, values), each(datetime.time, values)
    made, problems = done(
        pa.array(days, pa.date32()),
        {"with_time": {"field": "t", "zone": zone}},
        beside={"t": pa.array(times, TIME)},
    )
    for row, value in enumerate(values):
        found = instants_of(value, zone) if value else set()
        if value and len(found) != 1:
            assert zone in problems[row]
            assert ("skip" if not found else "twice") in problems[row]
        else:
            assert made[row] == next(iter(found), None)
    parts = [done(pa.array(made, INSTANT), {part: {"zone": zone}})[0] for part in ("date", "time")]
    for row in set(range(len(values))) - problems.keys():
        assert (parts[0][row], parts[1][row]) == (days[row], times[row])


def test_a_moment_that_no_calendar_has_is_a_problem_of_its_record():
    last = pa.array([datetime(9999, 12, 31, 23, 30, tzinfo=UTC)], INSTANT)
    made, problems = done(last, {"date": {"zone": "Europe/Prague"}})
    assert (made, set(problems)) == ([None], {0})
    step = {"with_time": {"field": "t", "zone": "America/New_York"}}
    evening = pa.array([time(23)], TIME)
    made, problems = done(pa.array([date(9999, 12, 31)]), step, beside={"t": evening})
    assert (made, set(problems)) == ([None], {0})


def test_dates_and_times_may_be_texts():
    made = done(
        texts(["2026-05-01", "soon", None, "2026-05-01"]),
        {"with_time": {"field": "t"}},
        beside={"t": texts(["08:30", "08:30", "08:30", "late"])},
    )
    assert made == (
        [clock(2026, 5, 1, 8, 30), None, None, None],
        {1: "'soon' is not a date", 3: "'late' is not a time of day"},
    )
    assert done(texts(["2026-05-01T23:00:00Z"]), {"date": {"zone": "Europe/Prague"}}) == (
        [date(2026, 5, 2)],
        {},
    )
    assert done(texts(["2026-05-01 08:30"]), "time") == ([time(8, 30)], {})


FORMATS = st.sampled_from([(".", ""), (",", "."), (".", ","), (",", " "), (".", "'")])
NUMBERS = st.lists(
    st.none() | st.decimals(Decimal(-(10**17)), Decimal(10**17), places=4), max_size=20
)


@given(NUMBERS, FORMATS, st.none() | st.integers(0, 6))
def test_numbers_are_written_and_read_exactly(values, marks, decimals):
    decimal, thousands = marks
    how = {"decimal": decimal, "thousands": thousands}

    def reference(value):
        if decimals is not None:
            value = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        text = f"{value:,f}" if decimals is not None else f"{value:,f}".rstrip("0").rstrip(".")
        text = text.replace("-0", "0") if value == 0 else text
        return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)

    written, _ = done(pa.array(values, DECIMAL), {"format_number": {**how, "decimals": decimals}})
    assert written == each(reference, values)
    read, problems = done(texts(written), {"number": how})
    assert not problems
    if decimals is None or decimals >= 4:
        assert read == values


@given(st.lists(st.none() | st.text("01.,- '+e", max_size=9), max_size=20), FORMATS)
def test_only_a_number_of_the_format_is_one(values, marks):
    decimal, thousands = (re.escape(mark) for mark in marks)
    grouped = rf"[0-9]{{1,3}}({thousands}[0-9]{{3}})+|" if thousands else ""
    number = re.compile(rf"[+-]?({grouped}[0-9]+)({decimal}[0-9]+)?")
    made, problems = done(texts(values), {"number": {"decimal": marks[0], "thousands": marks[1]}})
    for row, text in enumerate(values):
        plain = (text or "").strip()
        good = number.fullmatch(plain)
        assert (row in problems) == bool(plain and not good)
        if good:
            bare = plain.replace(marks[1], "") if marks[1] else plain
            assert made[row] == Decimal(bare.replace(marks[0], "."))


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_whole_numbers_are_written_too(values):
    step = {"format_number": {"decimals": 1, "thousands": ","}}
    assert done(pa.array(values, pa.int64()), step) == (each("{:,}.0".format, values), {})


def test_a_number_with_too_many_digits_is_a_problem_of_its_record():
    made, problems = done(texts(["9" * 19, "1", "0." + "1" * 21]), {"number": {}})
    assert made == [None, Decimal(1), None]
    assert set(problems) == {0, 2}


def test_a_problem_stays_one_whatever_follows():
    made, problems = done(
        texts(["x", "1"]),
        {"number": {}},
        {"concat": {"fields": ["other"]}},
        beside={"other": texts(["y", "z"])},
    )
    assert made == [None, "1z"]
    assert set(problems) == {0}


def custom(function, values):
    functions = {"mine": UserTransform("mine", "transforms.py", function)}
    return done(values, {"custom": "mine"}, functions=functions)


def test_a_users_function_gets_a_series_and_gives_one():
    double = custom(lambda values: values * 2, pa.array([1, None, 3]))
    assert double == ([2, None, 6], {})
    assert custom(lambda v: v.str.len(), texts(["ab", None])) == ([2, None], {})
    assert custom(lambda v: pd.Series(["x", None]), texts(["ab", None])) == (["x", None], {})
    assert custom(lambda v: 1 / 0, texts([])) == ([], {})


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda values: values.str.nothing(), "raised AttributeError"),
        (lambda values: values.tolist(), "returned a list, not a pandas Series"),
        (lambda values: values.head(1), "returned 1 values for 2"),
        (lambda values: pd.Series([{1}, "secret"]), "a type that no field has"),
    ],
)
def test_a_users_function_that_fails_is_named_without_its_values(function, why):
    with pytest.raises(ConfigurationError) as caught:
        custom(function, texts(["secret", "b"]))
    assert why in str(caught.value)
    assert "'mine' of transforms.py" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_users_function_may_give_its_rows_in_another_order():
    def nulls_last(values):
        return pd.concat([values[values.notna()].str.upper(), values[values.isna()]])

    assert custom(nulls_last, texts(["a", None, "b"])) == (["A", None, "B"], {})
    assert custom(lambda v: v[::-1].reset_index(drop=True), texts(["a", "b"])) == (["b", "a"], {})


@pytest.mark.parametrize("labels", [[1, 2], [0, 0], ["a", "b"]])
def test_rows_that_cannot_be_told_apart_are_refused(labels):
    with pytest.raises(ConfigurationError, match="labels that it was not given"):
        custom(lambda values: values.set_axis(labels), texts(["a", "b"]))


def test_only_values_that_a_users_function_does_not_take_are_refused():
    def inverse(values):
        return values.map(lambda value: 60 // value)

    calls = []
    found = custom(lambda v: calls.append(len(v)) or inverse(v), pa.array([*range(1, 9), 0, 10]))
    assert found == (
        [60, 30, 20, 15, 12, 10, 8, 7, None, 6],
        {8: "function 'mine' raised ZeroDivisionError"},
    )
    assert len(calls) < 15


def test_a_number_that_no_field_holds_is_its_rows_problem():
    made, problems = custom(lambda v: pd.Series([10 ** int(n) for n in v]), pa.array([1, 30, 2]))
    assert made == [10, None, 100]
    assert set(problems) == {1}


def test_a_users_function_is_not_called_again_and_again():
    calls = []

    def fails(values):
        calls.append(len(values))
        return values.map(lambda value: 1 // 0)

    with pytest.raises(ConfigurationError, match="ZeroDivisionError, of too many values"):
        custom(fails, pa.array(range(10_000)))
    assert len(calls) < 1_000


def test_what_a_users_function_gives_has_to_be_what_the_next_one_takes():
    functions = {"mine": UserTransform("mine", "transforms.py", lambda values: values * 2)}
    with pytest.raises(ConfigurationError, match="gives int64, and transform 'trim' takes guid"):
        done(pa.array([1]), {"custom": "mine"}, "trim", functions=functions)


@pytest.mark.parametrize(
    ("made", "kind", "refused"),
    [
        ([1.5, None], Kind.DECIMAL, "gives float64, and field 'f' (decimal) takes"),
        (
            pd.to_datetime(["2026-01-01", None]).tz_localize("Europe/Prague"),
            Kind.DATE,
            "gives instant, and field 'f' (date) takes",
        ),
        ([None, None], Kind.DECIMAL, ""),
        ([1, 2], Kind.DECIMAL, ""),
        ([1.5, None], Kind.FLOAT64, ""),
        ([date(2026, 1, 1), None], Kind.DATE, ""),
        (pd.to_datetime(["2026-01-01", None]), Kind.LOCAL_DATETIME, ""),
    ],
)
def test_what_a_users_function_gives_has_to_fit_the_field_without_loss(made, kind, refused):
    functions = {"mine": UserTransform("mine", "transforms.py", lambda _: pd.Series(made))}
    steps = [Step.model_validate({"custom": "mine"})]
    values = transform(texts(["a", "b"]), steps, Given({}, functions)).values
    target = Field(name="f", kind=kind)
    if not refused:
        refuse_for_field(values, steps, target, functions)
        return
    with pytest.raises(ConfigurationError, match=re.escape(refused)):
        refuse_for_field(values, steps, target, functions)


@pytest.mark.parametrize(
    ("kind", "default", "is_text"),
    [
        (pa.timestamp("us", tz="UTC"), 20240101, True),
        (pa.timestamp("us"), 20240101, True),
        (pa.time64("us"), 5, True),
        (pa.date32(), "2024-01-01", False),
        (pa.int64(), 7, False),
        (pa.int64(), 2**70, True),
        (pa.float64(), Decimal("1.5"), False),
    ],
)
def test_a_number_is_no_moment(kind, default, is_text):
    filled = with_default(pa.nulls(1, kind), default)
    assert pa.types.is_string(filled.type) == is_text


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


OPTIONS = st.lists(st.none() | st.sampled_from(["a", "b", "c", "x"]), max_size=20)


@given(OPTIONS)
def test_options_without_partner_follow_the_policy(values):
    partners = {"a": "x", "b": "y"}
    kept, problems = kept_options(texts(values), partners, there_and_back=False)
    assert (kept.to_pylist(), problems) == (each(lambda v: partners.get(v, v), values), {})
    defaulted = defaulted_options(texts(values), partners, 0)
    assert defaulted.to_pylist() == each(lambda v: partners.get(v, "0"), values)
    kept, problems = kept_options(texts(values), partners, there_and_back=True)
    assert set(problems) == {row for row, value in enumerate(values) if value == "x"}


def test_a_default_is_of_the_fields_type_or_text():
    assert with_default(pa.array([1, None]), "5").to_pylist() == [1, 5]
    assert with_default(pa.array([1, None]), "none").to_pylist() == ["1", "none"]
    moments = with_default(pa.array([None], pa.date32()), "2026-01-01")
    assert moments.to_pylist() == [date(2026, 1, 1)]
