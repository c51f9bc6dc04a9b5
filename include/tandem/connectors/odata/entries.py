"""The entries of a delta payload (OData JSON 4.01, 15; 4.0, 14), one by one: which record each is
about, and whether it says all of it, some of it, or that it is gone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import unquote

from tandem.connectors.odata.documents import shown_text
from tandem.connectors.odata.entity_ids import KeyTexts, key_texts, stated_key
from tandem.connectors.odata.parts import Asked
from tandem.model.schema import Entity

SPECIAL: Final = re.compile(
    rb'"@(?:odata\.)?removed"|\$(?:deletedEntity|deletedLink|link|entity)"|\\u00(?:24|40)'
)
"""What stands in a page that holds more than changed entities of one set."""

_CONTEXT: Final = ("@odata.context", "@context")
_REMOVED: Final = ("@odata.removed", "@removed")
_REFERENCES: Final = ("@odata.id", "@id")
_ID: Final = "id"
_DELETED: Final = "/$deletedEntity"
_LINKS: Final = ("/$link", "/$deletedLink")
_PARENTHESES: Final = re.compile(r"\([^()]*\)")
_DEEPEST: Final = 32
_SHOWN: Final = 60


class Said(Enum):
    """What an entry says of its record."""

    WHOLE = "all that was asked for"
    PARTLY = "some of it"
    GONE = "that it is not there any more"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry about a record of our set."""

    record: Any
    said: Said
    key: KeyTexts

    @property
    def shown(self) -> str:
        """How it names its record, for people."""
        names = (*_REFERENCES, _ID)
        stated = [self.record[name] for name in names if name in self.record]
        return shown_text(stated[0])[:_SHOWN] if stated else "it has no id"


def entries_of(document: Mapping[str, Any], entity: Entity, asked: Asked) -> list[Entry]:
    """The entries about the entity's records, in order. Those about links, or about entities of
    other sets, are none.
    """
    return list(_entries(document, entity, asked))


def _entries(document: Mapping[str, Any], entity: Entity, asked: Asked) -> Iterator[Entry]:
    ours = {"", entity.name, _set_of(_context(document))}
    for record in document["value"]:
        context = _context(record)
        if context.endswith(_LINKS) or _set_of(context) not in ours:
            continue
        if _is_removed(record, context):
            yield Entry(record, Said.GONE, _key_of_removed(record, context, entity))
        elif asked.is_said_by(record):
            yield Entry(record, Said.WHOLE, stated_key(record, entity))
        else:
            yield Entry(record, Said.PARTLY, _key(record, entity, _REFERENCES))


def _is_removed(record: Any, context: str) -> bool:
    if not isinstance(record, Mapping):
        return False
    return context.endswith(_DELETED) or any(record.get(name) is not None for name in _REMOVED)


def _key_of_removed(record: Any, context: str, entity: Entity) -> KeyTexts:
    """In 4.0 `id` is control information, whatever the key is called (JSON 4.0, 14.2); in 4.01
    it is a field like others, but some servers mix the two.
    """
    references = (*_REFERENCES, _ID)
    if context.endswith(_DELETED) and (referred := _referred(record, entity, references)):
        return referred
    return _key(record, entity, references)


def _key(record: Any, entity: Entity, references: Sequence[str]) -> KeyTexts:
    """The key as the record's fields state it, or else as a reference does."""
    stated = stated_key(record, entity)
    if None not in stated:
        return stated
    return _referred(record, entity, references) or stated


def _referred(record: Any, entity: Entity, names: Sequence[str]) -> KeyTexts | None:
    """The key out of the first of these references that leads to one."""
    for name in names:
        if isinstance(reference := record.get(name), str):
            with suppress(ValueError):
                return key_texts(str(reference), entity)
    return None


def _context(record: Any) -> str:
    if not isinstance(record, Mapping):
        return ""
    return next((str(record[name]) for name in _CONTEXT if name in record), "")


def _set_of(context: str) -> str:
    """`$metadata#companies(1)/customers(name)/Ns.Vip/$delta` → `customers`; empty: no set."""
    fragment = context.partition("#")[2]
    for _ in range(min(fragment.count("("), _DEEPEST)):
        fragment = _PARENTHESES.sub("", fragment)
    names = [part for part in fragment.split("/") if part and "$" not in part and "." not in part]
    return unquote(names[-1]) if names else ""
