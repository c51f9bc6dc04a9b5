"""How alike two fields are called, with what words hold against it."""

from dataclasses import dataclass
from typing import Final

from tandem.core.names.meaning import Likeness, Named, likeness, named
from tandem.core.names.words import Words
from tandem.model.schema import Field

_OPPOSED: Final = 0.7
_LEFT_OUT: Final = 0.85
_PLAIN: Final = 0.95
_PLAINEST: Final = 0.004
"""What the local field gets that says the thing itself: `state or province`, not `county`."""

_CODES: Final = frozenset(("code", "no", "nr", "number", "id", "iso", "key"))
_NAMES: Final = frozenset(("name", "names"))
_SHARES: Final = frozenset(("percent", "percentage", "pct", "rate"))


@dataclass(frozen=True, slots=True)
class Naming:
    """A field's name without the word of its entity, and with it."""

    short: Named
    whole: Named

    @property
    def field(self) -> Field:
        """The field that is so called."""
        return self.short.field


def naming(field: Field, entity: Words) -> Naming:
    """The words of a field; `entity` is the meaning of its entity's name."""
    return Naming(named(field, entity), named(field, ()))


def alike(one: Naming, other: Naming, *, same_entity: bool) -> Likeness:
    """How alike two fields are called.

    An account's number may leave its entity out. Where the entities differ, as far as we know, it
    is less sure that it may: an order's `orderNumber` is no `accountNumber`, and the
    `companyName` of a company is no name of a person.
    """
    if same_entity:
        return _judged(likeness(one.short, other.short), one, other)
    told = likeness(one.whole, other.whole)
    ways = likeness(one.whole, other.short), likeness(one.short, other.whole)
    left_out = max(ways, key=lambda way: way.score)
    if left_out.score * _LEFT_OUT > told.score:
        told = Likeness(left_out.score * _LEFT_OUT, left_out.what, left_out.words)
    return _judged(told, one, other)


def _judged(like: Likeness, one: Naming, other: Naming) -> Likeness:
    """Less for what holds against it; a touch more for the plainest of several words."""
    if like.score and (against := _opposition(one, other)):
        return Likeness(like.score * _OPPOSED, f"{like.reason}, but {against}")
    name = other.short.name
    if like.score < _PLAIN and set(name.meaning) <= set(name.words):
        return Likeness(like.score + _PLAINEST, like.what, like.words)
    return like


def _opposition(one: Naming, other: Naming) -> str:
    """What keeps names of one meaning apart: a code is no name, and a part is no amount."""
    mine, theirs = frozenset(one.short.name.words), frozenset(other.short.name.words)
    for first, second in ((mine, theirs), (theirs, mine)):
        if first & _CODES and second & _NAMES and not (first & _NAMES or second & _CODES):
            return "one is a code and one a name"
        if first & _SHARES and not second & _SHARES:
            return "only one is a percentage"
    return ""
