"""Values as OData URL literals (OData 4.01 URL Conventions, 5.1.1.14; ABNF, primitiveLiteral)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, Final

from tandem.errors import ConfigurationError
from tandem.model.schema import Field, Kind

_MEMBERS: Final = re.compile(r"[^\s',]+(,[^\s',]+)*")
GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHOWN: Final = 80


def literal(field: Field, value: Any) -> str:
    """The value, Python's for the field's kind, as a literal; not yet percent-encoded.

    Raises ConfigurationError, naming field and value, if the field has no such literal.
    """
    try:
        return _LITERALS[field.kind](field, value)
    except (ValueError, KeyError):
        raise ConfigurationError(
            f"Field {field.name!r} ({field.type_name or field.kind}) cannot be compared with "
            f"{repr(value)[:_SHOWN]}.",
            remedy="Compare another field, or write a value that the field may have.",
        ) from None


def text_literal(text: str) -> str:
    """A string literal: in quotes, quotes within doubled."""
    return "'" + text.replace("'", "''") + "'"


def is_enumeration(field: Field) -> bool:
    """Whether the field's values are members of an enumeration type."""
    return bool(field.type_name) and not field.type_name.startswith("Edm.")


def is_guid(text: str) -> bool:
    """Whether the text is a GUID (ABNF, guidValue)."""
    return GUID.fullmatch(text) is not None


def _guid(_field: Field, value: str) -> str:
    if not is_guid(value):
        raise ValueError
    return value


def _string(field: Field, value: str) -> str:
    if field.type_name == "Edm.Duration":
        return "duration" + text_literal(value)
    if not is_enumeration(field):
        return text_literal(value)
    if not _MEMBERS.fullmatch(value):
        raise ValueError
    return field.type_name + text_literal(value)


def _boolean(_field: Field, value: bool) -> str:  # noqa: FBT001 - a value, not a switch
    return "true" if value else "false"


def _number(_field: Field, value: int | Decimal) -> str:
    """Never with an exponent: not every server reads its `e` and `+`."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _float64(_field: Field, value: float) -> str:
    return {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(repr(value), repr(value))


def _time(_field: Field, value: time) -> str:
    """Without a fraction that is zero: SAP CAP refuses any."""
    return _without_zeros(value.isoformat())


def _instant(_field: Field, value: datetime) -> str:
    """In UTC, with `Z`: a `+` would have to be encoded, and some servers compare texts."""
    return _without_zeros(value.astimezone(UTC).replace(tzinfo=None).isoformat()) + "Z"


_LITERALS: Final[dict[Kind, Callable[[Field, Any], str]]] = {
    Kind.STRING: _string,
    Kind.BOOLEAN: _boolean,
    Kind.INT64: _number,
    Kind.DECIMAL: _number,
    Kind.FLOAT64: _float64,
    Kind.DATE: lambda _field, value: str(value.isoformat()),
    Kind.TIME: _time,
    Kind.INSTANT: _instant,
    Kind.GUID: _guid,
}


def _without_zeros(text: str) -> str:
    """`12:00:00.120000` → `12:00:00.12`."""
    return text.rstrip("0") if "." in text else text
