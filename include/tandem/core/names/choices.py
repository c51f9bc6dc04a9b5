"""Which of some names may be what another one was meant to be, the likeliest first."""

from collections.abc import Iterable
from typing import Final

from tandem.core.names.meaning import likeness_of_terms
from tandem.core.names.negation import are_opposite
from tandem.core.names.spelling import letters_in_common
from tandem.core.names.words import plain_name, term

MOST_CHOICES: Final = 5

RELATED: Final = 0.45
"""From this likeness of 1 on, two names may mean the same thing."""

_SIMILAR: Final = 0.6
"""From this likeness on, one may have been written for the other."""


def by_likeness(
    name: str, known: Iterable[str], *, or_to: str = "", at_least: float = 0.0
) -> tuple[str, ...]:
    """The known names, first those most like `name` (`or_to` another one); some of them only."""
    meant = [one for one in (name, or_to) if one]
    scores = {other: max(_likeness(one, other) for one in meant) for other in known}
    good = [other for other, score in scores.items() if score >= at_least]
    return tuple(sorted(good, key=lambda other: (-scores[other], other))[:MOST_CHOICES])


def similar(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that may be what was meant by the name."""
    return by_likeness(name, known, at_least=_SIMILAR)


def _likeness(name: str, other: str) -> float:
    """By letters or by meaning; what says the opposite is never meant."""
    if are_opposite(term(name), term(other)):
        return 0.0
    by_letters = letters_in_common(plain_name(name), plain_name(other))
    return max(by_letters, likeness_of_terms(term(name), term(other)).score)
