"""Carried mappings in another integration's file: theirs are there, and ours stay as they were."""

from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from tests.mapping_files.integrations import INTEGRATIONS

from tandem.integration_files import BrokenFile, parse_integration
from tandem.mapping_files.plain import plain
from tandem.model.integration import Integration
from tandem.sync.people.mapping_import import importing_edits
from tandem.yaml_edit import edited
from tandem.yaml_edit.writing import Style, block

RELAXED = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=60
)


def file_text(integration: Integration) -> str:
    return "\n".join(block(plain(integration), Style())) + "\n"


def imported(here: Integration, there: Integration) -> Integration:
    path = Path(f"{here.name}.yaml")
    text = file_text(here)
    assert repr(parse_integration(path, text)) == repr(here)
    return parse_integration(path, edited(text, importing_edits(here, there.entities)))


@RELAXED
@given(INTEGRATIONS, INTEGRATIONS)
def test_theirs_are_there_and_ours_stay(here: Integration, there: Integration) -> None:
    try:
        found = imported(here, there)
    except BrokenFile:
        assume(False)  # together they would not be one integration
    there_now = [repr(entity) for entity in found.entities]
    assert all(repr(entity) in there_now for entity in there.entities)
    names = {entity.external for entity in there.entities}
    ours = [repr(entity) for entity in here.entities if entity.external not in names]
    assert [text for text in there_now if text in ours] == ours


@RELAXED
@given(INTEGRATIONS)
def test_its_own_mappings_change_nothing(here: Integration) -> None:
    assert importing_edits(here, here.entities) == []
