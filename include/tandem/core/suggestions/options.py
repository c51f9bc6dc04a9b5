"""The values that two fields list, and which of them mean the same."""

import re
from dataclasses import dataclass
from typing import Final

from tandem.core.names.words import words_of
from tandem.model.integration import Constant
from tandem.model.schema import Field, Kind

_CODED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How Business Central spells what no name can hold: `_x0020_` is a space."""
_SOME_MATCH: Final = (0.4, 0.3)
"""What partners for none of the options leave of a score, and what more those for nearly all do:
never enough for a suggestion to be taken without a person."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the options of two fields have in common."""

    values: dict[Constant, Constant] | None
    """External option → local one; None where both sides spell them the same."""
    matched: int
    of: int

    @property
    def factor(self) -> float:
        """1 where every external option has its partner."""
        none, more = _SOME_MATCH
        return 1.0 if self.matched == self.of else none + more * self.matched / self.of


def options_of(external: Field, local: Field) -> Options | None:
    """The options of both fields that are the same but for spelling; None if one lists none.

    Numbers say nothing by themselves: where only some are on both sides, none is a partner.
    """
    if not _lists_values(external) or not _lists_values(local):
        return None
    here = _by_words(local.options)
    pairs = {
        theirs: here[words]
        for words, theirs in _by_words(external.options).items()
        if words in here
    }
    of = len(external.options)
    if len(pairs) < of and all(map(_is_number, pairs)):
        return Options(None, 0, of)
    same = external.kind is local.kind and all(a == b for a, b in pairs.items())
    values = {_constant(external, a): _constant(local, b) for a, b in pairs.items()}
    return Options(None if same else values, len(pairs), of)


def _lists_values(field: Field) -> bool:
    """Whether it lists its options as values of its kind."""
    if field.kind is Kind.INT64:
        return bool(field.options) and all(map(_is_number, field.options))
    return bool(field.options) and field.kind is Kind.STRING


def _is_number(option: str) -> bool:
    return option.removeprefix("-").isdecimal()


def _by_words(options: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    """Options by their words; those that cannot be told apart are left out."""
    found: dict[tuple[str, ...], list[str]] = {}
    for option in options:
        plain = _CODED.sub(lambda coded: chr(int(coded[1], 16)), option)
        words = (plain,) if _is_number(plain) else words_of(plain) or (plain.strip(),)
        found.setdefault(words, []).append(option)
    return {words: spelt[0] for words, spelt in found.items() if len(spelt) == 1}


def _constant(field: Field, option: str) -> Constant:
    return int(option) if field.kind is Kind.INT64 else option
