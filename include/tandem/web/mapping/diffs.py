"""What changes in a file, line by line."""

from difflib import unified_diff
from typing import Final, Literal

from tandem.errors import printable
from tandem.web.answers import Shown

_KINDS: Final[dict[str, Literal["added", "removed", "place"]]] = {
    "+": "added",
    "-": "removed",
    "@": "place",
}


class Line(Shown):
    """One line of a unified diff."""

    kind: Literal["added", "removed", "place", "same"]
    text: str
    """With the sign that it begins with."""


def diff_lines(before: str, after: str) -> tuple[Line, ...]:
    """The lines that differ, and what is around them; none if nothing does."""
    found = unified_diff(before.splitlines(), after.splitlines(), lineterm="")
    lines = list(found)[2:]  # without the names of the files
    return tuple(Line(kind=_KINDS.get(line[:1], "same"), text=printable(line)) for line in lines)
