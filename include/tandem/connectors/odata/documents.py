"""JSON read value by value, without floats: the slow and exact way, for what Arrow cannot take."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tandem.model.schema import Field, Kind


class Number(str):
    """A JSON number as it was written, digit by digit."""

    __slots__ = ()


_ACCEPTED: Final[dict[Kind, tuple[type, ...]]] = {
    Kind.BOOLEAN: (bool,),
    Kind.INT64: (str,),
    Kind.DECIMAL: (str,),
    Kind.FLOAT64: (str,),
    Kind.JSON: (object,),
}
"""Python types of JSON values that a kind accepts; `str` includes Number. Others: text only."""


def load(body: bytes) -> Any:
    """The document, numbers as Number. ValueError or RecursionError if it is no JSON."""
    text = body.decode("utf-8-sig", errors="surrogateescape")
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number)


def dig(record: Any, path: tuple[str, ...]) -> Any:
    """The value at a path such as ("address", "city"); None if it is null or not there.

    TypeError if something on the way is no object.
    """
    for name in path:
        if record is None:
            return None
        if not isinstance(record, Mapping):
            raise TypeError
        record = record.get(name)
    return record


def text_of(value: Any, field: Field) -> str | None:
    """The text that `columns.from_texts` takes for this value; TypeError if it is of no use."""
    if value is None:
        return None
    accepted = _ACCEPTED.get(field.kind)
    if accepted is None:
        usable = isinstance(value, str) and not isinstance(value, Number)
    else:
        usable = isinstance(value, accepted)
    if not usable:
        raise TypeError
    whole = field.kind in (Kind.BOOLEAN, Kind.JSON)
    text = to_text(value) if whole else str(value)
    text.encode()  # half of a surrogate pair is no text
    return text


def to_text(value: Any) -> str:
    """JSON text of a loaded value: numbers as they were, names in order, no spaces."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (
            f"{json.dumps(k, ensure_ascii=False)}:{to_text(value[k])}" for k in sorted(value)
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
