"""The XML of Resco Integrations (see `spellings`) as mappings.

Tolerant of order, unknown and missing elements, attributes and namespaces; what cannot be carried
over is listed.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, get_args
from xml.etree.ElementTree import Element

from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import Carried
from tandem.mapping_files.spellings import (
    DIRECTIONS,
    ENTITY,
    ENTITY_PARTS,
    FIELD,
    FIELD_PARTS,
    FOR_SHOW,
    OURS,
    small,
)
from tandem.mapping_files.xml_tree import parsed, refused
from tandem.model.integration import EntityMapping, OnConflict
from tandem.yaml_source import YamlSource, shortened

_PRESERVED: Final = "{http://www.w3.org/XML/1998/namespace}space"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_MARK: Final = f"{{{OURS}}}"
_IS_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}")
_Targets = Mapping[tuple[str, ...], dict[str, str]]
"""Local entity and field → the external ones, as keys of a lookup."""

_CHOICES: Final[dict[str, Mapping[str, Any]]] = {
    "enabled": {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False},
    "direction": DIRECTIONS,
}
"""Our key → what may stand there, small, and what it means."""


def from_xml(body: bytes) -> Carried:
    """What the file brings along; ConfigurationError if it holds no usable mapping."""
    root = parsed(body)
    found = [element for element in root.iter() if _name(element) == ENTITY]
    if not found:
        raise refused(f"it begins with <{_shown(root)}> and has no EntityMapping")
    targets = _local_targets(found)
    readings = [_Entity(element, at, targets) for at, element in enumerate(found, start=1)]
    entities = tuple(entity for one in readings if (entity := one.mapping()))
    notes = tuple(note for one in readings for note in one.notes)
    if not entities:
        raise refused("none of its entities is mapped")
    return Carried(entities, notes, _policy(root))


def _policy(root: Element) -> OnConflict | None:
    said = root.findtext(f"{_MARK}on_conflict", "").strip()
    return next((policy for policy in get_args(OnConflict) if policy == said), None)


class _Entity:
    """One entity mapping being read, with notes on what is left behind."""

    def __init__(self, element: Element, at: int, targets: _Targets) -> None:
        self.notes: list[str] = []
        self._composites: dict[str, str] = {}
        self._targets = targets
        self._alone: list[str] = []
        self._element = element
        self._where = _names(element, ENTITY_PARTS)[0] or f"EntityMapping {at}"

    def mapping(self) -> EntityMapping | None:
        """The mapping; None if it has no partner or no fields."""
        values = self._parts(self._element, ENTITY_PARTS)
        if not values.get("external") or not values.get("local"):
            self._note("has no partner, so it is left out")
            return None
        found = values.pop("fields", [])
        fields, count = [one for one in found if one], len(found)
        if self._alone:
            self._note(f"left out without a partner: {len(self._alone)} of {count} fields")
        if not fields:
            self._note("has no field that is mapped, so it is left out")
            return None
        if "direction" not in values:
            self._note("states no direction: download_only is taken")
        composites = _declared(values.get("composite_lookups", ()), fields)
        return self._checked({**values, "composite_lookups": composites, "fields": fields})

    def _checked(self, values: dict[str, Any]) -> EntityMapping:
        try:
            return EntityMapping.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigurationError(
                f"{self._where}: {place + ': ' if place else ''}{shortened(first['msg'])}.",
                remedy="Correct it in the file, or leave that entity out with --entity.",
            ) from None

    def _parts(self, element: Element, known: dict[str, str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for part in element:
            if part.tag.startswith(_MARK):
                values[part.tag.removeprefix(_MARK)] = self._beyond(part)
                continue
            key = known.get(_name(part))
            if key is None:
                self._unknown(part)
            elif (value := self._value(key, part)) not in (None, ""):
                values[key] = value
        return values

    def _value(self, key: str, part: Element) -> Any:
        if part.get(_NIL) in ("true", "1"):
            return None
        if key == "fields":
            return [self._field(one) for one in part if self._is_field(one)]
        if key in ("primary_key", "composite_lookups"):
            texts = tuple(text for text in map(_text, part) if text) or (_text(part),)
            texts = tuple(text for text in texts if text)
            return tuple(map(self._composite, texts)) if key == "composite_lookups" else texts
        return self._scalar(key, part)

    def _scalar(self, key: str, part: Element) -> Any:
        text = _text(part)
        if key == "composite":
            return self._composite(text) if text else None
        known = _CHOICES.get(key)
        if known is None or not text:
            return text
        if small(text) not in known:
            self._note(f"{_shown(part)} {shortened(text)!r} is unknown, so it is left out")
        return known.get(small(text))

    def _is_field(self, element: Element) -> bool:
        if _name(element) == FIELD:
            return True
        self._unknown(element)
        return False

    def _field(self, element: Element) -> dict[str, Any] | None:
        values = self._parts(element, FIELD_PARTS)
        keys = ("entity", "field", "composite")
        target: dict[str, Any] = {k: values.pop(k) for k in keys if k in values}
        if len({"external", "local", "constant"} & values.keys()) != 2:
            self._alone.append(str(values.get("external") or values.get("local") or "?"))
            return None
        written = str(values.pop("local_target", ""))
        if not {"entity", "field"} <= target.keys():
            target |= self._targets.get(_local_target(written), {})
        if {"entity", "field"} <= target.keys():
            values["lookup"] = target
        elif target or written:
            name, of = values.get("external"), f" in {shortened(written)!r}" if written else ""
            self._note(f"lookup {name!r} names no target of this file{of}, so it is left out")
        return values

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

    def _beyond(self, part: Element) -> Any:
        source = YamlSource(f"value: {part.text or ''}")
        if source.problems:
            raise ConfigurationError(
                f"{self._where}: {_shown(part)} is no YAML on one line: {source.problems[0].text}.",
                remedy="Correct it, or remove the element.",
            )
        return source.value["value"]

    def _unknown(self, part: Element) -> None:
        if _name(part) in FOR_SHOW or not (len(part) or _text(part)):
            return
        said = f" ({shortened(_text(part))})" if _text(part) else ""
        self._note(f"{_shown(part)}{said} has no counterpart here, so it is left out")

    def _note(self, text: str) -> None:
        self.notes.append(f"{self._where}: {text}.")


def _local_targets(entities: list[Element]) -> _Targets:
    """What lookups that are written in local names may refer to."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for entity in entities:
        theirs, ours = _names(entity, ENTITY_PARTS)
        for field in entity.iter():
            if _name(field) == FIELD:
                external, local = _names(field, FIELD_PARTS)
                found[ours, local] = {"entity": theirs, "field": external}
    return {key: target for key, target in found.items() if all((*key, *target.values()))}


