"""Columns of Dataverse's tables and the fields that are made of them."""

import re
from typing import Final

from tandem.model.schema import Field

_LOOKUP: Final = re.compile(r"_(.+)_value")
"""The property that has a lookup column's value (Microsoft Learn, "Lookup properties")."""


def column_of(field: Field) -> str:
    """The logical name of the column whose value, or a part of whose value, the field has."""
    name = field.part_of or field.name
    lookup = _LOOKUP.fullmatch(name)
    return lookup[1] if lookup else name
