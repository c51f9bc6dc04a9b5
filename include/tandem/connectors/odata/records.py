"""Loaded records → columns, one record at a time: the slow way, for pages with a bad value."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from tandem.connectors.base import Unreadable
from tandem.connectors.odata.columns import expected, fitting
from tandem.connectors.odata.dialects.dialect import Dialect
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.connectors.odata.documents import dig, shown_text, text_of
from tandem.connectors.odata.values import decoded, is_coded
from tandem.errors import printable
from tandem.model.schema import Entity, Field, Kind

_SHOWN: Final = 60


def column_of(records: Sequence[Any], field: Field) -> tuple[pa.Array, list[int]]:
    """The field's column, and the rows whose value does not fit (null in the column)."""
    path = tuple(field.name.split("/"))
    texts: list[str | None] = []
    bad = []
    for row, record in enumerate(records):
        try:
            texts.append(text_of(dig(_object(record), path), field))
        except (TypeError, ValueError):
            texts.append(None)
            bad.append(row)
    column, also_bad = fitting(pa.array(texts, pa.string()), field)
    return column, bad + also_bad


def unreadable(record: Any, field: Field, entity: Entity) -> Unreadable:
    """The record put aside because of that field, with its reason for people."""
    return Unreadable(
        id=_encodable(_id(record, entity)),
        reason=printable(_reason(record, field)),
        payload=_encodable(shown_text(record)),
    )


def _reason(record: Any, field: Field) -> str:
    lookup, is_annotation, _ = field.name.partition("@")
    if is_annotation:
        return f"field {lookup!r}: the service does not say of which type its target is"
    try:
        value = shown_text(dig(_object(record), tuple(field.name.split("/"))))
    except TypeError:
        value = shown_text(record)
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return f"field {field.name!r}: {shown} is not {expected(field)}"


def _id(record: Any, entity: Entity) -> str:
    """As `core.ids` writes it: the key as text, a composite one as a JSON list of texts."""
    try:
        spoken = dialect_of(entity)
        texts = [_key_text(record, entity.field(name), spoken) for name in entity.key]
    except TypeError:
        return ""
    if len(texts) == 1:
        return texts[0]
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _key_text(record: Any, field: Field, spoken: Dialect) -> str:
    text = str(dig(_object(record), tuple(field.name.split("/"))))
    text = decoded(text) if is_coded(field, spoken) else text
    return text.lower() if field.kind is Kind.GUID else text


def _object(record: Any) -> Mapping[str, Any]:
    if not isinstance(record, Mapping):
        raise TypeError
    return record


def _encodable(text: str) -> str:
    """Without what UTF-8 cannot carry."""
    return text.encode(errors="replace").decode()
