"""Which of some names resembles another one, the likeliest first."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

MOST_CHOICES: Final = 5


def by_likeness(name: str, known: Iterable[str], *, at_least: float = 0.0) -> tuple[str, ...]:
    """The known names, those that resemble the name most first; at most MOST_CHOICES."""
    scores = {other: _likeness(name, other) for other in known}
    good = [other for other, score in scores.items() if score >= at_least]
    return tuple(sorted(good, key=lambda other: (-scores[other], other))[:MOST_CHOICES])


def similar(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that may be what was meant by the name."""
    return by_likeness(name, known, at_least=0.6)


def _likeness(name: str, other: str) -> float:
    return SequenceMatcher(None, _bare(name), _bare(other)).ratio()


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
