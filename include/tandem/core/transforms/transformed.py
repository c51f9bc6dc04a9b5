"""What a transform makes of a column, and why some values have no result."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Transformed:
    """A column after a transform. The value of a row that has a problem is null."""

    values: pa.Array
    problems: dict[int, str] = field(default_factory=dict)
    """Row number → why its value cannot be transformed."""


def refused(values: pa.Array, bad: pa.Array, reason: str, shown: pa.Array) -> Transformed:
    """`values`, null where `bad`; the reason follows what `shown` has there."""
    bad = pc.fill_null(bad, fill_value=False)
    if not pc.any(bad).as_py():
        return Transformed(values)
    problems = {
        row: f"{quoted(shown[row])} {reason}" for row in pc.indices_nonzero(bad).to_pylist()
    }
    return Transformed(pc.if_else(bad, pa.scalar(None, values.type), values), problems)


def nulled(values: pa.Array, rows: Collection[int]) -> pa.Array:
    """The values, null in these rows."""
    if not rows:
        return values
    bad = np.zeros(len(values), np.bool_)
    bad[list(rows)] = True
    return pc.if_else(pa.array(bad), pa.scalar(None, values.type), values)


def quoted(value: pa.Scalar, limit: int = 40) -> str:
    """A value for people, shortened."""
    text = str(value.as_py())
    return f"'{text}'" if len(text) <= limit else f"'{text[: limit - 1]}…'"
