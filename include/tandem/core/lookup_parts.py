"""Fields that are parts of one lookup: merged as one value, for it refers to one record only.

A part is null where the lookup refers to another target. Merged by themselves, one side's new
target and the other's would be edits of two fields, of which each wins and one is lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np

from tandem.core.fields import BoundField
from tandem.core.merge import (
    Course,
    Edits,
    FieldPair,
    Flags,
    Merged,
    Terms,
    Ways,
    course_of,
    edits_of,
    flags,
    merge_field,
    outcome,
)
from tandem.model.integration import OnConflict


def fields_together(fields: Sequence[BoundField]) -> list[list[BoundField]]:
    """Each field alone, but those together that are parts of one lookup, of either side."""
    together: dict[tuple[str, str], list[BoundField]] = {}
    for field in fields:
        together.setdefault(_lookup_of(field) or ("", field.name), []).append(field)
    return list(together.values())


def policy_of(parts: Sequence[BoundField], default: OnConflict) -> OnConflict:
    """Their own policy, or their entity's, or `default`; where theirs differ, a person decides."""
    own = {part.mapping.on_conflict for part in parts if part.mapping.on_conflict}
    if len(own) > 1:
        return "review"
    return own.pop() if own else parts[0].on_conflict or default


def merge_parts(pairs: Sequence[FieldPair], terms: Sequence[Terms], ways: Ways) -> list[Merged]:
    """Decide the parts of one lookup, whose winners are the same: all go one way, or wait. One
    field is a whole.
    """
    if len(pairs) == 1:
        return [merge_field(pairs[0], terms[0], ways)]
    each = [edits_of(pair, own) for pair, own in zip(pairs, terms, strict=True)]
    whole = Edits(
        theirs=_any(edits.theirs for edits in each),
        ours=_any(edits.ours for edits in each),
        same=reduce(np.logical_and, (edits.same for edits in each)),
    )
    course = course_of(whole, terms[0].winners)
    waits = Ways(
        down=_any(
            pair.external_waits & own.downloads for pair, own in zip(pairs, terms, strict=True)
        ),
        up=_any(pair.local_waits & own.uploads for pair, own in zip(pairs, terms, strict=True)),
    )
    return [
        outcome(pair, _of(own, whole), _own(course, pair, edits, own), waits, ways)
        for pair, edits, own in zip(pairs, each, terms, strict=True)
    ]


def _of(own: Terms, whole: Edits) -> Edits:
    """The lookup's edits, as far as this part may travel."""
    return replace(whole, theirs=whole.theirs & own.downloads, ours=whole.ours & own.uploads)


def _own(course: Course, pair: FieldPair, edits: Edits, own: Terms) -> Course:
    """A part goes where the lookup does. One that still has a value beside another that was edited
    does not: it is what the edit replaces, of a side that keeps the parts as columns of their own.
    """
    theirs = edits.theirs | course.clashes | flags(pair.external.is_null())
    ours = edits.ours | course.clashes | flags(pair.local.is_null())
    return replace(
        course,
        clashes=course.clashes & ~edits.same,
        down=course.down & own.downloads & theirs,
        up=course.up & own.uploads & ours,
    )


def _lookup_of(field: BoundField) -> tuple[str, str] | None:
    """The side and the lookup that the field is a part of."""
    ends = [*field.externals, *(sending.external for sending in field.sendings)]
    external = next((end.part_of for end in ends if end.part_of), "")
    if external:
        return "external", external
    return ("local", field.local.part_of) if field.local and field.local.part_of else None


def _any(each: Iterable[Flags]) -> Flags:
    return reduce(np.logical_or, each)
