"""Records → JSON bodies of writes, column by column, without floats (OData JSON 4.01, 7).

Texts of values are made by columns; only their joining to objects goes row by row, because each
record travels as a document of its own.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.odata.dialects.dialect import Dialect
from tandem.connectors.odata.dialects.families import STANDARD
from tandem.connectors.odata.keys import single_path
from tandem.connectors.odata.values import wire_values
from tandem.core.ids import id_text
from tandem.core.values import decimal_text
from tandem.model.schema import Field, Kind

_LONG: Final = ("Edm.Int64", "Edm.Decimal")
"""Types that are written as texts where `IEEE754Compatible=true` is said."""

_FRACTION: Final = r"\.?0+(Z?)$"
"""Of times with a fraction of microseconds; SAP CAP refuses a fraction, even of zeros."""

Texts = list[str | None]
"""The JSON text of each row's value; None: the value is left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field's values, and in which rows they are to be written."""

    field: Field
    values: pa.Array
    given: pa.Array | None = None
    """A boolean for each row; None: all of them."""


@dataclass(slots=True)
class _Node:
    """A JSON object in the making: members by name, those of complex values below."""

    members: dict[str, "Texts | _Node"] = field(default_factory=dict)

    def put(self, path: Sequence[str], texts: Texts) -> None:
        """Add a member at that path."""
        name, *rest = path
        if not rest:
            self.members[name] = _either(self.members.get(name), texts)
            return
        below = self.members.setdefault(name, _Node())
        if isinstance(below, _Node):  # a type has no two members of one name
            below.put(rest, texts)

    def texts(self, rows: int) -> Texts:
        """The object of each row; None where none of its members is given."""
        columns = [
            (json.dumps(name) + ":", member.texts(rows) if isinstance(member, _Node) else member)
            for name, member in self.members.items()
        ]
        objects = (
            ",".join([name + text for name, texts in columns if (text := texts[row]) is not None])
            for row in range(rows)
        )
        return ["{" + members + "}" if members else None for members in objects]


def bodies(columns: Sequence[Column], rows: int, spoken: Dialect = STANDARD) -> list[bytes | None]:
    """The body of each row; None where nothing is to be written."""
    root = _Node()
    for column in columns:
        field = column.field
        if field.by_navigation:
            path, texts = (
                [f"{field.lookup[0].navigation}@odata.bind"],
                _references(column.values, field, spoken),
            )
        else:
            path, texts = field.name.split("/"), _values(column.values, field, spoken)
        root.put(path, _given(texts, column.given))
    return [text.encode() if text else None for text in root.texts(rows)]


def has_long_numbers(fields: Iterable[Field]) -> bool:
    """Whether a field has values that a JSON number would not carry safely: they are written as
    texts, and the Content-Type has to say so.
    """
    return any(field.type_name in _LONG for field in fields)


def _either(texts: "Texts | _Node | None", others: Texts) -> Texts:
    """Two fields may be written by one navigation property, each in rows of its own."""
    if not isinstance(texts, list):
        return others
    return [other if text is None else text for text, other in zip(texts, others, strict=True)]


def _values(values: pa.Array, field: Field, spoken: Dialect) -> list[str]:
    texts = _TEXTS.get(field.kind, _strings)(wire_values(values, field, spoken))
    if field.type_name in _LONG:
        texts = [text and f'"{text}"' for text in texts]
    return [text or "null" for text in texts]


def not_json(values: pa.Array) -> Iterator[int]:
    """Rows of a column of JSON texts that are none: they would spoil the whole document."""
    for row, text in enumerate(values.to_pylist()):
        try:
            if text is not None:
                json.loads(text, parse_constant=_refused)
        except (ValueError, RecursionError):
            yield row


def _refused(constant: str) -> None:
    """Python would take NaN and infinities for JSON."""
    raise ValueError(constant)


def _references(values: pa.Array, field: Field, spoken: Dialect) -> list[str]:
    """Which records a lookup refers to, by their URLs; null refers to none (JSON 4.0, 8.5)."""
    target = field.lookup[0].entity
    return [
        "null" if value is None else json.dumps(single_path(target, field, value, spoken))
        for value in values.to_pylist()
    ]


def _given(texts: list[str], given: pa.Array | None) -> Texts:
    if given is None:
        return list(texts)
    return [text if is_given else None for text, is_given in zip(texts, given, strict=True)]


def _plain(values: pa.Array) -> Texts:
    texts: Texts = values.cast(pa.string()).to_pylist()
    return texts


def _strings(values: pa.Array) -> Texts:
    return [
        None if value is None else json.dumps(value, ensure_ascii=False) for value in _plain(values)
    ]


def _decimals(values: pa.Array) -> Texts:
    """Never with an exponent, which 4.0 does not know (7.1)."""
    texts: Texts = decimal_text(values).to_pylist()
    return texts


def _floats(values: pa.Array) -> Texts:
    """The shortest text that reads as the same double; infinities are texts."""
    return [None if value is None else _float(value) for value in values.to_pylist()]


def _float(value: float) -> str:
    return {"inf": '"INF"', "-inf": '"-INF"', "nan": '"NaN"'}.get(repr(value), repr(value))


def _moments(values: pa.Array) -> Texts:
    texts = id_text(values)
    dotted = pc.match_substring(texts, ".")
    short = pc.replace_substring_regex(texts, _FRACTION, r"\1")
    return _strings(pc.if_else(dotted, short, texts))


def _binaries(values: pa.Array) -> Texts:
    return [
        None if value is None else f'"{base64.urlsafe_b64encode(value).decode()}"'
        for value in values.to_pylist()
    ]


_TEXTS: Final[dict[Kind, Callable[[Any], Texts]]] = {
    Kind.BOOLEAN: _plain,
    Kind.INT64: _plain,
    Kind.DECIMAL: _decimals,
    Kind.FLOAT64: _floats,
    Kind.TIME: _moments,
    Kind.INSTANT: _moments,
    Kind.LOCAL_DATETIME: _moments,
    Kind.BINARY: _binaries,
    Kind.JSON: _plain,
}
"""All others are texts."""
