"""How values are kept in SQLite, read from JSON and written to it.

Kept so that SQLite's own order is the order of the values, and nothing is rounded:
decimals as text under the collation `decimal`, guids and times as their canonical text, booleans
and enumerations as whole numbers.
"""

import math
import re
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any, Final

from tandem.demo.canonical import date_text, guid_text, instant_text, time_text
from tandem.demo.errors import bad_request
from tandem.demo.model import Edm, EnumType, Property

Stored = str | int | float | None

COLUMN_TYPES: Final = {
    Edm.BOOLEAN: "INTEGER",
    Edm.INT32: "INTEGER",
    Edm.INT64: "INTEGER",
    Edm.DOUBLE: "REAL",
    Edm.DECIMAL: "TEXT COLLATE decimal",
}
INT_BITS: Final[dict[Edm | EnumType, int]] = {Edm.INT32: 32, Edm.INT64: 64}
QUOTED_BY_IEEE754: Final = (Edm.INT64, Edm.DECIMAL)
_EXACT: Final = Context(prec=200)


def column_type(property_: Property) -> str:
    """The column that keeps a property's values."""
    if isinstance(property_.type, EnumType):
        return "INTEGER"
    if property_.collation:
        return f"TEXT COLLATE {property_.collation}"
    return COLUMN_TYPES.get(property_.type, "TEXT")


def decimal_order(left: str, right: str) -> int:
    """The collation `decimal`: by numeric value, whatever the number of digits."""
    a, b = Decimal(left), Decimal(right)
    return (a > b) - (a < b)


def double_json(value: float | None) -> str | None:
    """The shortest JSON number that reads back as this double; SQLite's own has 15 digits."""
    return None if value is None else repr(value)


def json_sql(property_: Property, column: str, *, ieee754: bool) -> str:
    """SQL that gives the property as an argument of `json_object`."""
    if isinstance(property_.type, EnumType):
        members = enumerate(property_.type.members)
        return f"CASE {column} {' '.join(f'WHEN {n} THEN {name!r}' for n, name in members)} END"
    if ieee754 and property_.type in QUOTED_BY_IEEE754:
        return f"CAST({column} AS TEXT)"
    return _JSON_SQL.get(property_.type, "{}").format(column)


_JSON_SQL: Final = {
    Edm.BOOLEAN: "json(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)",
    Edm.DECIMAL: "json({})",
    Edm.DOUBLE: "json(double_json({}))",
    Edm.DATE_TIME_OFFSET: "{} || 'Z'",
}


def from_json(value: Any, property_: Property, *, ieee754: bool) -> Stored:
    """A value of a request body as it is kept.

    `value` comes from `json.loads(…, parse_float=Decimal)`. Strings stand for Int64 and Decimal
    only where the request says IEEE754Compatible=true (OData JSON Format 4.01, 7.1).
    Raises a ServiceError (400) that names the property if the value does not fit it.
    """
    if value is None:
        if property_.nullable:
            return None
        raise bad_request(f"Property {property_.name!r} cannot be null.", property_.name)
    if ieee754 and property_.type in QUOTED_BY_IEEE754 and isinstance(value, str):
        value = _number(value, property_)
    try:
        return _from_json(value, property_)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise bad_request(
            f"Property {property_.name!r}: the value does not fit {describe(property_)}.",
            property_.name,
        ) from error


def describe(property_: Property) -> str:
    """The type of a property with its facets, for people."""
    if isinstance(property_.type, EnumType):
        return f"{property_.type.name} ({', '.join(property_.type.members)})"
    facets = (property_.max_length, property_.precision, property_.scale)
    stated = ", ".join(str(facet) for facet in facets if facet is not None)
    return f"{property_.type}({stated})" if stated else str(property_.type)


def _number(text: str, property_: Property) -> int | Decimal:
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise bad_request(f"Property {property_.name!r}: not a number.", property_.name)
    return Decimal(text) if property_.type is Edm.DECIMAL else int(text)


def _from_json(value: Any, property_: Property) -> Stored:
    if isinstance(property_.type, EnumType):
        return property_.type.members.index(value)
    return _READERS[property_.type](value, property_)


def _string(value: Any, property_: Property) -> str:
    if not isinstance(value, str) or len(value) > (property_.max_length or len(value)):
        raise ValueError
    value.encode()  # half of a surrogate pair is no text
    return value


def _boolean(value: Any, _: Property) -> int:
    if not isinstance(value, bool):
        raise TypeError
    return int(value)


def _whole_number(value: Any, property_: Property) -> int:
    limit = 2 ** (INT_BITS[property_.type] - 1)
    if not isinstance(value, int) or isinstance(value, bool) or not -limit <= value < limit:
        raise ValueError
    return value


def _decimal(value: Any, property_: Property) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError
    number = Decimal(value)
    if property_.scale is not None:
        number = number.quantize(Decimal((0, (1,), -property_.scale)), context=_EXACT)
    digits = len(number.as_tuple().digits)
    if number != value or digits > (property_.precision or digits):
        raise ValueError
    return format(number, "f")


def _double(value: Any, _: Property) -> float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _text(canonical: Callable[[str], str]) -> Callable[[Any, Property], str]:
    def read(value: Any, property_: Property) -> str:
        text = canonical(value)
        fraction = text.partition(".")[2]
        if len(fraction) > (property_.precision or 0):
            raise ValueError
        return text

    return read


_READERS: Final[dict[Edm, Callable[[Any, Property], Stored]]] = {
    Edm.STRING: _string,
    Edm.GUID: _text(guid_text),
    Edm.BOOLEAN: _boolean,
    Edm.INT32: _whole_number,
    Edm.INT64: _whole_number,
    Edm.DECIMAL: _decimal,
    Edm.DOUBLE: _double,
    Edm.DATE: _text(date_text),
    Edm.TIME_OF_DAY: _text(time_text),
    Edm.DATE_TIME_OFFSET: _text(instant_text),
}
