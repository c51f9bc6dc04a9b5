"""Names that say the opposite of each other: `isActive` and `isInactive`."""

from typing import Final

from tandem.core.names.spelling import apart
from tandem.core.names.words import Term

_BEFORE: Final = frozenset(
    ("in", "un", "non", "dis", "im", "ir", "il", "not", "no", "isnot", "donot", "dont", "without")
)
"""What stands before a word to negate it."""
_EXCHANGED: Final = frozenset(
    frozenset(pair)
    for pair in (("en", "dis"), ("in", "ex"), ("in", "out"), ("in", "de"), ("with", "without"))
)
"""`enabled` and `disabled`, `include` and `exclude`, `inbound` and `outbound`."""
_WORDS: Final = frozenset(("not", "non", "never", "without"))
_LEAST: Final = 3
"""Letters that have to follow for a beginning to be a negation."""


def are_opposite(one: Term, other: Term) -> bool:
    """Whether one of two names negates the other one, or one of its words."""
    if bool(_WORDS & {*one.words}) != bool(_WORDS & {*other.words}):
        return True
    _, mine, theirs, end = apart(one.plain.removeprefix("is"), other.plain.removeprefix("is"))
    if len(end) < _LEAST:
        return False
    if mine and theirs:
        return frozenset((mine, theirs)) in _EXCHANGED
    return (mine or theirs) in _BEFORE
