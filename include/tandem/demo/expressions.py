"""$filter as a tree (OData URL Conventions 4.01, 5.1.1)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tandem.demo.model import Edm

COMPARISONS: Final = ("eq", "ne", "gt", "ge", "lt", "le")


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant as it is kept in the database; type None is null."""

    type: Edm | None
    value: str | int | Decimal | float | None


@dataclass(frozen=True, slots=True)
class EnumLiteral:
    """A member of an enumeration: `Namespace.Type'Member'`."""

    type: str
    member: str


@dataclass(frozen=True, slots=True)
class Path:
    """A property: `name`, `address/city`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """One of the COMPARISONS."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class In:
    """Equality to one of several."""

    left: "Expression"
    values: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Join:
    """`and` or `or` of two or more."""

    operator: str
    operands: tuple["Expression", ...]


Expression = Literal | EnumLiteral | Path | Call | Compare | In | Not | Join
