"""A replaced list or mapping as the few edits that make it the new one.

So that a line that is the same before and after stays as it was written, with its comment.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Final

from tandem.model.edits import Edit, Insertion, Removal, Replacement
from tandem.model.problems import Place

_MOST: Final = 40
"""With more edits than these, little would be left of the old text; each one costs time, too."""
_NOTHING: Final = object()


def details(place: Place, old: Any, new: Any) -> list[Edit]:
    """The edits that make `new` of `old`, but for the order of keys; [] where it is all new."""
    found = list(_differences(place, old, new))
    whole = any(edit.place == place and isinstance(edit, Replacement) for edit in found)
    return [] if whole or len(found) > _MOST else found


def _differences(place: Place, old: Any, new: Any) -> Iterator[Edit]:
    """From the end of lists, so that each place is one of what is there by then."""
    if type(old) is type(new) and repr(old) == repr(new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        yield from _of_mappings(place, old, new)
    elif isinstance(old, list) and isinstance(new, list) and old and new:
        yield from _of_lists(place, old, new)
    else:
        yield Replacement(place, new)


def _of_mappings(place: Place, old: dict[Any, Any], new: dict[Any, Any]) -> Iterator[Edit]:
    for key, value in new.items():
        if key in old:
            yield from _differences((*place, key), old[key], value)
        else:
            yield Insertion(place, key, value)
    for key in old.keys() - new.keys():
        yield Removal((*place, key))


def _of_lists(place: Place, old: list[Any], new: list[Any]) -> Iterator[Edit]:
    names = [*map(_name, old)], [*map(_name, new)]
    matched = SequenceMatcher(None, *names, autojunk=False)
    for _, first, last, begin, end in reversed(matched.get_opcodes()):
        pairs = zip_longest(old[first:last], new[begin:end], fillvalue=_NOTHING)
        for at, (was, becomes) in reversed(list(enumerate(pairs, first))):
            yield from _of_items(place, at, was, becomes, before=last)


def _name(item: Any) -> str:
    """What makes an item of a list the same one: all of it, or the first entry of a mapping."""
    return repr(next(iter(item.items()), None) if isinstance(item, dict) else item)


def _of_items(place: Place, at: int, was: Any, becomes: Any, *, before: int) -> Iterator[Edit]:
    """What one item of a list becomes; a new one without a partner is put before a position."""
    if was is _NOTHING:
        yield Insertion(place, before, becomes)
    elif becomes is _NOTHING:
        yield Removal((*place, at))
    elif _are_alike(was, becomes):
        yield from _differences((*place, at), was, becomes)
    else:
        yield Insertion(place, at, becomes)
        yield Removal((*place, at + 1))


def _are_alike(was: Any, becomes: Any) -> bool:
    """Whether one is the other, changed: the comment on it still fits."""
    if repr(was) == repr(becomes):
        return True
    if isinstance(was, dict) and isinstance(becomes, dict):
        return any(key in was and was[key] == value for key, value in becomes.items())
    return not isinstance(was, dict) and not isinstance(becomes, dict)
