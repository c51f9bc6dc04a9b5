"""What a family of services makes of OData: of `$filter`, of values, and how much it takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final

from tandem.connectors.odata.literals import is_enumeration
from tandem.core.filters.conditions import RELATIVE
from tandem.model.schema import Field, Kind


class Reach(Enum):
    """What a service finds by a comparison, measured by what the comparison means."""

    EXACT = "the same records"
    WIDER = "at least these records"
    UNKNOWN = "other records, or an error"


class Form(StrEnum):
    """Kinds of field that services compare each in a way of its own."""

    TEXT = "text"
    MEMBER = "member of an enumeration"
    DURATION = "duration"
    NAME = "guid or boolean"
    NUMBER = "number"
    MOMENT = "date or time"
    BLOB = "binary"
    OTHER = "other"


_FORMS: Final = {
    Kind.STRING: Form.TEXT,
    Kind.GUID: Form.NAME,
    Kind.BOOLEAN: Form.NAME,
    Kind.INT64: Form.NUMBER,
    Kind.DECIMAL: Form.NUMBER,
    Kind.FLOAT64: Form.NUMBER,
    Kind.DATE: Form.MOMENT,
    Kind.TIME: Form.MOMENT,
    Kind.INSTANT: Form.MOMENT,
    Kind.BINARY: Form.BLOB,
}
_FORMS_BY_TYPE: Final = {
    "Edm.Duration": Form.DURATION,
    "Edm.Single": Form.OTHER,  # no literal equals a number that was rounded to 24 bits
}

FUNCTIONS: Final = {
    "contains": "contains",
    "begins_with": "startswith",
    "ends_with": "endswith",
}
"""Operator → the function that it is compiled to."""

NULL: Final = ("null", "not_null")
SAME: Final = ("eq", "in")
OTHER: Final = ("ne", "not_in")
ORDER: Final = ("gt", "ge", "lt", "le", "between")
PARTS: Final = tuple(FUNCTIONS)
WITHOUT: Final = tuple(f"not_{name}" for name in FUNCTIONS)


def each(reach: Reach, *operators: Iterable[str]) -> dict[str, Reach]:
    """The same reach for each of these operators."""
    return {name: reach for names in operators for name in names}


EXACT: Final = Reach.EXACT
WIDER: Final = Reach.WIDER
NAMES: Final = each(EXACT, NULL, SAME, OTHER)

AS_SPECIFIED: Final[Mapping[Form, Mapping[str, Reach]]] = {
    Form.TEXT: each(EXACT, NULL, SAME, OTHER, ORDER, PARTS, WITHOUT),
    Form.MEMBER: NAMES,  # ordered by number, not by name
    Form.DURATION: {**each(EXACT, NULL), **each(WIDER, SAME)},  # PT24H is P1D
    Form.NAME: NAMES,  # guids are ordered in more than one way
    Form.NUMBER: each(EXACT, NULL, SAME, OTHER, ORDER),
    Form.MOMENT: each(EXACT, NULL, SAME, OTHER, ORDER, RELATIVE),
    Form.BLOB: each(EXACT, NULL),
}
ALL: Final = frozenset(name for row in AS_SPECIFIED.values() for name in row)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family of services evaluates `$filter`, writes values, and how much it takes."""

    reach: Mapping[Form, Mapping[str, Reach]]
    """Form of the field → operator → what it finds; UNKNOWN where none is given."""
    navigation: frozenset[str] = ALL
    """Operators that it takes with a field of a lookup's target."""
    or_across_fields: bool = True
    """Whether the alternatives of an `or` may be about different fields."""
    patterns: str = ""
    """Characters with which a function may find less than the texts that hold them."""
    blanks: Mapping[Kind, str] = field(default_factory=lambda: MappingProxyType({}))
    """Literals of the values that stand for null, where the service has no null."""
    coded_members: bool = False
    """Whether members of enumerations travel as XML names (`_x0020_` is a space)."""
    quoted_guids: bool = False
    """Whether a key that is a guid stands in quotes in URLs."""
    target_type: str = ""
    """The annotation of a lookup's value that says of which type the record is that it means."""
    lookups_by_key: bool = False
    """Whether a lookup has its target's key as value, whatever property its constraint names."""
    page_size: int = 5_000
    """Records of a page that are asked for."""
    skips: bool = True
    """Whether it can be asked for the record at a place of a listing (`$skip`)."""
    steady_pages: bool = False
    """Whether all pages of a listing have to be asked for with the same size."""
    batch_size: int = 1_000
    """Requests of a `$batch`; 1: there is none."""
    json_batches: bool = True
    """Whether a `$batch` in JSON is worth asking for, before one in multipart."""
    batches_at_once: int = 4
    requests_at_once: int = 8
    """Requests that may be under way at the same time."""


def form_of(compared: Field) -> Form:
    """How services see the field."""
    if compared.kind is Kind.STRING and is_enumeration(compared):
        return Form.MEMBER
    return _FORMS_BY_TYPE.get(compared.type_name) or _FORMS.get(compared.kind, Form.OTHER)
