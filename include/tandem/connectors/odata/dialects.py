"""What services make of `$filter`: which comparisons they evaluate as we mean them.

Sources: OData 4.01 URL Conventions, 5.1.1; Microsoft Learn, "Filter rows using OData" (Dataverse)
and "Using filter expressions in OData URIs" (Business Central).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final

from tandem.connectors.odata.literals import is_enumeration
from tandem.core.filters.conditions import POSITIVE, RELATIVE
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

_NULL: Final = ("null", "not_null")
_SAME: Final = ("eq", "in")
_OTHER: Final = ("ne", "not_in")
_ORDER: Final = ("gt", "ge", "lt", "le", "between")
_PARTS: Final = tuple(FUNCTIONS)
_WITHOUT: Final = tuple(f"not_{name}" for name in FUNCTIONS)


def _each(reach: Reach, *operators: Iterable[str]) -> dict[str, Reach]:
    return {name: reach for names in operators for name in names}


_EXACT: Final = Reach.EXACT
_WIDER: Final = Reach.WIDER
_NAMES: Final = _each(_EXACT, _NULL, _SAME, _OTHER)

_STANDARD: Final[Mapping[Form, Mapping[str, Reach]]] = {
    Form.TEXT: _each(_EXACT, _NULL, _SAME, _OTHER, _ORDER, _PARTS, _WITHOUT),
    Form.MEMBER: _NAMES,  # ordered by number, not by name
    Form.DURATION: {**_each(_EXACT, _NULL), **_each(_WIDER, _SAME)},  # PT24H is P1D
    Form.NAME: _NAMES,  # guids are ordered in more than one way
    Form.NUMBER: _each(_EXACT, _NULL, _SAME, _OTHER, _ORDER),
    Form.MOMENT: _each(_EXACT, _NULL, _SAME, _OTHER, _ORDER, RELATIVE),
    Form.BLOB: _each(_EXACT, _NULL),
}
_ALL: Final = frozenset(name for row in _STANDARD.values() for name in row)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family of services evaluates `$filter`."""

    reach: Mapping[Form, Mapping[str, Reach]]
    """Form of the field → operator → what it finds; UNKNOWN where none is given."""
    navigation: frozenset[str] = _ALL
    """Operators that it takes with a field of a lookup's target."""
    or_across_fields: bool = True
    """Whether the alternatives of an `or` may be about different fields."""
    patterns: str = ""
    """Characters with which a function may find less than the texts that hold them."""
    blanks: Mapping[Kind, str] = field(default_factory=lambda: MappingProxyType({}))
    """Literals of the values that stand for null, where the service has no null."""


STANDARD: Final = Dialect(_STANDARD)
"""Keeps to the specification; texts by code points."""

DATAVERSE: Final = Dialect(
    # Upper and lower case are one, and so are accents; nothing orders texts by code points.
    reach={**_STANDARD, Form.TEXT: {**_each(_EXACT, _NULL), **_each(_WIDER, _SAME, _PARTS)}},
    # What becomes of records without target is not documented.
    navigation=_ALL - POSITIVE.keys() - {"null"},
    # LIKE: % and _ only widen what is found, [ begins a set of characters.
    patterns="[",
)

BUSINESS_CENTRAL: Final = Dialect(
    # A blank value may stand for null: what it satisfies then is looked at here again.
    reach={
        Form.TEXT: _each(_WIDER, ["null"], _SAME, _PARTS),
        Form.MEMBER: _each(_EXACT, _SAME, _OTHER),
        Form.NAME: _each(_WIDER, ["null"], _SAME, _OTHER),
        Form.NUMBER: _each(_EXACT, _SAME, _OTHER, _ORDER),
        Form.MOMENT: _each(_WIDER, ["null"], _SAME, _OTHER, _ORDER, RELATIVE),
    },
    navigation=frozenset(),
    or_across_fields=False,
    patterns="*?@&|<>=()'\"",  # its own filter language
    blanks={
        Kind.STRING: "''",
        Kind.GUID: "00000000-0000-0000-0000-000000000000",
        Kind.DATE: "0001-01-01",
        Kind.INSTANT: "0001-01-01T00:00:00Z",
    },
)

_DIALECTS: Final = {"": STANDARD, "dataverse": DATAVERSE, "business_central": BUSINESS_CENTRAL}
_BY_NAMESPACE: Final = {
    "Microsoft.Dynamics.CRM": "dataverse",
    "Microsoft.NAV": "business_central",
    "NAV": "business_central",
}


def dialect_name(container: str) -> str:
    """The dialect of the service whose entity container has that full name; empty: standard."""
    return _BY_NAMESPACE.get(container.rpartition(".")[0], "")


def dialect(name: str) -> Dialect:
    """The dialect of that name."""
    return _DIALECTS.get(name, STANDARD)


def form_of(compared: Field) -> Form:
    """How services see the field."""
    if compared.kind is Kind.STRING and is_enumeration(compared):
        return Form.MEMBER
    return _FORMS_BY_TYPE.get(compared.type_name) or _FORMS.get(compared.kind, Form.OTHER)
