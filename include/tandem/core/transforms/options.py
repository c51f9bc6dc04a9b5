"""Option values: each one's partner, and what becomes of those that have none."""

from collections.abc import Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.transforms.transformed import nulled, quoted
from tandem.core.values import canonical_text
from tandem.model.integration import Constant, FieldMapping

Options = Mapping[Constant, Constant]


def mapped_options(
    values: pa.Array, line: FieldMapping, partners: Options, *, there_and_back: bool
) -> tuple[pa.Array, dict[int, str]]:
    """Each option value's partner as text, and the rows whose value is refused, by the line's
    policy.

    A default is what is written in the direction in which the line travels alone, or on download:
    it never stands for an option that is sent back.
    """
    if line.unmapped == "keep":
        return kept_options(values, partners, there_and_back=there_and_back)
    if line.unmapped == "default" and line.default is not None:
        return defaulted_options(values, partners, line.default), {}
    return map_options(values, partners)


def map_options(values: pa.Array, partners: Options) -> tuple[pa.Array, dict[int, str]]:
    """Each option value's partner as text, and the rows whose value has none.

    Options are compared as text, since systems disagree on whether they are numbers.
    """
    mapped, unknown = _mapped(values, partners)
    options = canonical_text(values)
    return mapped, {
        row: f"option {quoted(options[row])} has no partner; add it to the field's values"
        for row in pc.indices_nonzero(unknown).to_pylist()
    }


def kept_options(
    values: pa.Array, partners: Options, *, there_and_back: bool
) -> tuple[pa.Array, dict[int, str]]:
    """As `map_options`, but a value without partner stays as it is.

    Where the field travels `there_and_back`, that cannot be one that is the partner of another:
    it would come back as that one.
    """
    mapped, unknown = _mapped(values, partners)
    options = canonical_text(values)
    kept = pc.if_else(unknown, options, mapped)
    taken = [*map(option_text, partners.values()), *map(_numeral, partners.values())]
    clash = pc.and_(unknown, pc.is_in(options, pa.array(taken, pa.string())))
    if not there_and_back or not pc.any(clash).as_py():
        return kept, {}
    problems = {
        row: f"option {quoted(options[row])} cannot be kept: it is the partner of another; add it "
        "to the field's values"
        for row in pc.indices_nonzero(clash).to_pylist()
    }
    return nulled(kept, problems), problems


def defaulted_options(values: pa.Array, partners: Options, default: Constant) -> pa.Array:
    """As `map_options`, but a value without partner becomes the default."""
    mapped, unknown = _mapped(values, partners)
    return pc.if_else(unknown, option_text(default), mapped)


def _mapped(values: pa.Array, partners: Options) -> tuple[pa.Array, pa.Array]:
    """Each value's partner, null where it has none; and where that is so."""
    numerals = {_numeral(value): option_text(partner) for value, partner in partners.items()}
    known = numerals | {
        option_text(value): option_text(partner) for value, partner in partners.items()
    }
    options = canonical_text(values)
    at = pc.index_in(options, value_set=pa.array(list(known), pa.string()))
    mapped = pa.array(list(known.values()), pa.string()).take(at)
    return mapped, pc.and_(options.is_valid(), at.is_null())


def option_text(value: Constant) -> str:
    """As the user wrote it, which is how a field of texts may hold it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numeral(value: Constant) -> str:
    """As `canonical_text` writes it, where a field of numbers holds it."""
    text = option_text(value)
    return text.rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in text else text
