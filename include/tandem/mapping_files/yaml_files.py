"""Mapping files in YAML: the `entities` of an integration file under a few words about it."""

from typing import Any, Final

from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import Carried, MappingFile
from tandem.mapping_files.plain import plain, plain_entity
from tandem.validation_problems import problems_of
from tandem.yaml_edit.writing import Style, block
from tandem.yaml_source import YamlSource

_HEADER: Final = """\
# Mappings of {what}, exported by Tandem. No connections: it runs nowhere by itself.
# To use them in another integration: tandem mapping import NAME FILE
"""
_OF_THE_PLACE: Final = ("schedule", "provision")
"""Keys of integration files that are about one organisation, and are left there."""


def yaml_text(file: MappingFile) -> str:
    """The file's text."""
    what = f"integration {file.name}" if file.name else "an integration"
    values = {**plain(file), "entities": [plain_entity(entity) for entity in file.entities]}
    return _HEADER.format(what=what) + "\n".join(block(values, Style())) + "\n"


def from_yaml(text: str) -> Carried:
    """What a mapping file, or a whole integration file, brings along.

    ConfigurationError lists all that is wrong, by line.
    """
    source = YamlSource(text)
    problems = list(source.problems)
    file = None
    if not problems and isinstance(source.value, dict):
        try:
            file = MappingFile.model_validate(_without_place(source.value))
        except ValidationError as error:
            problems = problems_of(error, source)
    if file is None:
        lines = [f"line {problem.line}: {problem.text}." for problem in problems]
        raise ConfigurationError(
            "\n".join(lines) or "The file holds no mappings.",
            remedy="Export them with tandem mapping export, or name a whole integration file.",
        )
    return Carried(file.entities, on_conflict=file.on_conflict)


def _without_place(value: dict[str, Any]) -> dict[str, Any]:
    kept = {key: part for key, part in value.items() if key not in _OF_THE_PLACE}
    for side in ("external", "local"):
        if isinstance(kept.get(side), dict):
            kept[side] = {key: part for key, part in kept[side].items() if key != "connection"}
    return kept
