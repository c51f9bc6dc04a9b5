"""Lookups as they are written: of the parts of one, the one that refers to something.

How OData writes lookups at Resco is not documented. A public client of the service binds the
attribute to a URL (`primarycontactid@odata.bind`: `/contact(…)`); the data service takes
`contact:…`, which Resco's own documents describe. The first is tried first; where it is refused,
which writes nothing, the second.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.odata.body import Column
from tandem.model.schema import Field, Kind


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a lookup."""

    member: str
    """What its member is called, after its attribute."""
    before: str
    """What stands before the GUID; `{}` is the entity."""
    behind: str


BIND: Final = Form("@odata.bind", "/{}(", ")")
TYPED: Final = Form("", "{}:", "")


@dataclass(slots=True)
class Learnt:
    """Which form the service takes; belongs to one connector."""

    form: Form = BIND
    proven: bool = False


def as_sent(columns: Sequence[Column], form: Form) -> list[Column]:
    """The columns with lookups as texts of that form, the parts of one as one; and numbers as
    such.
    """
    groups: dict[str, list[Column]] = {}
    for column in columns:
        if is_reference(column.field):
            groups.setdefault(column.field.part_of or column.field.name, []).append(column)
    plain = [_with_plain_numbers(c) for c in columns if not is_reference(c.field)]
    return [*plain, *(_joined(name, group, form) for name, group in groups.items())]


def _with_plain_numbers(column: Column) -> Column:
    """Numbers as JSON numbers, digit by digit: that the service would take texts, as OData allows
    services to, nothing says.
    """
    if column.field.kind not in (Kind.INT64, Kind.DECIMAL):
        return column
    return replace(column, field=column.field.model_copy(update={"type_name": ""}))


def is_reference(field: Field) -> bool:
    """Whether the field is written as a reference to a record."""
    return field.by_navigation and bool(field.lookup)


def _joined(name: str, group: Sequence[Column], form: Form) -> Column:
    """One column for the lookup, which is given where one of its parts is."""
    given = [_given(column) for column in group]
    texts = [
        pc.if_else(mask, _texts(column, form), pa.scalar(None, pa.string()))
        for column, mask in zip(group, given, strict=True)
    ]
    field = Field(name=f"{name}{form.member}", kind=Kind.STRING, type_name="Edm.String")
    return Column(field, pc.coalesce(*texts), reduce(pc.or_, given))


def _given(column: Column) -> pa.Array:
    everywhere = pa.repeat(pa.scalar(True), len(column.values))
    return everywhere if column.given is None else column.given


def _texts(column: Column, form: Form) -> pa.Array:
    target = column.field.lookup[0]
    before = form.before.format(target.type or target.entity)
    return pc.binary_join_element_wise(before, column.values, form.behind, "")


def has_references(fields: Iterable[Field]) -> bool:
    """Whether any is written as a reference."""
    return any(map(is_reference, fields))
