"""Which fields order changes, as far as names tell."""

from collections.abc import Sequence
from typing import Final

from tandem.model.schema import Field, Kind

_COUNTERS: Final = ("version", "rowversion", "versionnumber")
_CHANGED: Final = (
    "modifiedat", "modifiedon", "updatedat", "updatedon", "changedat", "changedon",
    "lastmodified", "lastmodifiedat", "lastmodifiedon", "lastmodifieddatetime",
    "systemmodifiedat",
)  # fmt: skip


def version_fields(fields: Sequence[Field]) -> tuple[str, ...]:
    """Fields whose names say that they order changes: integers before timestamps."""
    plain = {field.name: field.name.lower().replace("_", "") for field in fields}
    counters = [f.name for f in fields if f.kind is Kind.INT64 and plain[f.name] in _COUNTERS]
    moments = [f.name for f in fields if f.kind is Kind.INSTANT and plain[f.name] in _CHANGED]
    return (*counters, *moments)
