"""Field transformation: named transforms, option values and constants, by whole columns."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from tandem.core.values import canonical_text
from tandem.model.integration import Constant

TRANSFORMS: Final[Mapping[str, Callable[["pd.Series[str]"], "pd.Series[str]"]]] = {
    "trim": lambda texts: texts.str.strip(),
    "upper": lambda texts: texts.str.upper(),
    "lower": lambda texts: texts.str.lower(),
}
"""Transforms of text by the name that users write."""


def transform(values: pa.Array, names: Sequence[str]) -> pa.Array:
    """The text column after the named transforms, in their order. Nulls stay null."""
    series = _series(values)
    for name in names:
        series = TRANSFORMS[name](series)
    return pa.Array.from_pandas(series, type=pa.string())


def map_options(
    values: pa.Array, partners: Mapping[Constant, Constant]
) -> tuple[pa.Array, dict[int, str]]:
    """Each option value's partner as text, and the rows whose value has none.

    Options are compared as text, since systems disagree on whether they are numbers.
    """
    numerals = {_numeral(value): _option(partner) for value, partner in partners.items()}
    texts = numerals | {_option(value): _option(partner) for value, partner in partners.items()}
    options = _series(canonical_text(values))
    mapped = options.map(texts)
    unknown = options.notna() & ~options.isin(list(texts))
    problems = {
        row: f"option {options.iloc[row]!r} has no partner; add it to the field's values"
        for row in np.flatnonzero(unknown).tolist()
    }
    return pa.Array.from_pandas(mapped, type=pa.string()), problems


def _option(value: Constant) -> str:
    """As the user wrote it, which is how a field of texts may hold it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numeral(value: Constant) -> str:
    """As `canonical_text` writes it, where a field of numbers holds it."""
    text = _option(value)
    return text.rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in text else text


def _series(values: pa.Array) -> "pd.Series[Any]":
    return pd.Series(pd.arrays.ArrowExtensionArray(values))
