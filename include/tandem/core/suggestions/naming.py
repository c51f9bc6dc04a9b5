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
"""What the local field gets that says the thing itself."""

_CODES: Final = frozenset(("code", "no", "nr", "number", "id", "iso", "key"))
_NAMES: Final = frozenset(("name", "names"))
_SHARES: Final = frozenset(("percent", "percentage", "pct", "rate"))


@dataclass(frozen=True, slots=True)
class Naming:
    """A field's name without the word of its entity, and with it."""

    short: Named
    whole: Named
    """The same as `short` where the name has no word of its entity."""
    is_code: bool
    is_name: bool
    is_share: bool
    is_plain: bool
    """It says the thing itself: `state or province`, not `county`."""

    @property
    def field(self) -> Field:
        """The field that is so called."""
        return self.short.field


def naming(field: Field, entity: Words) -> Naming:
    """The words of a field; `entity` is the meaning of its entity's name."""
    short, whole = named(field, entity), named(field, ())
    words = frozenset(short.name.words)
    code, name = bool(words & _CODES), bool(words & _NAMES)
    return Naming(
        short,
        short if short == whole else whole,
        is_code=code and not name,
        is_name=name and not code,
        is_share=bool(words & _SHARES),
        is_plain=words.issuperset(short.name.meaning),
    )


def alike(one: Naming, other: Naming, *, same_entity: bool) -> Likeness:
    """How alike two fields are called.

    An account's number may leave its entity out. Where the entities differ, as far as we know, it
    is less sure that it may: an order's `orderNumber` is no `accountNumber`, and the
    `companyName` of a company is no name of a person.
    """
    if same_entity or (one.whole is one.short and other.whole is other.short):
        return _judged(likeness(one.short, other.short), one, other)
    told = likeness(one.whole, other.whole)
    ways = likeness(one.whole, other.short), likeness(one.short, other.whole)
    left_out = max(ways, key=lambda way: way.score)
    if left_out.score * _LEFT_OUT > told.score:
        told = Likeness(left_out.score * _LEFT_OUT, left_out.what, left_out.words)
    return _judged(told, one, other)


def _judged(like: Likeness, one: Naming, other: Naming) -> Likeness:
    """Less for what holds against it; a touch more for the plainest of several words."""
    if not like.score:
        return like
    if against := _opposition(one, other):
        return Likeness(like.score * _OPPOSED, f"{like.reason}, but {against}")
    if other.is_plain and like.score < _PLAIN:
        return Likeness(like.score + _PLAINEST, like.what, like.words)
    return like


def _opposition(one: Naming, other: Naming) -> str:
    """What keeps names of one meaning apart."""
    if (one.is_code and other.is_name) or (one.is_name and other.is_code):
        return "one is a code and one a name"
    return "only one is a percentage" if one.is_share is not other.is_share else ""
