"""Whether one name is another one, mistyped or cut short."""

from functools import lru_cache
from itertools import pairwise
from typing import Final

_SLIP: Final = 0.86
_CUT: Final = 0.8
_LEAST_CUT: Final = 0.6
"""Share of a word that its beginning has to be, to count as the word cut short."""
_SHORT_WORD: Final = 5
"""Letters of a word from which on one that was exchanged is a slip, and a beginning tells."""


def spelt_alike(one: str, other: str) -> float:
    """How sure it is that two words are spellings of one, 0 to 1; both in small letters."""
    if is_slip(one, other):
        return _SLIP
    short, long = sorted((one, other), key=len)
    cut = len(short) >= max(_SHORT_WORD, _LEAST_CUT * len(long)) and long.startswith(short)
    return _CUT if cut and short != long else 0.0


def is_slip(one: str, other: str) -> bool:
    """Whether one letter too many, too few or exchanged, or two that changed places, is all that
    two words differ in.
    """
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    _, mine, theirs, _ = apart(one, other)
    if len(mine) == len(theirs) == 2:
        return mine == theirs[::-1]
    long_enough = min(len(one), len(other)) >= (_SHORT_WORD if mine and theirs else 4)
    return len(mine) <= 1 and len(theirs) <= 1 and long_enough


def apart(one: str, other: str) -> tuple[str, str, str, str]:
    """How both begin, what each has in the middle, and how both end (as much as they can)."""
    most, end = min(len(one), len(other)), 0
    while end < most and one[-1 - end] == other[-1 - end]:
        end += 1
    begin = 0
    while begin < most - end and one[begin] == other[begin]:
        begin += 1
    middles = one[begin : len(one) - end], other[begin : len(other) - end]
    return one[:begin], *middles, one[len(one) - end :]


def letters_in_common(one: str, other: str) -> float:
    """The share of pairs of letters that two names have in common, 0 to 1 (Dice's coefficient):
    for ranking choices.
    """
    mine, theirs = _pairs(one), _pairs(other)
    return 2 * len(mine & theirs) / max(len(mine) + len(theirs), 1)


@lru_cache(maxsize=100_000)
def _pairs(name: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(name)))
