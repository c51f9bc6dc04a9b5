"""Documents of the metadata service: entities with their attributes, and words for people.

Sources: Resco's JavaScript client (`$entities`: names of attributes, separators, groups of
statuses); that of `$localizations` is not published: what is known is how its labels are named.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from tandem.connectors.resco.xml import children, parsed, said, text_of

_NAMES: Final = ("Name", "name", "Id", "id", "Key", "key")
_TEXTS: Final = ("Value", "value", "Label", "label", "Text", "text")
_PATH: Final = re.compile(r"\w+(?:\.-?\w+){0,2}")


@dataclass(frozen=True, slots=True)
class Attribute:
    """What the metadata service says of an attribute."""

    name: str
    type: str
    """Resco's word: String, Integer, Lookup, PicklistMap, …"""
    permissions: frozenset[str] = frozenset()
    """Read, Create, Update; empty: not said."""
    length: int | None = None
    scale: int | None = None
    """Digits after the point; None: those of prices or currencies, or not said."""
    targets: tuple[str, ...] = ()
    required: bool = False
    system: bool = False
    has_default: bool = False
    options: tuple[str, ...] = ()
    option_texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityInfo:
    """What the metadata service says of an entity."""

    name: str
    key: str
    flags: frozenset[str]
    """Hidden, Activity, System, View, Intersect."""
    attributes: Mapping[str, Attribute]


def parse_entities(body: bytes) -> dict[str, EntityInfo]:
    """The entities by name; ConfigurationError if it is no XML, or one that could do harm."""
    root = parsed(body, "The metadata service's $entities")
    entities = (_entity(child) for child in root if said(child, "Name"))
    return {entity.name: entity for entity in entities}


def parse_labels(body: bytes) -> dict[str, str]:
    """Labels by their names: `account`, `account.name`, `account.statuscode.1`."""
    root = parsed(body, "The metadata service's $localizations")
    labels = {}
    for element in root.iter():
        name = _first(element, _NAMES)
        label = _first(element, _TEXTS) or ("" if len(element) else text_of(element))
        if label and _PATH.fullmatch(name):
            labels[name] = label
    return labels


def _first(element: Element, names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := said(element, name))), "")


def _entity(element: Element) -> EntityInfo:
    found = (
        _attribute(item)
        for holder in children(element, "Attributes")
        for item in holder
        if said(item, "Name")
    )
    return EntityInfo(
        name=said(element, "Name"),
        key=said(element, "PrimaryKeyName") or "id",
        flags=frozenset(said(element, "EntityAttributes").split()),
        attributes={attribute.name: attribute for attribute in found},
    )


def _attribute(element: Element) -> Attribute:
    kind = said(element, "Type")
    return Attribute(
        name=said(element, "Name"),
        type=kind,
        permissions=frozenset(re.split(r"[\s,]+", said(element, "Permissions"))) - {""},
        length=_number(said(element, "Length")),
        scale=_number(said(element, "Precision")),
        targets=_listed(said(element, "LookupTargets")),
        required=_is_true(said(element, "Required")),
        system=_is_true(said(element, "System")),
        has_default=bool(said(element, "Default")),
        options=_options(said(element, "OptionSetValues"), kind),
        option_texts=_listed(said(element, "OptionSetTextValues")),
    )


def _options(text: str, kind: str) -> tuple[str, ...]:
    """Values in a list; a PicklistMap has groups of a state and its statuses: `0,1,2;1,3`."""
    groups = _listed(text)
    if kind != "PicklistMap":
        return groups
    return tuple(dict.fromkeys(s for group in groups for s in group.split(",")[1:] if s))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _number(text: str) -> int | None:
    """A count; -1 and -2 stand for what other settings say."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _is_true(text: str) -> bool:
    return text.lower() in ("true", "1")
