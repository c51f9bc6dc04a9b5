"""The XML of Resco Integrations (see `spellings`) as mappings.

Tolerant of order, unknown and missing elements, attributes and namespaces. What cannot be carried
over is listed; where something else would be synced without it, it stands in the way.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from xml.etree.ElementTree import Element

from pydantic import ValidationError

from tandem.errors import ConfigurationError, one_of
from tandem.mapping_files.model import Carried, MappingFile, no_mapping_of
from tandem.mapping_files.spellings import (
    DIRECTIONS,
    ENTITY,
    ENTITY_BEYOND,
    ENTITY_PARTS,
    FIELD,
    FIELD_BEYOND,
    FIELD_PARTS,
    FOR_SHOW,
    LIMITING,
    OURS,
    small,
)
from tandem.mapping_files.xml_targets import LocalTargets, names
from tandem.mapping_files.xml_tree import name_of, parsed, refused, shown, text_of
from tandem.model.integration import EntityMapping
from tandem.model.problems import Problem, Remedy, Severity
from tandem.validation_problems import texts_of
from tandem.yaml_source import YamlSource, shortened

_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_MARK: Final = f"{{{OURS}}}"
_IS_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}")
_CHOICES: Final[dict[str, Mapping[str, Any]]] = {
    "enabled": {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False},
    "direction": DIRECTIONS,
}
"""Our key → what may stand there, small, and what it means."""
_TARGET: Final = ("entity", "field", "composite")
_ADVICE: Final = (
    "Correct or remove it in the file; or disable there what it belongs to, with "
    "<IsEnabled>false</IsEnabled>, and complete that after the import."
)


def from_xml(body: bytes, entity: str | None = None, here: Sequence[EntityMapping] = ()) -> Carried:
    """What the file brings along; ConfigurationError if it holds no usable mapping.

    `entity`: only the mapping of this external entity is looked at. `here`: the mappings that the
    file's lookups may refer to beside its own.
    """
    root = parsed(body)
    found = [element for element in root.iter() if name_of(element) == ENTITY]
    if not found:
        raise refused(f"it begins with {shown(root)} and has no EntityMapping")
    targets = LocalTargets(found, here)
    readings = [_Entity(element, at, targets) for at, element in enumerate(found, start=1)]
    asked = [one for one in readings if entity in (None, one.name)]
    if not asked:
        raise no_mapping_of(entity, [one.name for one in readings])
    mappings = [values for one in asked if (values := one.mapping())]
    if not mappings:
        raise refused("none of its entities is mapped")
    file = _checked({"on_conflict": root.get(f"{_MARK}on_conflict"), "entities": mappings})
    return Carried(
        file.entities,
        tuple(note for one in asked for note in one.notes),
        file.on_conflict,
        tuple(problem for one in asked for problem in one.problems),
    )


def _checked(values: dict[str, Any]) -> MappingFile:
    try:
        return MappingFile.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(
            "\n".join(f"{text}." for text in texts_of(error, values)),
            remedy="Correct it in the file, or import its other entities with --entity.",
        ) from None


class _Entity:
    """One entity mapping being read, with what is to be said about it."""

    def __init__(self, element: Element, at: int, targets: LocalTargets) -> None:
        self.name = names(element, ENTITY_PARTS)[0] or f"EntityMapping {at}"
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self._element = element
        self._composites: dict[str, str] = {}
        self._targets = targets
        self._alone = 0

    def mapping(self) -> dict[str, Any] | None:
        """The keys of the mapping; None if it has no partner or no fields."""
        values = self._parts(self._element, ENTITY_PARTS, ENTITY_BEYOND)
        found = values.pop("fields", [])
        fields = [one for one in found if one]
        if self._is_left_out(values, fields):
            self._excuse(0)
            return None
        if self._alone:
            self._note(f"left out without a partner: {self._alone} of {len(found)} fields")
        if values.get("enabled") is False:
            self._excuse(0)
        if "direction" not in values:
            self._note("states no direction: download_only is taken")
        composites = _declared(values.get("composite_lookups", []), fields)
        return {**values, "composite_lookups": composites, "fields": fields}

    def _is_left_out(self, values: dict[str, Any], fields: list[dict[str, Any]]) -> bool:
        if not values.get("external") or not values.get("local"):
            self._note("has no partner, so it is left out")
        elif not fields:
            self._note("has no field that is mapped, so it is left out")
        else:
            return False
        return True

    def _parts(
        self, element: Element, known: Mapping[str, str], beyond: Sequence[str]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for part in element:
            key, value = self._part(part, known, beyond)
            if key is None:
                continue
            if key in values:
                raise self._refusal(f"{shown(part)} is there twice, or under two names", "Keep one")
            values[key] = value
        return values

    def _part(
        self, part: Element, known: Mapping[str, str], beyond: Sequence[str]
    ) -> tuple[str | None, Any]:
        """Our key, and what stands there; no key if it says nothing that is known here."""
        if part.tag.startswith(_MARK):
            return self._beyond(part, beyond)
        key = known.get(name_of(part))
        if key is None:
            self._unknown(part)
            return None, None
        value = self._value(key, part)
        return (None if value in (None, "") else key), value

    def _value(self, key: str, part: Element) -> Any:
        if part.get(_NIL) in ("true", "1"):
            return None
        if key == "fields":
            return [self._field(one) for one in part if self._is_field(one)]
        if key in ("primary_key", "composite_lookups"):
            texts = [text for text in map(text_of, part) if text] or [text_of(part)]
            texts = [text for text in texts if text]
            return [*map(self._composite, texts)] if key == "composite_lookups" else texts
        return self._scalar(key, part)

    def _scalar(self, key: str, part: Element) -> Any:
        text = text_of(part)
        if key == "composite":
            return self._composite(text) if text else None
        known = _CHOICES.get(key)
        if known is None or not text:
            return text
        if small(text) not in known:
            self._doubt(f"{shown(part)} {shortened(text)!r} is unknown, so it is left out")
        return known.get(small(text))

    def _is_field(self, element: Element) -> bool:
        if name_of(element) == FIELD:
            return True
        self._unknown(element)
        return False

    def _field(self, element: Element) -> dict[str, Any] | None:
        before = len(self.problems)
        values = self._parts(element, FIELD_PARTS, FIELD_BEYOND)
        is_off = values.get("enabled") is False
        is_alone = len({"external", "local", "constant"} & values.keys()) != 2
        if not is_alone:
            values = self._with_lookup(values)
        if is_off or is_alone:
            self._excuse(before)
        self._alone += is_alone
        return None if is_alone else values

    def _with_lookup(self, values: dict[str, Any]) -> dict[str, Any]:
        target: dict[str, Any] = {key: values.pop(key) for key in _TARGET if key in values}
        written = values.pop("local_target", "")
        if not {"entity", "field"} <= target.keys():
            target |= self._targets.of(written)
        if {"entity", "field"} <= target.keys():
            return {**values, "lookup": target}
        if not target and not written:
            return values
        name, of = values.get("external"), f"; it says {shortened(written)!r}" if written else ""
        self._doubt(f"lookup {name!r} names no target that is mapped{of}, so it is disabled")
        return {**values, "enabled": False}

    def _composite(self, text: str) -> str:
        """The product's names are free: `service order`; ours are words joined by _."""
        if text not in self._composites:
            name = _as_name(text)
            while name in self._composites.values():
                name += "_2"
            self._composites[text] = name
            if name != text:
                self._note(f"composite lookup {shortened(text)!r} is called {name} now")
        return self._composites[text]

    def _beyond(self, part: Element, known: Sequence[str]) -> tuple[str, Any]:
        key = part.tag.removeprefix(_MARK)
        if key not in known:
            takes = f"Tandem has {one_of(known)} there"
            raise self._refusal(f"{shown(part)} is nothing of Tandem's; {takes}", "Remove it")
        source = YamlSource(f"value: {part.text or ''}")
        if source.problems:
            said = f"{shown(part)} is no YAML on one line: {source.problems[0].text}"
            raise self._refusal(said, "Correct or remove it")
        return key, source.value["value"]

    def _unknown(self, part: Element) -> None:
        name = name_of(part)
        if name in FOR_SHOW or not (len(part) or text_of(part)):
            return
        said = f" ({shortened(text_of(part))})" if text_of(part) else ""
        is_limiting = any(word in name for word in LIMITING)
        tell = self._doubt if is_limiting else self._note
        tell(f"{shown(part)}{said} has no counterpart here, so it is left out")

    def _note(self, text: str) -> None:
        self.notes.append(f"{self.name}: {text}.")

    def _doubt(self, text: str) -> None:
        """Without this, something else would be synced than the file says."""
        said = f"{text[:1].upper()}{text[1:]}."
        code = "not_carried_over"
        self.problems.append(
            Problem(Severity.ERROR, self.name, (), code, said, Remedy.EDIT, _ADVICE)
        )

    def _excuse(self, since: int) -> None:
        """What is said since then is about something that is not synced anyway."""
        self.notes += [f"{self.name}: {problem.text}" for problem in self.problems[since:]]
        del self.problems[since:]

    def _refusal(self, why: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self.name}: {why}.",
            remedy=f"{remedy} in the file, or import its other entities with --entity.",
        )


def _declared(listed: list[str], fields: Iterable[dict[str, Any]]) -> list[str]:
    """The composite lookups: those that are listed, and those that enabled fields name."""
    lookups = [one["lookup"] for one in fields if "lookup" in one and one.get("enabled", True)]
    named = [lookup["composite"] for lookup in lookups if "composite" in lookup]
    return list(dict.fromkeys([*listed, *named]))


def _as_name(text: str) -> str:
    """A name as integration files take it."""
    if _IS_NAME.fullmatch(text):
        return text
    letters = (c if c.isascii() and c.isalnum() else "_" for c in text.lower())
    name = "_".join(part for part in "".join(letters).split("_") if part)
    return name[:90] if name[:1].isalpha() else f"lookup_{name}"[:90]
