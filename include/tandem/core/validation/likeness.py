"""Which of some names resembles another one, the likeliest first."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

MOST_CHOICES: Final = 5

RELATED: Final = 0.45
"""From this likeness of 1 on, two names may mean the same thing."""

_MISTYPED: Final = 0.6
"""From this likeness on, one may be a slip of the pen for the other."""


def by_likeness(
    name: str, known: Iterable[str], *, or_to: str = "", at_least: float = 0.0
) -> tuple[str, ...]:
    """The known names, first those most like `name` (`or_to` another one); some of them only."""
    scores = {other: _likeness(other, name, or_to) for other in known}
    good = [other for other, score in scores.items() if score >= at_least]
    return tuple(sorted(good, key=lambda other: (-scores[other], other))[:MOST_CHOICES])


def similar(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that may be what was meant by the name."""
    return by_likeness(name, known, at_least=_MISTYPED)


def _likeness(other: str, *names: str) -> float:
    spelt = _bare(other)
    return max(SequenceMatcher(None, _bare(name), spelt).ratio() for name in names if name)


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
