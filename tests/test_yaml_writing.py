"""Values written as YAML: every reader takes them for what they are."""

from typing import Any

import pytest
import yaml

from tandem.yaml_edit.writing import Style, block, flow, one_line
from tandem.yaml_source import TWO_MEANINGS, YamlSource

WORDS = sorted({form for word in TWO_MEANINGS for form in (word, word.upper(), word.title())})
ODD = ["true", "Null", "~", "", "7", "0o7", ".5", "a: b", "\ufffe", "\uffff", " x ", "2024-01-01"]


@pytest.mark.parametrize("text", [*WORDS, *ODD])
def test_texts_that_could_mean_something_else_are_quoted(text: str) -> None:
    assert flow(text) == one_line(text)
    assert flow(text).startswith('"')
    assert flow(text, as_key=True).startswith('"')


@pytest.mark.parametrize("text", ["name", "address/city", "first name", "ž", "a.b", "_x-1"])
def test_other_texts_are_not(text: str) -> None:
    assert flow(text) == text


@pytest.mark.parametrize("key", [*WORDS, *ODD])
@pytest.mark.parametrize("width", [0, 100])
def test_options_are_read_as_they_were_written(key: str, width: int) -> None:
    value: dict[str, Any] = {"values": {key: "Y", "other": key}, "constant": key}
    text = "\n".join(block(value, Style(width=width)))
    source = YamlSource(text)
    assert source.problems == []
    assert source.value == yaml.safe_load(text) == value
