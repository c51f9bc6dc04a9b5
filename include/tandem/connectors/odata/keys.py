"""URLs of single records: keys as key predicates, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa

from tandem.connectors.odata.columns import from_texts
from tandem.connectors.odata.entity_ids import predicate_texts
from tandem.connectors.odata.literals import literal
from tandem.connectors.odata.query import collection_url
from tandem.model.schema import Entity, Field

_SAFE: Final = "'"


def record_path(entity: Entity, key: Sequence[Any]) -> str:
    """Path of a record below the service root: `Lines(order='a%2Fb',position=3)`.

    `key` are the values of `entity.key`. All that a key may not contain is percent-encoded, colons
    too, as $batch demands (OData 4.01 URL Conventions, 4.3.1; JSON 4.01, 19.1).
    """
    literals = [
        quote(literal(entity.field(name), value), safe=_SAFE)
        for name, value in zip(entity.key, key, strict=True)
    ]
    if len(literals) > 1:
        literals = [f"{name}={text}" for name, text in zip(entity.key, literals, strict=True)]
    return f"{collection_url('', entity)}({','.join(literals)})"


def single_path(entity: str, field: Field, value: Any) -> str:
    """Path of the record of that entity whose only key field has this value.

    `field` is of the key's type: the key itself, or one that refers to it.
    """
    return f"{quote(entity, safe='')}({quote(literal(field, value), safe=_SAFE)})"


def key_of(entity: Entity, url: str) -> Mapping[str, Any] | None:
    """The key that a record's URL states (`Location`, `OData-EntityId`); None if it states none.

    Quotes around numbers and dates are no obstacle: SAP CAP writes them.
    """
    try:
        texts = predicate_texts(url.removesuffix("/"), entity) or ()
        named = dict(zip(entity.key, texts, strict=True))
        return {
            name: from_texts(pa.array([text], pa.string()), entity.field(name))[0].as_py()
            for name, text in named.items()
        }
    except (ValueError, pa.ArrowInvalid):
        return None
