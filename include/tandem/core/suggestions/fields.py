"""Whether an external and a local field may meet at all, and how well their values fit."""

from dataclasses import dataclass
from typing import Final

from tandem.core.fit import CONVERTIBLE
from tandem.core.suggestions.words import words_of
from tandem.model.integration import Constant, Direction
from tandem.model.schema import Entity, Field, Kind

_OTHER_KIND: Final = 0.85
_FROM_TEXT: Final = 0.6
"""Text that is to be a number or a date: whether it is one, only the records tell."""
_ONE_WAY: Final = 0.95
_MAY_BE_TOO_LONG: Final = 0.97
_GUID_TEXT: Final = 36
_MADE_FOR_GUIDS: Final = 0.98


@dataclass(frozen=True, slots=True)
class Fit:
    """How values fit; `factor` is 1 where every one does, 0 where the fields must not meet."""

    factor: float
    direction: Direction | None = None
    """Narrows the entity's direction, where the values fit one way only."""


_NONE: Final = Fit(0)


def fit_of(external: Field, local: Field, direction: Direction) -> Fit:
    """How well the values of two fields fit. Text never meets a unique identifier."""
    down = direction != "upload_only" and not local.read_only
    up = direction != "download_only" and not external.read_only
    down = down and _holds(local, external)
    back = up and (_holds(external, local) or (down and _keeps_guids(local, external)))
    if direction == "upload_only":
        return Fit(_factor(local, external)) if back else _NONE
    if not down:
        return _NONE
    factor = _factor(external, local)
    if up and not back:
        return Fit(factor * _ONE_WAY, "download_only")
    return Fit(factor)


def _holds(target: Field, source: Field) -> bool:
    if target.kind is Kind.GUID and source.kind is not Kind.GUID:
        return False
    if source.kind is Kind.GUID and (target.max_length or _GUID_TEXT) < _GUID_TEXT:
        return False
    return target.kind in CONVERTIBLE[source.kind]


def _keeps_guids(local: Field, external: Field) -> bool:
    """A text that is filled with guids gives guids back: databases without such a type do so."""
    return external.kind is Kind.GUID and local.kind is Kind.STRING


def _factor(source: Field, target: Field) -> float:
    factor = 1.0
    if _keeps_guids(target, source) and target.max_length == _GUID_TEXT:
        factor = _MADE_FOR_GUIDS
    elif source.kind is not target.kind:
        factor = _FROM_TEXT if source.kind is Kind.STRING else _OTHER_KIND
    elif target.max_length is not None and (source.max_length or 0) > target.max_length:
        factor = _MAY_BE_TOO_LONG
    return factor


def may_be_key(local: Entity, field: Field, direction: Direction) -> bool:
    """Whether a local field that is a part of the key, if it is one, may be given values."""
    able = local.capabilities
    chosen = able.client_keys or not able.creates
    return field.name not in local.key or direction == "upload_only" or chosen


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
        return 0.6 + 0.4 * self.matched / self.of


def options_of(external: Field, local: Field) -> Options | None:
    """The options of both fields that are the same but for spelling; None if one lists none."""
    if not _lists_values(external) or not _lists_values(local):
        return None
    here = _by_words(local.options)
    pairs = {
        theirs: here[words]
        for words, theirs in _by_words(external.options).items()
        if words in here
    }
    same = external.kind is local.kind and all(a == b for a, b in pairs.items())
    values = {_constant(external, a): _constant(local, b) for a, b in pairs.items()}
    return Options(None if same or not pairs else values, len(pairs), len(external.options))


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
        found.setdefault(words_of(option.replace("_x0020_", " ")), []).append(option)
    return {words: spelt[0] for words, spelt in found.items() if len(spelt) == 1 and words}


def _constant(field: Field, option: str) -> Constant:
    return int(option) if field.kind is Kind.INT64 else option
