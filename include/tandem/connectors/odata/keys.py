"""URLs of single records: keys as key predicates, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa

from tandem.connectors.odata.columns import from_texts
from tandem.connectors.odata.dialects.dialect import Dialect
from tandem.connectors.odata.dialects.families import STANDARD, dialect_of
from tandem.connectors.odata.entity_ids import predicate_texts
from tandem.connectors.odata.literals import literal, text_literal
from tandem.connectors.odata.query import collection_url
from tandem.connectors.odata.values import meant, wire_value
from tandem.model.schema import Entity, Field, Kind

_SAFE: Final = "'"


def record_path(entity: Entity, key: Sequence[Any]) -> str:
    """Path of a record below the service root: `Lines(order='a%2Fb',position=3)`.

    `key` are the values of `entity.key`. All that a key may not contain is percent-encoded, colons
    too, as $batch demands (OData 4.01 URL Conventions, 4.3.1; JSON 4.01, 19.1).
    """
    spoken = dialect_of(entity)
    literals = [
        _literal(entity.field(name), value, spoken)
        for name, value in zip(entity.key, key, strict=True)
    ]
    if len(literals) > 1:
        literals = [f"{name}={text}" for name, text in zip(entity.key, literals, strict=True)]
    return f"{collection_url('', entity)}({','.join(literals)})"


def single_path(entity: str, field: Field, value: Any, spoken: Dialect = STANDARD) -> str:
    """Path of the record of that entity whose only key field has this value.

    `field` is of the key's type: the key itself, or one that refers to it.
    """
    return f"{quote(entity, safe='')}({_literal(field, value, spoken)})"


def key_of(entity: Entity, url: str) -> Mapping[str, Any] | None:
    """The key that a record's URL states (`Location`, `OData-EntityId`); None if it states none.

    Quotes around numbers and dates are no obstacle: SAP CAP writes them.
    """
    try:
        texts = predicate_texts(url.removesuffix("/"), entity) or ()
        named = dict(zip(entity.key, texts, strict=True))
        return {
            name: _value(pa.array([text], pa.string()), entity, name)
            for name, text in named.items()
        }
    except (ValueError, pa.ArrowInvalid):
        return None


def _literal(field: Field, value: Any, spoken: Dialect) -> str:
    text = literal(field, wire_value(value, field, spoken))
    quoted = text_literal(text) if field.kind is Kind.GUID and spoken.quoted_guids else text
    return quote(quoted, safe=_SAFE)


def _value(texts: pa.Array, entity: Entity, name: str) -> Any:
    field = entity.field(name)
    return meant(from_texts(texts, field), field, dialect_of(entity), is_key=True)[0].as_py()
