"""The types that columns are declared with, and the kinds of value that they hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tandem.core.values import MAX_PRECISION
from tandem.model.schema import Field, Kind

_INTEGERS: Final = (
    "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "MEDIUMINT", "INT2", "INT4", "INT8",
    "UNSIGNED BIG INT", "SERIAL", "BIGSERIAL", "SMALLSERIAL",
)  # fmt: skip

COMMON: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(_INTEGERS, Kind.INT64),
    **dict.fromkeys(("BOOLEAN", "BOOL"), Kind.BOOLEAN),
    **dict.fromkeys(("NUMERIC", "DECIMAL"), Kind.DECIMAL),
    **dict.fromkeys(("REAL", "FLOAT", "DOUBLE", "DOUBLE PRECISION"), Kind.FLOAT64),
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIME", "TIME WITHOUT TIME ZONE"), Kind.TIME),
    **dict.fromkeys(("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"), Kind.INSTANT),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITHOUT TIME ZONE", "DATETIME"), Kind.LOCAL_DATETIME),
    **dict.fromkeys(("UUID", "UNIQUEIDENTIFIER"), Kind.GUID),
    **dict.fromkeys(("BYTEA", "BLOB", "BINARY", "VARBINARY"), Kind.BINARY),
    **dict.fromkeys(("JSON", "JSONB"), Kind.JSON),
}
"""Names of types in upper case and without their numbers → kinds. All others hold strings."""

_SIZED: Final = (Kind.STRING, Kind.BINARY)
_DECLARED: Final = re.compile(r"([^()]*)(?:\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\))?([^()]*)")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a declared type says: `NUMERIC(18, 2)` has the name NUMERIC, and 18 and 2."""

    name: str
    size: int | None = None
    scale: int | None = None


def parse_type(text: str) -> Declared:
    """Name and numbers of a type; `TIMESTAMP(3) WITH TIME ZONE` has a name of four words."""
    found = _DECLARED.match(text.upper().partition(" COLLATE")[0])
    if found is None:  # the pattern takes anything; for the type checker
        return Declared(text)
    head, size, scale, tail = found.groups()
    name = " ".join(f"{head} {tail}".split())
    return Declared(name, int(size) if size else None, int(scale) if scale else None)


def facets_of(text: str, kinds: Mapping[str, Kind]) -> dict[str, object]:
    """Kind, length, precision and scale of a declared type, as arguments of a Field."""
    declared = parse_type(text)
    kind = Kind.JSON if text.endswith("[]") else kinds.get(declared.name, Kind.STRING)
    facets: dict[str, object] = {"kind": kind, "type_name": text}
    if any(word in declared.name for word in ("CHAR", "TEXT", "BINARY")) and kind in _SIZED:
        facets["max_length"] = declared.size
    if kind is Kind.DECIMAL and declared.size is not None:
        facets |= _decimal_facets(declared.size, declared.scale or 0)
    return facets


def _decimal_facets(precision: int, scale: int) -> dict[str, object]:
    """A negative scale means zeros before the point; what no decimal of ours holds is unstated."""
    if scale < 0:
        precision, scale = precision - scale, 0
    if precision > MAX_PRECISION:
        return {}
    return {"precision": precision, "scale": scale}


def declaration(field: Field, names: Mapping[Kind, str]) -> str:
    """The type to declare a column with; `names` has a pattern for each kind with numbers."""
    pattern = names[field.kind]
    if field.kind is Kind.STRING and field.max_length:
        return f"VARCHAR({field.max_length})"
    if field.kind is Kind.DECIMAL and field.scale is not None:
        return f"{pattern}({field.precision or MAX_PRECISION}, {field.scale})"
    return pattern
