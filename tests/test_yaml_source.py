"""What plain YAML values mean, and on which line they stand."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tandem.yaml_source import YamlSource


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("No", "No"),
        ("on", "on"),
        ("true", True),
        ("12", 12),
        ("-3", -3),
        ("007", "007"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-02-29T10:30:00.5Z", datetime(2024, 2, 29, 10, 30, 0, 500_000, UTC)),
    ],
)
def test_plain_values_mean_what_an_editor_shows(text: str, value: Any) -> None:
    source = YamlSource(f"field: {text}")
    assert source.value == {"field": value}
    assert not source.problems


def test_numbers_with_a_point_never_pass_through_a_float() -> None:
    source = YamlSource("[12345678901234567.8901, 0.10, 1e3]")
    assert [str(number) for number in source.value] == ["12345678901234567.8901", "0.10", "1E+3"]
    assert all(isinstance(number, Decimal) for number in source.value)


def test_each_value_knows_its_line() -> None:
    source = YamlSource("a: 1\nb:\n  - c: 2\n    d: 3\n  - e\n")
    assert source.line(()) == 1
    assert source.line(("b", 0, "d")) == 4
    assert source.line(("b", 1)) == 5
    assert source.line(("b", 0, "missing")) == 3


def test_yes_and_no_are_refused_where_both_meanings_are_possible() -> None:
    source = YamlSource("field: no\nvalue: no\nvalues: {on: 1, 2: y, 3: 'off'}\n")
    assert source.value["field"] == "no"
    assert [problem.line for problem in source.problems] == [2, 3, 3]
    assert 'write true, false or "no"' in source.problems[0].text


def test_a_key_that_is_there_twice_is_refused() -> None:
    (problem,) = YamlSource("a: 1\nb: 2\na: 3\n").problems
    assert problem.line == 3
    assert "twice" in problem.text
    assert "line 1" in problem.text


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: b: c", 1, "not YAML"),
        ("a:\n\t- b", 2, "no tabs"),
        ("a: 1\n---\nb: 2", 2, "another document"),
        ("a: [1,\nb: 2\n", 3, "brackets"),
        ("a: 1\nb: \x01", 2, "control characters"),
        ("a: 2024-02-30", 1, "no date"),
        ("a: !python/name:os.system", 1, "tag"),
        ("{[1]: 2}", 1, "key"),
        ("&a [*a]", 1, "aliases"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_on_its_line(text: str, line: int, words: str) -> None:
    (problem,) = YamlSource(text).problems
    assert (problem.line, words in problem.text) == (line, True), problem


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    assert "aliases" in YamlSource(bomb).problems[0].text


def test_an_alias_stands_for_its_value() -> None:
    assert YamlSource("a: &x [1, 2]\nb: *x\n").value == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    "text",
    [
        "1e999999999",
        "1E-999999999",
        "-1.5e101",
        "1e99999999999999999999999",
        "0." + "1" * 1000,
        "1" * 41,
        "9" * 5000,
    ],
)
def test_a_number_beyond_all_measure_is_refused(text: str) -> None:
    (problem,) = YamlSource(f"field: {text}").problems
    assert "quote a text" in problem.text
    assert len(problem.text) < 200


@pytest.mark.parametrize("text", ["1e100", "-1e-100", "1" * 40, "0e0"])
def test_large_numbers_are_numbers(text: str) -> None:
    source = YamlSource(f"field: {text}")
    assert not source.problems
    assert source.value["field"] == Decimal(text)
