"""What values mean that a service has in place of others: blanks for null, coded names of members.

Sources: Business Central's own metadata, whose members are XML names (`Sales_x0020_Order`), and
Microsoft Learn, "Using filter expressions in OData URIs".
"""

import re
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.odata.columns import from_texts
from tandem.connectors.odata.dialects.dialect import Dialect
from tandem.connectors.odata.literals import is_enumeration
from tandem.model.schema import Field, Kind

_CODED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NO_NAME: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|\W")
"""What such a name cannot have, and an underscore where it would begin a code. A digit may begin
it: API v2.0 has members named `0` to `14`.
"""
BLANK_MEMBER: Final = " "


def decoded(name: str) -> str:
    """A member's name as people read it: `Sales_x0020_Order` → `Sales Order`."""
    return _CODED.sub(lambda code: chr(int(code[1], 16)), name)


def coded(text: str) -> str:
    """The name of the member that reads so."""
    return _NO_NAME.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def is_coded(field: Field, spoken: Dialect) -> bool:
    """Whether the field's values are members whose names are coded."""
    return spoken.coded_members and field.kind is Kind.STRING and is_enumeration(field)


def blank_of(field: Field, spoken: Dialect) -> str | None:
    """The text that stands for null; None if there is none."""
    literal = spoken.blanks.get(field.kind)
    if literal is None or not is_coded(field, spoken):
        return literal and literal.strip("'")
    return BLANK_MEMBER


def as_spoken(field: Field, spoken: Dialect, *, is_key: bool) -> Field:
    """The field with members as people read them. Where blanks stand for null, null can be written
    to whatever has a blank, and to nothing else: the service fills what a new record leaves out.
    """
    if is_coded(field, spoken):
        options = tuple(filter(str.strip, map(decoded, field.options)))
        has_blank = len(options) < len(field.options) or not options
        field = field.model_copy(update={"options": options})
    else:
        has_blank = blank_of(field, spoken) is not None
    if not spoken.blanks or is_key:
        return field
    filled = field.nullable and not has_blank
    facets = {"nullable": field.nullable and has_blank, "defaulted": field.defaulted or filled}
    return field.model_copy(update=facets)


def wire_value(value: Any, field: Field, spoken: Dialect) -> Any:
    """The value as the service knows it, for literals."""
    return coded(value) if value is not None and is_coded(field, spoken) else value


def wire_values(values: pa.Array, field: Field, spoken: Dialect) -> pa.Array:
    """A column as the service knows it, with its blanks for null, where it has such."""
    blank = blank_of(field, spoken)
    if blank is not None:
        values = pc.fill_null(values, from_texts(pa.array([blank], pa.string()), field)[0])
    return _each_member(values, coded) if is_coded(field, spoken) else values


def meant(values: pa.Array, field: Field, spoken: Dialect, *, is_key: bool) -> pa.Array:
    """A column as it was read, in our words; of a key nothing is blank."""
    if is_coded(field, spoken):
        values = _each_member(values, decoded)
    return values if is_key else without_blanks(values, field, spoken)


def without_blanks(values: pa.Array, field: Field, spoken: Dialect) -> pa.Array:
    """The column with null where it is blank."""
    blank = blank_of(field, spoken)
    if blank is None:
        return values
    if is_coded(field, spoken):
        blanks = pc.equal(pc.utf8_trim_whitespace(values), "")
    else:
        least = from_texts(pa.array([blank], pa.string()), field)[0]
        # A zone may put the first moment of all into the year before.
        blanks = (pc.less_equal if field.kind is Kind.INSTANT else pc.equal)(values, least)
    if not pc.any(blanks).as_py():
        return values
    return pc.if_else(blanks, pa.scalar(None, values.type), values)


def _each_member(values: pa.Array, spelt: Callable[[str], str]) -> pa.Array:
    """Of many records few members: each is spelt once."""
    members = values.dictionary_encode()
    texts = pa.array([spelt(member) for member in members.dictionary.to_pylist()], pa.string())
    return texts.take(members.indices)
