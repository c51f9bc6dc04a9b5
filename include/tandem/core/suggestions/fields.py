"""Whether an external and a local field may meet at all, and how well their values fit."""

from dataclasses import dataclass
from math import log2
from typing import Final

from tandem.core.fit import CONVERTIBLE
from tandem.model.integration import Direction
from tandem.model.schema import Entity, Field, Kind

_OTHER_KIND: Final = 0.85
_FROM_TEXT: Final = 0.6
"""Text that is to be a number or a date: whether it is one, only the records tell."""
_ONE_WAY: Final = 0.95
_LOST_DIGITS: Final = 0.7
"""Values that are too large or too fine for the other field: their records would be rejected."""
_SHORTER: Final = 0.97
_HALVED: Final = 0.05
"""What each halving of the length takes; `string(4000)` keeps little in `string(100)`."""
_LEAST_OF_SHORTER: Final = 0.4
_GUID_TEXT: Final = 36
_MADE_FOR_GUIDS: Final = 0.98


@dataclass(frozen=True, slots=True)
class Fit:
    """How values fit; `factor` is 1 where every one does, 0 where the fields must not meet."""

    factor: float
    direction: Direction | None = None
    """Narrows the entity's direction, where the values fit one way only."""
    is_narrow: bool = False
    """Whether one field is known to have values for which the other has no room."""


_NONE: Final = Fit(0)


def fit_of(external: Field, local: Field, direction: Direction) -> Fit:
    """How well the values of two fields fit. Text never meets a unique identifier."""
    down = direction != "upload_only" and not local.read_only
    up = direction != "download_only" and not external.read_only
    down = down and _holds(local, external)
    back = up and (_holds(external, local) or (down and _keeps_guids(local, external)))
    if direction == "upload_only":
        return _fit(_conversion(local, external), _narrowing(local, external)) if back else _NONE
    if not down:
        return _NONE
    conversion, narrowing = _conversion(external, local), _narrowing(external, local)
    if up and not back:
        return _fit(conversion * _ONE_WAY, narrowing, "download_only")
    return _fit(conversion, min(narrowing, _narrowing(local, external) if up else 1.0))


def _fit(conversion: float, narrowing: float, direction: Direction | None = None) -> Fit:
    return Fit(conversion * narrowing, direction, is_narrow=narrowing < 1)


def _holds(target: Field, source: Field) -> bool:
    if target.kind is Kind.GUID and source.kind is not Kind.GUID:
        return False
    if source.kind is Kind.GUID and (target.max_length or _GUID_TEXT) < _GUID_TEXT:
        return False
    return target.kind in CONVERTIBLE[source.kind]


def _keeps_guids(local: Field, external: Field) -> bool:
    """A text that is filled with guids gives guids back: databases without such a type do so."""
    return external.kind is Kind.GUID and local.kind is Kind.STRING


def _conversion(source: Field, target: Field) -> float:
    if _keeps_guids(target, source) and target.max_length == _GUID_TEXT:
        return _MADE_FOR_GUIDS
    if source.kind is target.kind:
        return 1.0
    return _FROM_TEXT if source.kind is Kind.STRING else _OTHER_KIND


def _narrowing(source: Field, target: Field) -> float:
    """1 unless the source is known to have values for which the target has no room."""
    if source.kind is target.kind and target.max_length and source.max_length:
        return _by_length(source.max_length, target.max_length)
    return _LOST_DIGITS if _loses_digits(source, target) else 1.0


def _by_length(source: int, target: int) -> float:
    if source <= target:
        return 1.0
    return max(_LEAST_OF_SHORTER, _SHORTER - _HALVED * log2(source / target))


def _loses_digits(source: Field, target: Field) -> bool:
    if source.kind is Kind.INT64:
        return target.kind is Kind.BOOLEAN
    if source.kind is not Kind.DECIMAL:
        return False
    if target.kind is Kind.INT64 or target.scale == 0:
        return source.scale != 0 or _has_fewer(_whole_digits(source), _whole_digits(target))
    finer = target.kind is Kind.DECIMAL and _has_fewer(source.scale, target.scale)
    return finer or _has_fewer(_whole_digits(source), _whole_digits(target))


def _has_fewer(source: int | None, target: int | None) -> bool:
    return source is not None and target is not None and target < source


def _whole_digits(field: Field) -> int | None:
    if field.precision is None or field.scale is None:
        return None
    return field.precision - field.scale


def may_be_key(local: Entity, field: Field, direction: Direction) -> bool:
    """Whether a local field that is a part of the key, if it is one, may be given values."""
    able = local.capabilities
    chosen = able.client_keys or not able.creates
    return field.name not in local.key or direction == "upload_only" or chosen
