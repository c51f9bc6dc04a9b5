"""What commands print: data is never markup, and never steers the terminal."""

import json

import pytest

from tandem.cli.output import complain, print_json, print_marked, print_table, say

AWKWARD = [
    "C:\\[/foo]",
    "[bold]m[/bold]",
    "[/x]",
    "[1] \x1b[31mred\x07",
    "\ud800",
    ":heart:",
    "\\[",
]


@pytest.mark.parametrize("value", AWKWARD)
def test_data_is_shown_as_it_is_but_for_control_characters(
    capsys: pytest.CaptureFixture[str], value: str
) -> None:
    say(value, "bold")
    print_marked("problem", "red", value, value)
    print_table(("a",), [[value], [None], [1]], title=value)
    complain(value)
    shown = capsys.readouterr()
    expected = value.replace("\x1b", r"\u001b").replace("\x07", r"\u0007")
    expected = expected.replace("\ud800", r"\ud800")
    assert shown.out.count(expected[:14]) >= 4
    assert expected in shown.err
    assert shown.out.replace("\n", "").isprintable()


def test_json_holds_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "\x1b\x9b\x7fž"})
    shown = capsys.readouterr().out
    assert shown.replace("\n", "").isprintable()
    assert json.loads(shown) == {"a": "\x1b\x9b\x7fž"}
