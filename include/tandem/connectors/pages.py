"""From columns as a system gave them to a page: typed, with the records that do not fit aside."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Page, Unreadable
from tandem.core.fit import Fitted, fit
from tandem.core.ids import record_ids
from tandem.core.values import arrow_type
from tandem.model.schema import Entity, Field, Kind

RawColumn: TypeAlias = "pa.Array | Sequence[Any]"
"""Values as a system gave them: an Arrow column of texts, or Python's own values."""

_AS_THEY_ARE: Final[Mapping[Kind, frozenset[type]]] = {
    Kind.STRING: frozenset((str,)),
    Kind.JSON: frozenset((str,)),
    Kind.GUID: frozenset((str,)),
    Kind.BOOLEAN: frozenset((bool,)),
    Kind.INT64: frozenset((int,)),
    Kind.DECIMAL: frozenset((Decimal, int)),
    Kind.FLOAT64: frozenset((float, int)),
    Kind.DATE: frozenset((date,)),
    Kind.TIME: frozenset((time,)),
    Kind.INSTANT: frozenset((datetime,)),
    Kind.LOCAL_DATETIME: frozenset((datetime,)),
    Kind.BINARY: frozenset((bytes,)),
}
"""Types whose values Arrow takes without loss; it would cut 2.5 to 2 in a column of integers."""

_ZONED: Final = r"\d\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"


def page_of(columns: Mapping[str, RawColumn], entity: Entity, fields: Sequence[str]) -> Page:
    """The records of these columns with those fields, in that order.

    `columns` holds the entity's key too, which names the records that are unreadable.
    """
    fitted = {name: fitted_column(raw, entity.field(name)) for name, raw in columns.items()}
    problems: dict[int, str] = {}
    for column in fitted.values():
        problems = {**column.problems, **problems}
    arrays = [fitted[name].values for name in fields]
    records = pa.RecordBatch.from_arrays(arrays, names=list(fields))
    if not problems:
        return Page(records)
    bad = pa.array(sorted(problems))
    keys = pa.RecordBatch.from_pydict({name: fitted[name].values.take(bad) for name in entity.key})
    ids = record_ids(keys, entity.key).to_pylist() if entity.key else [None] * len(bad)
    unreadable = [
        _unreadable(columns, entity, row, known, problems[row])
        for row, known in zip(bad.to_pylist(), ids, strict=True)
    ]
    fits = pa.array([row not in problems for row in range(records.num_rows)])
    return Page(records.filter(fits), tuple(unreadable))


def fitted_column(raw: RawColumn, field: Field) -> Fitted:
    """The column in the type of the field's kind. Length and null are the system's own affair."""
    lenient = field.model_copy(update={"max_length": None, "nullable": True})
    if isinstance(raw, pa.Array):
        return _from_texts(_lower(raw, field), lenient)
    binary = field.kind is Kind.BINARY
    types = set(map(type, raw)) - {type(None)}
    if all((kind is bytes) == binary for kind in types):
        return _from_values(raw, types, lenient)
    misfits = {
        row: f"field {field.name!r}: {'not' if binary else 'binary, not'} {field.kind}"
        for row, value in enumerate(raw)
        if value is not None and isinstance(value, bytes) != binary
    }
    rest = [None if row in misfits else value for row, value in enumerate(raw)]
    fitted = fitted_column(rest, field)
    return Fitted(fitted.values, {**fitted.problems, **misfits})


def _from_values(values: Sequence[Any], types: set[type], field: Field) -> Fitted:
    if types <= _AS_THEY_ARE[field.kind]:
        try:
            return fit(_lower(pa.array(values, arrow_type(field)), field), field)
        except (pa.ArrowInvalid, OverflowError):
            pass  # some value is too large; as texts they are told apart
    return _from_texts(_lower(_texts(values, types), field), field)


def _texts(values: Sequence[Any], types: set[type]) -> pa.Array:
    """A text for each value, that reads as it does."""
    if types == {int}:
        try:
            return pa.array(values, pa.int64()).cast(pa.string())
        except OverflowError:
            pass
    texts = values if types <= {str} else [_text(value) for value in values]
    return pa.array(texts, pa.string())


def _lower(values: pa.Array, field: Field) -> pa.Array:
    return pc.utf8_lower(values) if field.kind is Kind.GUID else values


def _from_texts(texts: pa.Array, field: Field) -> Fitted:
    if field.kind is Kind.TIME:
        # Arrow reads times of day only as a part of a timestamp.
        days = pc.binary_join_element_wise("1970-01-01T", texts, "")
        moments = fit(days, field.model_copy(update={"kind": Kind.LOCAL_DATETIME}))
        return Fitted(moments.values.cast(arrow_type(field)), moments.problems)
    if field.kind is Kind.INSTANT:
        return _instants(texts, field)
    if field.kind is Kind.BINARY:
        return _binaries(texts, field)
    return fit(texts, field)


def _instants(texts: pa.Array, field: Field) -> Fitted:
    """Texts without a zone are in UTC; a system writes all of them in one way, as a rule."""
    for kind in (arrow_type(field), pa.timestamp("us")):
        try:
            return Fitted(texts.cast(kind).cast(arrow_type(field)))
        except pa.ArrowInvalid:
            continue
    zoned = pc.match_substring_regex(texts, _ZONED)
    timed = pc.match_substring(texts, ":")
    utc = pc.binary_join_element_wise(texts, pc.if_else(timed, "Z", "T00:00:00Z"), "")
    return fit(pc.if_else(zoned, texts, utc), field)


def _binaries(texts: pa.Array, field: Field) -> Fitted:
    r"""Hexadecimal texts, `\x0aff`; Arrow reads none."""
    values: list[bytes | None] = []
    problems: dict[int, str] = {}
    for row, text in enumerate(texts.to_pylist()):
        try:
            values.append(None if text is None else bytes.fromhex(text.removeprefix(r"\x")))
        except ValueError:
            values.append(None)
            problems[row] = f"field {field.name!r}: not hexadecimal"
    return Fitted(pa.array(values, pa.binary()), problems)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _unreadable(
    columns: Mapping[str, RawColumn], entity: Entity, row: int, known: str | None, reason: str
) -> Unreadable:
    record = {name: _shown(raw[row]) for name, raw in columns.items()}
    record_id = known or " ".join(str(record[name]) for name in entity.key)
    return Unreadable(record_id, reason, json.dumps(record, ensure_ascii=False))


def _shown(value: Any) -> Any:
    plain = value.as_py() if isinstance(value, pa.Scalar) else value
    if isinstance(plain, bytes):
        return plain.hex()
    return plain if isinstance(plain, bool | int | float) else _text(plain)
