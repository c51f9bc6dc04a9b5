"""What can be wrong with a mapping, where in the file, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from tandem.errors import one_of

Place = tuple[str | int, ...]
"""Keys and positions from the top of an integration file, such as
`("entities", 0, "fields", 3, "local")`. Positions count disabled entries too."""


class Severity(StrEnum):
    """What a problem does to the entity that has it, and to those that look it up."""

    ERROR = "error"
    """The entity is not synced until it is mended; other entities are."""
    WARNING = "warning"
    """It is synced, and some records may be rejected or values may not arrive."""
    NOTE = "note"
    """Good to know."""


class Remedy(StrEnum):
    """What the reader can do about a problem, so that programs can offer it."""

    CLEAN_UP = "clean up"
    """Remove what is gone from the mapping."""
    CHOOSE_ANOTHER = "choose another"
    PROVISION = "provision"
    """Let the missing local column or table be created."""
    EDIT = "edit"
    """Change the file as the text says."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of one entity mapping."""

    severity: Severity
    entity: str
    """External entity of the mapping."""
    place: Place
    code: str
    """What kind of problem it is, for programs: `external_field_missing`."""
    text: str
    """Names the thing and the cause, in a sentence."""
    remedy: Remedy
    advice: str = ""
    """What to do, in a sentence."""
    choices: tuple[str, ...] = ()
    """What could be chosen instead, the likeliest first."""

    def __str__(self) -> str:
        likely = [choice for choice in self.choices[:3] if repr(choice) not in self.advice]
        meant = f"Did you mean {one_of(likely)}?" if likely else ""
        return " ".join(part for part in (self.text, meant, self.advice) if part)
