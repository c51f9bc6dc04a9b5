"""Which of some names may be what another one was meant to be, the likeliest first."""

from collections.abc import Iterable
from typing import Final

from tandem.core.names.meaning import likeness_of_terms
from tandem.core.names.negation import are_opposite
from tandem.core.names.spelling import letters_in_common
from tandem.core.names.words import Term, term

MOST_CHOICES: Final = 5

RELATED: Final = 0.45
"""From this likeness of 1 on, two names may mean the same thing."""

_SIMILAR: Final = 0.6
"""From this likeness on, one may have been written for the other."""

_FAR: Final = 0.5
"""Below this likeness of their letters two names are no spellings of one."""


def by_likeness(
    name: str, known: Iterable[str], *, or_to: str = "", at_least: float = 0.0
) -> tuple[str, ...]:
    """The known names, first those most like `name` (`or_to` another one); some of them only."""
    meant = [term(one) for one in (name, or_to) if one]
    scores = {other: max(_likeness(one, term(other)) for one in meant) for other in known}
    good = [other for other, score in scores.items() if score >= at_least]
    return tuple(sorted(good, key=lambda other: (-scores[other], other))[:MOST_CHOICES])


def similar(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that may be what was meant by the name."""
    return by_likeness(name, known, at_least=_SIMILAR)


def _likeness(one: Term, other: Term) -> float:
    """By letters or by meaning; what says the opposite is never meant."""
    by_letters = letters_in_common(one.plain, other.plain)
    if by_letters < _FAR and one.core != other.core and one.meaning != other.meaning:
        return by_letters  # as most are: names of one meaning or spelling only are looked at closer
    by_meaning = likeness_of_terms(one, other).score
    return 0.0 if not by_meaning and are_opposite(one, other) else max(by_letters, by_meaning)
