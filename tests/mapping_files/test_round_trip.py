"""Exported and imported again, mappings are what they were, in both formats."""

import pytest
from hypothesis import HealthCheck, given, settings
from tests.mapping_files.integrations import ENTITIES, INTEGRATIONS

from tandem.mapping_files.model import MappingFile, mapping_file_of
from tandem.mapping_files.reading import carried
from tandem.mapping_files.xml_writing import xml_text
from tandem.mapping_files.yaml_files import yaml_text
from tandem.model.integration import EntityMapping, Integration

WRITERS = {"yaml": yaml_text, "resco-xml": xml_text}
RELAXED = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=100
)


@pytest.mark.parametrize("form", WRITERS)
@RELAXED
@given(integration=INTEGRATIONS)
def test_an_integration_comes_back_as_it_was(form: str, integration: Integration) -> None:
    text = WRITERS[form](mapping_file_of(integration))
    found = carried(text.encode())
    assert repr(found.entities) == repr(integration.entities)  # 1 is neither true nor 1.0
    assert (found.notes, found.problems) == ((), ())
    assert found.on_conflict == integration.on_conflict
    assert "secret" not in text
    assert "0 3 * * *" not in text


@RELAXED
@given(ENTITIES)
def test_one_entity_comes_back_as_it_was(entity: EntityMapping) -> None:
    file = MappingFile(entities=(entity,), on_conflict="review")
    for text in (yaml_text(file), xml_text(file, single=True)):
        found = carried(text.encode())
        assert repr(found.entities) == repr((entity,))
        assert found.on_conflict == "review"
