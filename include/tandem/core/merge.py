"""Three-way, field by field: what each side changed against what both agreed on, and who gets it.

Pure, by whole columns. A field that only one side changed travels to the other; what both changed
alike has converged; what both changed differently follows the policy.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Flags = np.ndarray[Any, np.dtype[np.bool_]]
"""One boolean a record."""
Winners = np.ndarray[Any, np.dtype[np.int8]]
"""For each record who wins where both changed the same field: EXTERNAL, LOCAL or NOBODY."""

EXTERNAL: Final = 1
LOCAL: Final = -1
NOBODY: Final = 0


@dataclass(frozen=True, slots=True)
class FieldPair:
    """One field of some pairs: what each side holds, and the other's value in its own terms."""

    external: pa.Array
    """Text of what the external side refers to or, but for lookups, holds."""
    local: pa.Array
    from_external: pa.Array
    """Text of what the local side would hold if it had the external value."""
    from_local: pa.Array
    """Text of what the external side would hold if it had the local value."""
    external_waits: Flags
    """Whether the external value refers to a record that has no local partner yet."""
    local_waits: Flags
    external_base: pa.Array
    local_base: pa.Array


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one field of those pairs."""

    downloads: bool
    uploads: Flags
    """Whether the local value may be sent."""
    winners: Winners
    replaced: Flags
    """Where the external value replaces whatever the local side holds."""
    turns: bool = False
    """Whether a value may come back otherwise than it was sent. Then bases that differ say that
    the mapping makes something else of the external value than it did: nobody's edit, which the
    local side takes unless it was edited.
    """


@dataclass(frozen=True, slots=True)
class Ways:
    """Which ways records may travel in this run, one flag a record."""

    down: Flags
    up: Flags


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of one field of each pair."""

    to_local: Flags
    to_external: Flags
    clashes: Flags
    """Both sides changed it, differently."""
    undecided: Flags
    """Such a clash without a winner."""
    deferred: Flags
    """It would travel, but its partner is missing yet."""
    external_after: pa.Array
    """What the external side will hold as far as that is agreed on: an edit that did not travel
    keeps its base, so that it is an edit still."""
    local_after: pa.Array


@dataclass(frozen=True, slots=True)
class Edits:
    """What each side did to a field."""

    theirs: Flags
    ours: Flags
    same: Flags
    """Where both hold the same now."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where a value is to go, whether or not it can now."""

    clashes: Flags
    undecided: Flags
    down: Flags
    up: Flags


def merge_field(pair: FieldPair, terms: Terms, ways: Ways) -> Merged:
    """Decide one field of pairs; bases are null where there are none.

    A pair that meets for the first time has an empty base: what one side lacks it gets. So does
    a record that has no partner yet: its partner's values are null.
    """
    edits = edits_of(pair, terms)
    waits = Ways(down=pair.external_waits, up=pair.local_waits)
    return outcome(pair, edits, course_of(edits, terms.winners), waits, ways)


def edits_of(pair: FieldPair, terms: Terms) -> Edits:
    """What each side did to one field, as far as it may travel."""
    theirs = differs(pair.external, pair.external_base) | terms.replaced | _made_anew(pair, terms)
    theirs &= terms.downloads
    ours = differs(pair.local, pair.local_base) & terms.uploads & ~terms.replaced
    return Edits(theirs, ours, ~differs(pair.from_external, pair.local) & ~pair.external_waits)


def course_of(edits: Edits, winners: Winners) -> Course:
    """An edit travels; of two that differ the winner's."""
    clashes = edits.theirs & edits.ours & ~edits.same
    return Course(
        clashes=clashes,
        undecided=clashes & (winners == NOBODY),
        down=~edits.same & np.where(clashes, winners == EXTERNAL, edits.theirs),
        up=~edits.same & np.where(clashes, winners == LOCAL, edits.ours),
    )


def outcome(pair: FieldPair, edits: Edits, course: Course, waits: Ways, ways: Ways) -> Merged:
    """What becomes of a field on that course; `waits` says where it waits for a partner."""
    to_local = course.down & ~waits.down & ways.down
    to_external = course.up & ~waits.up & ways.up
    return Merged(
        to_local=to_local,
        to_external=to_external,
        clashes=course.clashes,
        undecided=course.undecided,
        deferred=(course.down & waits.down & ways.down) | (course.up & waits.up & ways.up),
        external_after=chosen(
            (to_external, pair.from_local),
            (edits.theirs & ~(edits.same | to_local), pair.external_base),
            otherwise=pair.external,
        ),
        local_after=chosen(
            (to_local, pair.from_external),
            (edits.ours & ~(edits.same | to_external), pair.local_base),
            otherwise=pair.local,
        ),
    )


def _made_anew(pair: FieldPair, terms: Terms) -> Flags:
    if not terms.turns:
        return np.zeros(len(pair.external), np.bool_)
    edited = differs(pair.local, pair.local_base)
    anew: Flags = differs(pair.external_base, pair.local_base) & ~edited
    return anew


def differs(one: pa.Array, other: pa.Array) -> Flags:
    """Where two columns of texts differ; null is a value of its own."""
    unequal = flags(pc.fill_null(pc.not_equal(one, other), False))
    missing: Flags = flags(one.is_null()) != flags(other.is_null())
    return np.logical_or(unequal, missing)


def flags(values: pa.Array) -> Flags:
    """A boolean column without nulls, as NumPy has it."""
    found: Flags = values.to_numpy(zero_copy_only=False)
    return found


def chosen(*choices: tuple[Flags, pa.Array], otherwise: pa.Array) -> pa.Array:
    """For each row the value of the first choice whose flag is set."""
    values = otherwise
    for flag, column in reversed(choices):
        if flag.any():
            values = pc.if_else(pa.array(flag), column, values)
    return values
