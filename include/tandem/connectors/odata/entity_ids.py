"""References to entities (`Orders(ID=7,Line='a')`) → the texts of their key.

OData says where an entity-id is a URL, and servers write it in every other way too: absolute,
relative, with the key as a segment, or (Dataverse, Business Central) as the bare key.
"""

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa

from tandem.connectors.odata.columns import fitting
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.documents import dig, text_of
from tandem.connectors.odata.values import meant
from tandem.core.ids import record_ids
from tandem.model.schema import Entity, Field

KeyTexts = tuple[str | None, ...]
"""The parts of a key, in its order, as OData JSON writes them; None where one cannot be read."""

_DELIMITERS: Final = {"%27": "'", "%28": "(", "%29": ")", "%2C": ",", "%2c": ","}
"""They mean the same in either form (OData ABNF, SQUOTE, OPEN, CLOSE, COMMA)."""
_DELIMITER: Final = re.compile("|".join(_DELIMITERS))
_LONGEST: Final = 4_096
"""Characters of a reference; to read it takes longer than the reference is long."""
_PREDICATE: Final = re.compile(r"(?:^|/)[^/()'?#]+\(((?:'[^']*'|[^'()])*)\)$")
_PART: Final = re.compile(r"(?:'[^']*'|[^',])+")
_NAMED: Final = re.compile(r"([^'=]+)=(.+)", re.DOTALL)
_QUOTED: Final = re.compile(r"[\w.]*'(.*)'", re.DOTALL)
"""A string, or what stands in quotes behind a prefix: `duration'PT1H'`, `Ns.Colour'Red'`."""


def key_texts(reference: str, entity: Entity) -> KeyTexts:
    """The key of the entity of that set to which the reference leads.

    ValueError if it does not say so. A value is percent-decoded once, after the reference is
    taken apart (OData 4.01 URL Conventions, 2); a bare key is taken as it stands.
    """
    if stated := predicate_texts(reference, entity):
        return stated
    if "/" in reference:
        return _of_segments(reference, entity)
    if len(entity.key) != 1 or not reference:
        raise ValueError(f"no key of {entity.name}")
    return (reference,)


def predicate_texts(reference: str, entity: Entity) -> KeyTexts | None:
    """The key as the predicate at the end of the reference states it; None if it has none.

    ValueError if the predicate is of another entity, or longer than any key.
    """
    if len(reference) > _LONGEST:
        raise ValueError("a reference longer than any key")
    found = _PREDICATE.search(_DELIMITER.sub(lambda match: _DELIMITERS[match[0]], reference))
    return _of_predicate(found[1], entity) if found else None


def stated_key(record: Any, entity: Entity) -> KeyTexts:
    """The key as the record's own fields state it."""
    return tuple(_stated(record, entity.field(name)) for name in entity.key)


def ids_of(keys: Sequence[KeyTexts], entity: Entity) -> list[str | None]:
    """The ids that `core.ids.record_ids` makes of these keys; None for what is none."""
    if not keys:
        return []
    columns = []
    for name, texts in zip(entity.key, zip(*keys, strict=True), strict=True):
        field = entity.field(name)
        values = fitting(pa.array(texts, pa.string()), field)[0]
        columns.append(meant(values, field, dialect_of(entity), is_key=True))
    batch = pa.RecordBatch.from_arrays(columns, names=list(entity.key))
    ids: list[str | None] = record_ids(batch, entity.key).to_pylist()
    return ids


def _of_predicate(predicate: str, entity: Entity) -> KeyTexts:
    parts = _PART.findall(predicate)
    if len(parts) == len(entity.key) == 1 and not _NAMED.fullmatch(parts[0]):
        return (_value(parts[0]),)
    named = [_NAMED.fullmatch(part) for part in parts]
    values = {_decoded(found[1].strip()): _value(found[2]) for found in named if found}
    if len(values) != len(parts) or values.keys() != set(entity.key):
        raise ValueError(f"no key of {entity.name}")
    return tuple(values[name] for name in entity.key)


def _of_segments(reference: str, entity: Entity) -> KeyTexts:
    """The key as segments behind the set (OData 4.01 URL Conventions, 4.3.6)."""
    segments = re.split(r"[?#]", reference, maxsplit=1)[0].split("/")
    count = len(entity.key)
    if len(segments) <= count or _decoded(segments[-count - 1]) != entity.name:
        raise ValueError(f"no key of {entity.name}")
    return tuple(_decoded(segment) for segment in segments[-count:])


def _value(literal: str) -> str:
    quoted = _QUOTED.fullmatch(literal.strip())
    return _decoded(quoted[1].replace("''", "'") if quoted else literal.strip())


def _decoded(text: str) -> str:
    return unquote(text, errors="strict")


def _stated(record: Any, field: Field) -> str | None:
    try:
        return text_of(dig(record, tuple(field.name.split("/"))), field)
    except (TypeError, ValueError):
        return None
