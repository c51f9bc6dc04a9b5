"""From the path of a URL to what it names, and back (OData URL Conventions 4.01, 4)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from tandem.demo.errors import not_found
from tandem.demo.model import Edm, EntitySet, EnumType, Property, ServiceModel
from tandem.demo.parser import parse_key
from tandem.demo.values import Stored

_WHOLE: Final = (Edm.INT32, Edm.INT64)


@dataclass(frozen=True, slots=True)
class ServiceDocument:
    """The service root."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """`$metadata`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`$batch`."""


@dataclass(frozen=True, slots=True)
class Collection:
    """`Accounts`."""

    entity_set: EntitySet


@dataclass(frozen=True, slots=True)
class Count:
    """`Accounts/$count`."""

    entity_set: EntitySet


@dataclass(frozen=True, slots=True)
class Item:
    """`Accounts(…)`."""

    entity_set: EntitySet
    key: tuple[Stored, ...]


Resource = ServiceDocument | Metadata | Batch | Collection | Count | Item


def parse_path(path: str, model: ServiceModel) -> Resource:
    """What a path below the service root names; ServiceError (404) if nothing.

    `path` is still percent-encoded: it is split first, and decoded once.
    """
    match [unquote(segment) for segment in path.split("/")]:
        case [""]:
            return ServiceDocument()
        case ["$metadata"]:
            return Metadata()
        case ["$batch"]:
            return Batch()
        case [name] if name in model.by_name:
            return Collection(model.by_name[name])
        case [name, "$count"] if name in model.by_name:
            return Count(model.by_name[name])
        case [segment]:
            return _item(segment, model)
    raise not_found(f"There is no resource {unquote(path)!r}.")


def _item(segment: str, model: ServiceModel) -> Item:
    match = re.fullmatch(r"(\w+)\((.*)\)", segment, re.DOTALL)
    if not match or match[1] not in model.by_name:
        raise not_found(f"There is no resource {segment!r}.")
    entity_set = model.by_name[match[1]]
    return Item(entity_set, _key_values(match[2], entity_set))


def _key_values(predicate: str, entity_set: EntitySet) -> tuple[Stored, ...]:
    values = parse_key(predicate)
    if "" in values and len(entity_set.key) == len(values) == 1:
        values = {entity_set.key[0]: values[""]}
    if values.keys() != set(entity_set.key):
        raise not_found(f"The key of {entity_set.name!r} is {', '.join(entity_set.key)}.")
    for name, literal in values.items():
        if not _fits(literal.type, entity_set.paths[name]):
            raise not_found(f"Key {name!r} takes {entity_set.paths[name].type}.")
    return tuple(_stored(values[name].value) for name in entity_set.key)


def _fits(type_: Edm | None, property_: Property) -> bool:
    return type_ == property_.type or (type_ in _WHOLE and property_.type in _WHOLE)


def _stored(value: object) -> Stored:
    return value if isinstance(value, str | int | float) else str(value)


def key_predicate(entity_set: EntitySet, key: tuple[Stored, ...]) -> str:
    """`(…)` as it stands in the URL of an entity, percent-encoded."""
    texts = [
        _literal(entity_set.paths[name], value)
        for name, value in zip(entity_set.key, key, strict=True)
    ]
    if len(texts) == 1:
        return f"({texts[0]})"
    return (
        f"({','.join(f'{name}={text}' for name, text in zip(entity_set.key, texts, strict=True))})"
    )


def _literal(property_: Property, value: Stored) -> str:
    if property_.type is Edm.STRING:
        return quote("'" + str(value).replace("'", "''") + "'", safe="'")
    if isinstance(property_.type, EnumType):
        return quote(f"'{property_.type.members[int(value or 0)]}'")
    suffix = "Z" if property_.type is Edm.DATE_TIME_OFFSET else ""
    return quote(f"{value}{suffix}", safe=":")
