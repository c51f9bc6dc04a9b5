"""Mapping files in YAML: the `entities` of an integration file under a few words about it."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import Carried, MappingFile, no_mapping_of
from tandem.mapping_files.plain import plain, plain_entity
from tandem.validation_problems import problems_of
from tandem.yaml_edit.writing import Style, block
from tandem.yaml_source import Problem, YamlSource

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


def from_yaml(text: str, entity: str | None = None) -> Carried:
    """What a mapping file, or a whole integration file, brings along.

    `entity`: only the mappings of this external entity are looked at. ConfigurationError lists all
    that is wrong, by line.
    """
    source = YamlSource(text)
    value, problems = source.value, list(source.problems)
    if isinstance(value, dict):
        problems += _problems(_without_place(value), source)
        if entity is not None and isinstance(value.get("entities"), list):
            value, problems = _only(entity, source, problems)
    if problems or not isinstance(value, dict):
        raise _refused(problems)
    file = MappingFile.model_validate(_without_place(value))
    return Carried(file.entities, on_conflict=file.on_conflict)


def _problems(value: dict[str, Any], source: YamlSource) -> list[Problem]:
    try:
        MappingFile.model_validate(value)
    except ValidationError as error:
        return problems_of(error, source)
    return []


def _only(
    entity: str, source: YamlSource, problems: list[Problem]
) -> tuple[dict[str, Any], list[Problem]]:
    """The file without the mappings of other entities, and without what is wrong with those."""
    listed = source.value["entities"]
    named = [one.get("external") if isinstance(one, dict) else None for one in listed]
    if entity not in named:
        raise no_mapping_of(entity, (str(name) for name in named if name))
    starts = {source.line((key,)): True for key in source.value}
    for at, name in enumerate(named):
        starts[source.line(("entities", at))] = name == entity
    begun = sorted(starts)
    mine = [p for p in problems if starts[begun[max(bisect_right(begun, p.line) - 1, 0)]]]
    kept = [one for one, name in zip(listed, named, strict=True) if name == entity]
    value = {**source.value, "entities": kept}
    if not mine and _problems(_without_place(value), source):
        return value, problems  # on one line, they cannot be told apart
    return value, mine


def _refused(problems: Sequence[Problem]) -> ConfigurationError:
    lines = [f"line {problem.line}: {problem.text}." for problem in problems]
    return ConfigurationError(
        "\n".join(lines) or "The file holds no mappings.",
        remedy="Export them with tandem mapping export, or name a whole integration file.",
    )


def _without_place(value: dict[str, Any]) -> dict[str, Any]:
    kept = {key: part for key, part in value.items() if key not in _OF_THE_PLACE}
    for side in ("external", "local"):
        if isinstance(kept.get(side), dict):
            kept[side] = {key: part for key, part in kept[side].items() if key != "connection"}
    return kept
