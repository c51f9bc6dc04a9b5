"""What a function of the user gives is of a kind known only then: who cannot take it says so."""

from collections.abc import Collection, Sequence
from typing import Final

import pyarrow as pa

from tandem.core.fit import CONVERTIBLE
from tandem.core.transforms.kinds import takes
from tandem.errors import ConfigurationError, one_of
from tandem.model.schema import Field, Kind
from tandem.model.transforms import Step, TransformName, UserTransforms, name_of

_KINDS: Final = (
    (pa.types.is_string, Kind.STRING),
    (pa.types.is_binary, Kind.BINARY),
    (pa.types.is_boolean, Kind.BOOLEAN),
    (pa.types.is_integer, Kind.INT64),
    (pa.types.is_floating, Kind.FLOAT64),
    (pa.types.is_decimal, Kind.DECIMAL),
    (pa.types.is_date, Kind.DATE),
    (pa.types.is_time, Kind.TIME),
    (lambda kind: kind.tz is not None, Kind.INSTANT),
    (lambda _: True, Kind.LOCAL_DATETIME),
)


def refuse_for_step(
    values: pa.Array,
    before: Sequence[TransformName | Step],
    step: TransformName | Step,
    functions: UserTransforms,
) -> None:
    """ConfigurationError where the step cannot take what a function right before it has made."""
    _refuse(values, before, takes(step), f"transform {name_of(step)!r} takes", functions)


def refuse_for_field(
    values: pa.Array,
    steps: Sequence[TransformName | Step],
    target: Field,
    functions: UserTransforms,
) -> None:
    """ConfigurationError where what a function has made last cannot be kept in the field without
    loss: floats in decimals, instants in dates.
    """
    fitting = {kind for kind in Kind if target.kind in CONVERTIBLE[kind]}
    _refuse(values, steps, fitting, f"field {target.name!r} ({target.kind}) takes", functions)


def _refuse(
    values: pa.Array,
    steps: Sequence[TransformName | Step],
    fitting: Collection[Kind],
    taker: str,
    functions: UserTransforms,
) -> None:
    last = steps[-1] if steps else None
    name = last.custom if isinstance(last, Step) else None
    if name is None or values.null_count == len(values):
        return
    kind = next(kind for belongs, kind in _KINDS if belongs(values.type))
    if kind not in fitting:
        raise ConfigurationError(
            f"Function {name!r} of {functions[name].place} gives {kind}, and {taker} "
            f"{one_of(sorted(fitting))}.",
            remedy="Have it return another kind, or put a transform behind it that gives that.",
        )
