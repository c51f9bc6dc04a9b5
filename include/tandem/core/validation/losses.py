"""What a field may hold that another one does not take, by kinds and facets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tandem.model.schema import Field, Kind


@dataclass(frozen=True, slots=True)
class Loss:
    """What may not fit."""

    what: str
    """In words: `longer texts`, `texts that are no date`."""
    compares: bool = False
    """Whether the words go on with `than`."""
    is_stated: bool = True
    """Both systems say so; otherwise one of them states no limit."""


def loss(source: Field, kind: Kind, target: Field) -> Loss | None:
    """What a value of that kind from `source` may be that `target` does not take."""
    if kind is Kind.STRING and target.kind not in (Kind.STRING, Kind.JSON):
        return Loss(f"texts that are no {target.kind}")
    if kind is not source.kind:
        return None  # what a transform makes of it has facets of its own
    if target.kind is Kind.STRING and kind in _LONGEST:
        too_long = target.max_length is not None and target.max_length < _LONGEST[kind]
        return Loss("longer values", compares=True) if too_long else None
    check = _LOSSES.get((kind, target.kind))
    return check(source, target) if check else None


def longest(field: Field) -> int | None:
    """How many characters its values take as text; None: any number."""
    return field.max_length if field.kind is Kind.STRING else _LONGEST.get(field.kind)


def _longer(source: Field, target: Field) -> Loss | None:
    if target.max_length is None:
        return None
    if source.max_length is None:
        return Loss("longer values", compares=True, is_stated=False)
    return Loss("longer values", compares=True) if source.max_length > target.max_length else None


def _finer_or_larger(source: Field, target: Field) -> Loss | None:
    if source.scale is not None and target.scale is not None and source.scale > target.scale:
        return Loss("more decimal places", compares=True)
    digits = _whole_digits(source), _whole_digits(target)
    if digits[0] is not None and digits[1] is not None and digits[0] > digits[1]:
        return Loss("larger numbers", compares=True)
    return None


def _too_large(_source: Field, target: Field) -> Loss | None:
    digits = _whole_digits(target)
    return Loss("larger numbers", compares=True) if digits is not None and digits < 10 else None


def _whole_digits(field: Field) -> int | None:
    return None if field.precision is None else field.precision - (field.scale or 0)


_LONGEST: Final[Mapping[Kind, int]] = {
    Kind.GUID: 36,
    Kind.BOOLEAN: 5,
    Kind.INT64: 20,
    Kind.DATE: 10,
    Kind.TIME: 8,
    Kind.INSTANT: 20,
    Kind.LOCAL_DATETIME: 19,
}
"""Kind → characters that its values take as text, fractions of a second left out."""

_LOSSES: Final[Mapping[tuple[Kind, Kind], Callable[[Field, Field], Loss | None]]] = {
    (Kind.STRING, Kind.STRING): _longer,
    (Kind.BINARY, Kind.BINARY): _longer,
    (Kind.DECIMAL, Kind.DECIMAL): _finer_or_larger,
    (Kind.INT64, Kind.DECIMAL): _too_large,
    (Kind.DECIMAL, Kind.INT64): lambda source, _: (
        None if source.scale == 0 else Loss("numbers that are not whole")
    ),
    (Kind.INT64, Kind.BOOLEAN): lambda *_: Loss("numbers other than 0 and 1"),
}
