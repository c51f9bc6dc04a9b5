"""What messages say, and what they cannot do."""

import json

import pytest
import yaml

from tandem.errors import Unreachable, one_line, printable

ODD = "\x00\x1b[31m\x7f\x9b\u2028\ufeff\ufffe\uffff"


@pytest.mark.parametrize("text", ["", "Grüße 🐎 [1] \\u", "two\nlines\tand a tab"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_control_characters_become_visible() -> None:
    assert printable("\x1b]0;title\x07\r\ud800") == r"\u001b]0;title\u0007\u000d\ud800"


def test_what_others_wrote_forges_no_line_of_a_log() -> None:
    said = "Contoso\r\n2026-11-29 INFO all is well\x9b31m"
    assert one_line(said) == r"Contoso 2026-11-29 INFO all is well\u009b31m"


def test_json_and_yaml_mean_the_same_afterwards() -> None:
    document = printable(json.dumps(ODD, ensure_ascii=False))
    assert document.isprintable()
    assert json.loads(document) == yaml.safe_load(document) == ODD


def test_a_message_that_quotes_others_is_harmless() -> None:
    assert str(Unreachable("It says \x1b[2J.", remedy="Wait.")) == r"It says \u001b[2J. Wait."
