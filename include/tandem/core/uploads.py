"""Local values in the external side's fields."""

import pyarrow as pa

from tandem.core.fields import BoundField
from tandem.core.fit import fit
from tandem.core.ids import split_ids


def sent_values(field: BoundField, values: pa.Array) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """External field → the values to be written there, and why some cannot be.

    `values` are the local side's; of a lookup the texts of what the external side refers to.
    """
    problems: dict[int, str] = {}
    parts = [values]
    if field.reference:
        parts = split_ids(values, len(field.externals))
    elif field.mapping.values:
        # Loading pandas takes half a second: only who has options pays for it.
        from tandem.core.transforms import map_options

        partners = {local: external for external, local in reversed(field.mapping.values.items())}
        mapped, unknown = map_options(values, partners)
        problems = {row: f"field {field.name!r}: {why}" for row, why in unknown.items()}
        parts = [mapped]
    columns = {}
    for external, part in zip(field.externals, parts, strict=True):
        fitted = fit(part, external)
        columns[external.name] = fitted.values
        problems = {**fitted.problems, **problems}
    return columns, problems
