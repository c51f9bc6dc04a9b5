"""Which fields order changes, as far as names tell."""

from collections.abc import Iterable
from typing import Final

from tandem.model.schema import Field, Kind

_COUNTERS: Final = (
    "versionnumber", "systemrowversion", "rowversionnumber", "sysrowversion", "rowversion",
)  # fmt: skip
_MOMENTS: Final = (
    "systemmodifiedat", "lastmodifieddatetime", "updatedat", "modifiedat", "modifiedon",
    "modifieddatetime", "lastmodifiedat", "lastmodifiedon", "lastmodified", "changedat",
    "changedon", "lastchangedat", "lastchangedatetime", "lastchangeddatetime", "updatedon",
    "lastupdated",
)  # fmt: skip
"""Names, the best first, lower case without underscores: Dataverse (versionnumber, modifiedon),
Business Central (systemRowVersion, lastModifiedDateTime, systemModifiedAt), SAP (modifiedAt,
changedAt, LastChangeDateTime) and what others commonly use. `version` is not among them: often it
counts the changes of each record by itself."""

_NUMBERS: Final = (Kind.INT64, Kind.DECIMAL)


def version_fields(fields: Iterable[Field]) -> tuple[str, ...]:
    """Fields whose names say that they order changes, the best first: numbers before timestamps."""
    known = [(field.name.lower().replace("_", ""), field) for field in fields]
    numbers = [(word, field) for word, field in known if field.kind in _NUMBERS]
    moments = [(word, field) for word, field in known if field.kind is Kind.INSTANT]
    return (*_named(numbers, _COUNTERS), *_named(moments, _MOMENTS))


def _named(known: list[tuple[str, Field]], words: tuple[str, ...]) -> list[str]:
    return [field.name for word in words for short, field in known if short == word]
