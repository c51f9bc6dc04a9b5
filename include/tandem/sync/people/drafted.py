"""What the draft of an integration file makes of it, and what is wrong with that, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from tandem.editing.draft import Draft
from tandem.editing.words import last_change
from tandem.errors import ConfigurationError
from tandem.integration_files import integration_text
from tandem.model.edits import Edit
from tandem.model.integration import EntityMapping, Integration
from tandem.validation_problems import Complaint, complaints


@dataclass(frozen=True)
class OpenDraft:
    """An integration file, and what a draft makes of it."""

    file: Path
    text: str
    """What the file says now."""
    draft: Draft
    value: dict[str, Any]
    """What it would say, as plain values: shared, do not change it."""
    integration: Integration | None
    """What that means; None where something is wrong."""
    partly: Integration | None
    """The same with mappings that are wrong as disabled ones; None where more than that is."""
    wrong: tuple[Complaint, ...]

    @property
    def draft_text(self) -> str | None:
        """The draft as text; None if nothing is changed in it."""
        return self.draft.as_text if self.draft.steps else None

    @property
    def last_change(self) -> str:
        """What the last change does, in words; empty if nothing is changed."""
        return last_change(self.draft, self.draft.without_last().value(self.text))

    def position(self, entity: str) -> int | None:
        """Where that external entity is mapped; of several mappings the enabled one."""
        return self._positions.get(entity)

    @cached_property
    def _positions(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for at, one in sorted(enumerate(self.value["entities"]), key=_disabled_last):
            found.setdefault(str(one.get("external")), at)
        return found

    def mapping(self, entity: str) -> dict[str, Any] | None:
        """Its entity mapping as plain values; None if it is not mapped."""
        at = self.position(entity)
        found: dict[str, Any] | None = None if at is None else self.value["entities"][at]
        return found

    def usable(self) -> Integration:
        """The integration; ConfigurationError where the draft makes none."""
        if self.integration is None:
            raise ConfigurationError(
                f"The mapping cannot be used as it is: {self.wrong[0]}.",
                remedy="Correct that first, or undo it.",
            )
        return self.integration

    def after(self, edits: Sequence[Edit]) -> "OpenDraft":
        """With one more change in the draft, which means these edits."""
        return _opened(self.file, self.text, self.draft.with_edits(*edits))

    def before_last(self) -> "OpenDraft":
        """Without the last change of the draft."""
        return _opened(self.file, self.text, self.draft.without_last())


def _disabled_last(mapping: tuple[int, dict[str, Any]]) -> bool:
    return mapping[1].get("enabled") is False


def open_draft(file: Path, draft: str | None) -> OpenDraft:
    """The file as that draft (its text; None: nothing was changed yet) makes it.

    BrokenFile if the file cannot be read, LostUpdate if it was saved since, ConfigurationError if
    the text is no draft of it, or the file does not have the form of an integration file.
    """
    text = integration_text(file)
    return _opened(file, text, Draft.of(text) if draft is None else Draft.parse(draft))


def changed_mappings(before: OpenDraft, after: OpenDraft) -> frozenset[str]:
    """The external entities whose mappings two drafts of a file make otherwise."""
    mappings = [
        {str(mapping.get("external")): mapping for mapping in one.value["entities"]}
        for one in (before, after)
    ]
    then, now = mappings
    return frozenset(name for name in {**then, **now} if then.get(name) != now.get(name))


def _opened(file: Path, text: str, draft: Draft) -> OpenDraft:
    value = draft.value(text)
    _refuse_other_forms(file, value)
    parsed = _parsed(text, value)
    return OpenDraft(file, text, draft, value, *parsed)


def _refuse_other_forms(file: Path, value: Any) -> None:
    """What is no list of mappings with lists of lines cannot be shown as such."""
    entities = value.get("entities") if isinstance(value, dict) else None
    if not isinstance(entities, list) or not all(map(_has_lines, entities)):
        raise ConfigurationError(
            f"{file.name} does not have the form of an integration file.",
            remedy="Correct it in a text editor: tandem check says what is wrong on which line.",
        )


def _has_lines(mapping: Any) -> bool:
    lines = mapping.get("fields") if isinstance(mapping, dict) else None
    return isinstance(lines, list) and all(isinstance(line, dict) for line in lines)


def _parsed(
    text: str, value: dict[str, Any]
) -> tuple[Integration | None, Integration | None, tuple[Complaint, ...]]:
    """The integration, the part of it that is right, and everything that is wrong."""
    known = _untouched(text)
    found = [known.get(id(one)) or _mapping(one) for one in value["entities"]]
    wrong = [
        replace(one, place=("entities", at, *one.place[2:]))
        for at, mapping in enumerate(found)
        if not isinstance(mapping, EntityMapping)
        for one in mapping
    ]
    usable = [one if isinstance(one, EntityMapping) else _disabled for one in found]
    try:
        partly = Integration.model_validate({**value, "entities": usable})
    except ValidationError as error:
        more = complaints(error, value)
        return None, None, (*wrong, *more)
    return (None if wrong else partly), partly, tuple(wrong)


_disabled: Final = EntityMapping.model_construct(external="?", local="?", enabled=False, fields=())
"""Stands where a mapping is wrong, so that the others stay where they are."""
_ALONE: Final[dict[str, Any]] = {
    "name": "x",
    "external": {"connector": "x", "connection": "x"},
    "local": {"connector": "x", "connection": "x"},
}


def _mapping(value: dict[str, Any]) -> EntityMapping | list[Complaint]:
    document = {**_ALONE, "entities": [value]}
    try:
        return Integration.model_validate(document).entities[0]
    except ValidationError as error:
        return complaints(error, document)


@dataclass(frozen=True)
class _Known:
    """The mappings of a file's text: edits leave the values alone that they are not about."""

    values: list[dict[str, Any]]
    """Held, so that each stays the only one with its id."""
    mappings: Mapping[int, EntityMapping | list[Complaint]]


def _untouched(text: str) -> Mapping[int, EntityMapping | list[Complaint]]:
    """Id of a mapping's value, as the draft of that text has it → what it means."""
    values = Draft.of(text).value(text)["entities"]
    known = _read(text)
    return known.mappings if known.values is values else {}


@lru_cache(maxsize=8)
def _read(text: str) -> _Known:
    values = Draft.of(text).value(text)["entities"]
    values = values if isinstance(values, list) else []
    return _Known(values, {id(one): _mapping(one) for one in values})
