"""Which edits can be made at once: each parse of a large file takes its time."""

from collections.abc import Collection, Iterator, Sequence

from tandem.model.edits import Edit, Insertion, Replacement
from tandem.model.problems import Place


def batches(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """The edits, in their order, in runs that are apart.

    The place of each is what it was before the run, and none is next to another or within it.
    """
    run: list[Edit] = []
    for edit in edits:
        if not all(_are_apart(earlier, edit) for earlier in run):
            yield run
            run = []
        run.append(edit)
    if run:
        yield run


def _are_apart(earlier: Edit, later: Edit) -> bool:
    one, other = _spot(earlier), _spot(later)
    depth = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if depth is None:
        return False
    moves, is_moving = _changes_length(earlier, depth), _changes_length(later, depth)
    before, behind = other[depth], one[depth]
    if isinstance(before, int) and isinstance(behind, int):
        return not moves or before < behind - is_moving
    return not (moves and is_moving)


def _spot(edit: Edit) -> Place:
    return (*edit.place, edit.at) if isinstance(edit, Insertion) else edit.place


def _changes_length(edit: Edit, depth: int) -> bool:
    """Whether the list or mapping at that depth gets or loses an item."""
    return len(_spot(edit)) == depth + 1 and not isinstance(edit, Replacement)


def apart(places: Sequence[Place]) -> list[Place]:
    """Of places to be removed, those that can go at once: no two are next to each other."""
    chosen: set[Place] = set()
    for place in places:
        last = place[-1]
        near = (last - 1, last + 1) if isinstance(last, int) else ()
        if not any((*place[:-1], at) in chosen for at in near):
            chosen.add(place)
    return [place for place in places if place in chosen]


def moved(place: Place, gone: Collection[Place]) -> Place:
    """Where a place is once others of the same text have been removed."""
    return tuple(
        part - _gone_before(place[:depth], part, gone) if isinstance(part, int) else part
        for depth, part in enumerate(place)
    )


def _gone_before(holder: Place, at: int, gone: Collection[Place]) -> int:
    return sum((*holder, index) in gone for index in range(at))
