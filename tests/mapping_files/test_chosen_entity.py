"""With an entity chosen, nothing else of the file counts."""

import pytest
from tests.mapping_files.small_files import xml

from tandem.errors import ConfigurationError
from tandem.mapping_files.reading import carried

GOOD = "{external: A, local: b, fields: [{external: c, local: d}]}"
BAD = "{external: B, local: b, fields: [{external: c, values: {Y: 1}}], colour: red}"


@pytest.mark.parametrize(
    "text",
    [
        f"entities:\n  - {BAD}\n  - {GOOD}\n  - {BAD}\n  - 5\n",
        f"entities:\n  - {GOOD}\n  - {BAD}\ndescription: mine\n",
    ],
)
def test_one_entity_is_read_whatever_is_wrong_with_others(text: str) -> None:
    (entity,) = carried(text.encode(), entity="A").entities
    assert entity.external == "A"
    with pytest.raises(ConfigurationError, match="colour"):
        carried(text.encode(), entity="B")
    with pytest.raises(ConfigurationError, match="There are: "):
        carried(text.encode(), entity="C")


@pytest.mark.parametrize(
    "text",
    [
        f"entities:\n  - {GOOD}\ncolour: red\n",
        f"colour: red\nentities:\n  - {GOOD}\n",
        "entities:\n  - external: A\n    local: 5\n    fields: [{external: c, local: d}]\n",
        f"entities: [{BAD.replace(': B', ': A')}, {GOOD.replace(': A', ': B')}]",
    ],
)
def test_what_is_wrong_with_that_entity_or_the_file_is_told(text: str) -> None:
    with pytest.raises(ConfigurationError, match="line "):
        carried(text.encode(), entity="A")


def test_notes_are_about_the_chosen_entity_only() -> None:
    other = xml("<Owner>me</Owner><Filter>x</Filter>").replace(">Ex<", ">Other<")
    text = f"<A>{other}{xml('<SyncDirection>Download</SyncDirection>')}</A>".encode()
    found = carried(text, entity="Ex")
    assert (found.notes, found.problems) == ((), ())
    with pytest.raises(ConfigurationError, match="There are: Other, Ex"):
        carried(text, entity="None")