def _names(element: Element, known: Mapping[str, str]) -> tuple[str, str]:
    """The external and the local name."""
    texts = {known.get(_name(part)): _text(part) for part in element}
    return texts.get("external", ""), texts.get("local", "")


def _local_target(text: str) -> tuple[str, ...]:
    return tuple(part.strip("[] ") for part in text.split("."))


def _declared(listed: tuple[str, ...], fields: list[dict[str, Any]]) -> tuple[str, ...]:
    """The composite lookups: those that are listed, and those that enabled fields name."""
    lookups = [one["lookup"] for one in fields if "lookup" in one and one.get("enabled", True)]
    named = [lookup["composite"] for lookup in lookups if "composite" in lookup]
    return tuple(dict.fromkeys([*listed, *named]))


def _name(element: Element) -> str:
    return small(element.tag.rpartition("}")[2])


def _shown(element: Element) -> str:
    return shortened(element.tag.rpartition("}")[2])


def _text(element: Element) -> str:
    text = element.text or ""
    return text if element.get(_PRESERVED) == "preserve" else text.strip()


def _as_name(text: str) -> str:
    """A name as integration files take it."""
    if _IS_NAME.fullmatch(text):
        return text
    letters = (c if c.isascii() and c.isalnum() else "_" for c in text.lower())
    name = "_".join(part for part in "".join(letters).split("_") if part)
    return name[:90] if name[:1].isalpha() else f"lookup_{name}"[:90]
