"""Carried mappings in another integration's file: theirs are there, and ours stay as they were."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.mapping_files.integrations import INTEGRATIONS

from tandem.integration_files import BrokenFile, parse_integration
from tandem.mapping_files.plain import plain
from tandem.model.edits import edited_value
from tandem.model.integration import EntityMapping, FieldMapping, Integration, System
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


def mapping(external: str, local: str, *, enabled: bool, **more: str) -> EntityMapping:
    line = FieldMapping(external="a", local="b")
    return EntityMapping(external=external, local=local, enabled=enabled, fields=(line,), **more)


MAPPINGS = st.lists(
    st.builds(
        mapping,
        st.sampled_from("AB"),
        st.sampled_from("xy"),
        enabled=st.booleans(),
        deletes=st.sampled_from(["propagate", "ignore"]),
    ),
    min_size=1,
    max_size=4,
)
REPEATED = MAPPINGS.filter(
    lambda listed: max(Counter(m.external for m in listed if m.enabled).values(), default=0) < 2
).map(tuple)
PLACE = System(connector="memory", connection="any")


def integration(entities: tuple[EntityMapping, ...]) -> Integration:
    return Integration(name="any", external=PLACE, local=PLACE, entities=entities)


@settings(max_examples=300)
@given(REPEATED, REPEATED)
def test_of_entities_mapped_twice_each_takes_a_place(
    here: tuple[EntityMapping, ...], there: tuple[EntityMapping, ...]
) -> None:
    found = integration(tuple(edited_entities(here, there)))
    assert not Counter(map(repr, there)) - Counter(map(repr, found.entities))
    assert importing_edits(integration(here), here) == []
    assert importing_edits(found, there) == []


def edited_entities(
    here: tuple[EntityMapping, ...], there: tuple[EntityMapping, ...]
) -> Iterator[EntityMapping]:
    edits = importing_edits(integration(here), there)
    value = edited_value(plain(integration(here)), edits)
    yield from Integration.model_validate(value).entities


def test_the_mapping_to_the_same_local_entity_is_the_one_that_changes() -> None:
    old = mapping("A", "x", enabled=False), mapping("A", "y", enabled=True)
    new = (old[0], mapping("A", "y", enabled=True, deletes="ignore"))
    (edit,) = importing_edits(integration(old), new)
    assert edit.place == ("entities", 1)


@RELAXED
@given(INTEGRATIONS)
def test_its_own_mappings_change_nothing(here: Integration) -> None:
    assert importing_edits(here, here.entities) == []
