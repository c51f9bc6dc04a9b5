"""Field transformation: named transforms and defaults, by whole columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.ids import id_text
from tandem.core.transforms import clock
from tandem.core.transforms import number as numbers
from tandem.core.transforms import text as texts
from tandem.core.transforms.options import option_text
from tandem.core.transforms.results import refuse_for_step
from tandem.core.transforms.transformed import Transformed, nulled
from tandem.model.integration import Constant
from tandem.model.transforms import Step, TransformName, UserTransforms, name_of

Steps = Sequence[TransformName | Step]


@dataclass(frozen=True, slots=True)
class Given:
    """What transforms can use beside the column itself."""

    beside: Mapping[str, pa.Array] = field(default_factory=dict)
    """Other fields of the same records, of the side that is read."""
    functions: UserTransforms = field(default_factory=dict)
    """The user's own transforms."""


_Function = Callable[[pa.Array, Any, Given], pa.Array | Transformed]

_FUNCTIONS: Final[Mapping[str, _Function]] = {
    "trim": lambda values, _, __: texts.trim(values),
    "upper": lambda values, _, __: texts.upper(values),
    "lower": lambda values, _, __: texts.lower(values),
    "guid": lambda values, _, __: texts.guid(values),
    "truncate": lambda values, length, _: texts.truncate(values, length),
    "split": lambda values, by, _: texts.split(values, by),
    "concat": lambda values, how, given: texts.concat(
        [values, *(given.beside[name] for name in how.fields)], how.separator
    ),
    "date": lambda values, where, _: clock.date_of(values, where),
    "time": lambda values, where, _: clock.time_of(values, where),
    "with_time": lambda values, how, given: clock.with_time(values, given.beside[how.field], how),
    "number": lambda values, how, _: numbers.number(values, how),
    "format_number": lambda values, how, _: numbers.format_number(values, how),
    "custom": lambda values, name, given: _custom(values, name, given),
}
"""Transforms by the name that users write: of the column and the argument."""


def transform(values: pa.Array, steps: Steps, given: Given | None = None) -> Transformed:
    """The column after these transforms, in their order; of several problems of a row the first.

    ConfigurationError where a function of the user's own fails, or gives what nobody can take.
    """
    problems: dict[int, str] = {}
    given = given or Given()
    for place, step in enumerate(steps):
        refuse_for_step(values, steps[:place], step, given.functions)
        argument = step.argument if isinstance(step, Step) else None
        done = _FUNCTIONS[name_of(step)](values, argument, given)
        found = done if isinstance(done, Transformed) else Transformed(done)
        values, problems = found.values, {**found.problems, **problems}
    # A later transform may have made something of the null.
    return Transformed(nulled(values, problems), problems)


def cut_values(values: pa.Array, steps: Steps, given: Given | None = None) -> int:
    """How many of these values the transforms cut."""
    count = 0
    for place, step in enumerate(steps):
        if isinstance(step, Step) and step.truncate:
            before = transform(values, steps[:place], given).values
            count += pc.sum(texts.is_cut(before, step.truncate)).as_py() or 0
    return count


def with_default(values: pa.Array, default: Constant) -> pa.Array:
    """The values, and the default in place of nulls; as text where its type is another."""
    if values.null_count == 0:
        return values
    text = option_text(default)
    # Arrow takes any number for a moment since 1970.
    given = text if pa.types.is_temporal(values.type) else default
    try:
        return pc.fill_null(values, pa.scalar(given).cast(values.type))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, OverflowError):
        return pc.fill_null(id_text(values), text)


def _custom(values: pa.Array, name: str, given: Given) -> Transformed:
    # Loading pandas takes half a second: only who has functions of his own pays for it.
    from tandem.core.transforms.user import custom

    return custom(values, name, given.functions)
