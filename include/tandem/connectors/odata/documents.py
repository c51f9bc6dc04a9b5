"""JSON read value by value, without floats: the slow and exact way, for what Arrow cannot take."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tandem.model.schema import Field, Kind

DEEPEST: Final = 200
"""Levels of a value that is written as text; nobody nests data so deeply."""


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
    """The document, numbers as Number. ValueError if it is no JSON, or too deep."""
    text = body.decode("utf-8-sig", errors="surrogateescape")
    try:
        return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=Number)
    except RecursionError:
        raise ValueError("too deep") from None


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


def to_text(value: Any, levels: int = DEEPEST) -> str:
    """JSON text of a loaded value: numbers as they were, names in order, no spaces.

    ValueError if it has more levels.
    """
    if not levels:
        raise ValueError("too deep")
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (
            f"{json.dumps(name, ensure_ascii=False)}:{to_text(value[name], levels - 1)}"
            for name in sorted(value)
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(to_text(item, levels - 1) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def shown_text(value: Any) -> str:
    """As `to_text`, for people: whatever the value is."""
    try:
        return to_text(value)
    except ValueError:
        return '"nested too deeply"'
