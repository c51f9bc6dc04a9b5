"""The values that two fields list, and which of them mean the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tandem.core.names.words import words_of
from tandem.model.integration import Constant
from tandem.model.schema import Field, Kind

Words = tuple[str, ...]

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
    of = len(external.options)
    by_number = not (external.option_labels and local.option_labels)
    pairs = _pairs(_by_label(external), _by_label(local))
    if not pairs and by_number:
        spelt = (_by_words(field, field.options) for field in (external, local))
        pairs = _pairs(*spelt)
    if len(pairs) < of and by_number and all(map(_is_number, pairs)):
        return Options(None, 0, of)
    same = external.kind is local.kind and all(a == b for a, b in pairs.items())
    values = {_constant(external, a): _constant(local, b) for a, b in pairs.items()}
    return Options(None if same else values, len(pairs), of)


def _pairs(theirs: dict[Words, str], ours: dict[Words, str]) -> dict[str, str]:
    """External option → the local one of the same words."""
    return {option: ours[words] for words, option in theirs.items() if words in ours}


def _by_label(field: Field) -> dict[Words, str]:
    """By what people call the options; by their spelling where nobody says."""
    return _by_words(field, field.option_labels or field.options)


def _lists_values(field: Field) -> bool:
    """Whether it lists its options as values of its kind."""
    if field.kind is Kind.INT64:
        return bool(field.options) and all(map(_is_number, field.options))
    return bool(field.options) and field.kind is Kind.STRING


def _is_number(option: str) -> bool:
    return option.removeprefix("-").isdecimal()


def _by_words(field: Field, texts: Sequence[str]) -> dict[Words, str]:
    """Options by the words of these texts, one for each; those that cannot be told apart are left
    out.
    """
    found: dict[Words, list[str]] = {}
    for option, text in zip(field.options, texts, strict=True):
        words = (text,) if _is_number(text) else words_of(text) or (text.strip(),)
        found.setdefault(words, []).append(option)
    return {words: spelt[0] for words, spelt in found.items() if len(spelt) == 1}


def _constant(field: Field, option: str) -> Constant:
    return int(option) if field.kind is Kind.INT64 else option
