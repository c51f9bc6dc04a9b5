"""Whatever a file holds: it is read, or refused with a reason."""

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import mapping_file_of
from tandem.mapping_files.reading import carried
from tandem.mapping_files.xml_writing import xml_text
from tandem.mapping_files.yaml_files import yaml_text
from tandem.model.integration import Integration, System

SYSTEM = System(connector="c", connection="d")
FILE = mapping_file_of(
    Integration.model_validate(
        {
            "name": "any",
            "external": SYSTEM,
            "local": SYSTEM,
            "entities": [
                {
                    "external": "A",
                    "local": "b",
                    "composite_lookups": ["order"],
                    "download_filter": {"field": "c", "operator": "eq", "value": 1},
                    "fields": [
                        {"external": "c", "local": "d", "values": {1: "x"}},
                        {
                            "external": "e",
                            "local": "f",
                            "lookup": {"entity": "A", "field": "c", "composite": "order"},
                        },
                    ],
                }
            ],
        }
    )
)
TEXTS = st.sampled_from([xml_text(FILE), xml_text(FILE, single=True), yaml_text(FILE)])


@given(st.binary(max_size=200))
@example(b"\xff\xfe<\x00")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for form in (None, "yaml", "resco-xml"):
        with suppress(ConfigurationError):
            carried(body, form)  # type: ignore[arg-type]


@settings(max_examples=300)
@given(TEXTS, st.data())
def test_a_piece_gone_or_doubled_is_read_or_refused(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    piece = text[start:end] * 2 if data.draw(st.booleans()) else ""
    with suppress(ConfigurationError):
        carried((text[:start] + piece + text[end:]).encode())


@settings(max_examples=300)
@given(TEXTS, st.data())
def test_lines_in_another_order_are_read_or_refused(text: str, data: st.DataObject) -> None:
    lines = data.draw(st.permutations(text.splitlines()))
    with suppress(ConfigurationError):
        carried("\n".join(lines).encode())
