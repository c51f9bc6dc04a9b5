"""Records made of the values that connectors get wrong."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from tandem.conformance.subject import Record, Subject, batch_of, filled
from tandem.connectors.base import ETAG
from tandem.core.values import arrow_type
from tandem.model.schema import Entity, Field, Kind

_MOMENTS: Final = (
    datetime(2024, 2, 29, 12, 30, 0, 123456),  # noqa: DTZ001  with and without a zone
    datetime(1969, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    datetime(2026, 3, 18, 0, 0),  # noqa: DTZ001
    datetime(1, 1, 1, 0, 0),  # noqa: DTZ001
    datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
)

_SAMPLES: Final[dict[Kind, tuple[Any, ...]]] = {
    Kind.STRING: (
        "plain",
        "",
        "PLAIN",
        'O\'Neil said "100% _sure_"',
        "back\\slash and \\. and \\N",
        "two\nlines,\ttab;\rend\r\n",
        "Žluťoučký kůň 漢字 🐎",
        " padded ",
        "NULL",
        "0012",
        "1e5",
        "{x} [y] *",
    ),
    Kind.BOOLEAN: (True, False),
    Kind.INT64: (0, 7, -1, 2**31, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)),
    Kind.FLOAT64: (0.0, 0.1, -1.5, 1 / 3, 1e300, 5e-324),
    Kind.DATE: (date(2024, 2, 29), date(1969, 12, 31), date(1, 1, 1), date(9999, 12, 31)),
    Kind.TIME: (time(12, 30), time(0, 0), time(23, 59, 59, 999999)),
    Kind.INSTANT: tuple(moment.replace(tzinfo=UTC) for moment in _MOMENTS),
    Kind.LOCAL_DATETIME: _MOMENTS,
    Kind.GUID: tuple(str(UUID(int=n)) for n in (1, 0xABCDEF << 64, 2**128 - 1)),
    Kind.BINARY: (b"plain", b"", b"\x00\xff\\x00", bytes(range(256))),
    Kind.JSON: ('{"a": [1, 2.50, null], "ž": "\\"q\\""}', '"text"', "[]", "12.50"),
}

_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)

_BEGINNINGS: Final = ("k", "K/", "ž", "q'")
_KEYS: Final[dict[Kind, Callable[[int], Any]]] = {
    Kind.STRING: lambda n: _BEGINNINGS[n % 4] + str(n),
    Kind.GUID: lambda n: str(UUID(int=(n << 96) + 0xABC0 + n)),
    Kind.INT64: lambda n: n,
    Kind.DECIMAL: lambda n: Decimal(n),
    Kind.DATE: lambda n: _EPOCH.date() + timedelta(days=n),
    Kind.INSTANT: lambda n: _EPOCH + timedelta(microseconds=n),
}

_OPTIONS: Final[dict[Kind, Callable[[str], Any]]] = {
    Kind.INT64: int,
    Kind.BOOLEAN: lambda text: text == "true",
}


def samples_of(field: Field, subject: Subject) -> list[Any]:
    """Values that the field should keep exactly, without null."""
    if field.options:
        known = [_OPTIONS.get(field.kind, str)(option) for option in field.options]
        return [option for option in known if subject.holds(field, option)]
    some = _decimals(field) if field.kind is Kind.DECIMAL else _SAMPLES[field.kind]
    sized = [value for value in some if _fits_length(field, value)]
    return [value for value in sized if subject.holds(field, value)]


def records_for(subject: Subject, entity: Entity, count: int) -> list[Record]:
    """That many records; among them every sample of every field, if there are enough."""
    fields = filled(entity)
    columns = {
        field.name: [*samples_of(field, subject), *([None] if field.nullable else [])]
        for field in fields
        if field.name not in entity.key
    }
    return [
        {
            **key_for(entity, number),
            **{name: values[number % len(values)] for name, values in columns.items()},
        }
        for number in range(count)
    ]


def put_records(subject: Subject, entity: Entity, count: int = 30) -> list[Record]:
    """Put that many records into the system; these are they."""
    records = records_for(subject, entity, count)
    subject.put(entity.name, batch_of(entity, records))
    return records


def key_for(entity: Entity, number: int) -> Record:
    """The key of the record of that number: distinct, and the parts of a composite one repeat."""
    parts = len(entity.key)
    numbers = [number % 5 if part < parts - 1 else number for part in range(parts)]
    return {
        name: _KEYS[entity.field(name).kind](part + 1)
        for name, part in zip(entity.key, numbers, strict=True)
    }


def comparable(record: Record, entity: Entity) -> Record:
    """The record without its etag, and JSON as what it says instead of how it is written."""
    return {
        name: _meaning(value) if entity.field(name).kind is Kind.JSON else value
        for name, value in record.items()
        if name != ETAG
    }


def by_key(records: list[Record], entity: Entity) -> dict[tuple[Any, ...], Record]:
    """The records by their keys."""
    return {
        tuple(record[name] for name in entity.key): comparable(record, entity) for record in records
    }


def refused_value(entity: Entity) -> tuple[str, Any] | None:
    """A field and a value that the system has to refuse, if the schema tells of one."""
    for field in filled(entity):
        if field.name in entity.key:
            continue
        if field.kind is Kind.STRING and field.max_length and not field.options:
            return field.name, "x" * (field.max_length + 1)
        if not field.nullable:
            return field.name, None
    return None


def _decimals(field: Field) -> tuple[Decimal, ...]:
    kind: Any = arrow_type(field)
    digits = ((1,), (9,) * kind.precision)
    edges = [Decimal((sign, some, -kind.scale)) for some in digits for sign in (0, 1)]
    return (Decimal(0), Decimal(1), *edges)


def _fits_length(field: Field, value: Any) -> bool:
    return (
        field.max_length is None
        or not hasattr(value, "__len__")
        or (len(value) <= field.max_length)
    )


def _meaning(value: str | None) -> Any:
    return value if value is None else json.loads(value, parse_float=Decimal)


def keys_of(records: list[Record], entity: Entity) -> pa.RecordBatch:
    """The keys of the records, as `find` takes them."""
    return batch_of(entity, [{name: r[name] for name in entity.key} for r in records])
