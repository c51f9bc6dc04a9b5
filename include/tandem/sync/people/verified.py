"""What a verification may find."""

from dataclasses import dataclass
from enum import StrEnum


class DifferenceKind(StrEnum):
    """Kinds of difference."""

    NOT_LINKED = "not linked"
    REJECTED = "rejected"
    GONE = "gone"
    LEFT_FILTER = "left the filter"
    UNREADABLE = "unreadable"
    EDITED = "edited"
    """One side is not what was agreed on: a later edit, or one that was lost."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One record, or pair of records, on which the sides do not agree."""

    kind: DifferenceKind
    side: str
    """The side that it was found on."""
    external_id: str | None
    local_id: str | None
    text: str
