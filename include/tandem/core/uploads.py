"""Local values in the external side's fields."""

from collections.abc import Mapping

import pyarrow as pa

from tandem.core.fields import BoundField, Sending
from tandem.core.fit import Fitted, fit
from tandem.core.ids import split_ids
from tandem.core.transforms.apply import Given, cut_values, transform, with_default
from tandem.core.transforms.options import mapped_options
from tandem.core.transforms.results import refuse_for_field
from tandem.model.integration import Constant, FieldMapping
from tandem.model.schema import Field
from tandem.model.transforms import UserTransforms

Columns = Mapping[str, pa.Array]
"""Local field → its values."""


def sent_values(
    field: BoundField, values: pa.Array, beside: Columns | None = None
) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """External field → the values to be written there, and why some cannot be.

    `values` are the local side's; of a lookup the texts of what the external side refers to.
    `beside` has the local fields of the same records, for what is made of several.
    """
    columns, problems = {}, dict[int, str]()
    if field.sends_itself:
        parts, problems = _own_parts(field, values)
        for external, part in zip(field.externals, parts, strict=True):
            fitted = fit(part, external)
            columns[external.name] = fitted.values
            problems = {**fitted.problems, **problems}
    for sending in () if field.made else field.sendings:
        given = {field.name: values, **(beside or {})}
        made = made_values(sending, given, field.functions, required=None)
        columns[sending.external.name] = made.values
        problems = {**made.problems, **problems}
    return columns, problems


def made_values(
    sending: Sending, columns: Columns, functions: UserTransforms, *, required: bool | None
) -> Fitted:
    """What is sent to the external field of this line, made of these local fields.

    `required` is as in `fit`.
    """
    line, given = sending.line, Given(columns, functions)
    done = transform(columns[sending.reads[0]], line.transform, given)
    values, problems = done.values, _named(sending, done.problems)
    if not line.values:
        refuse_for_field(values, line.transform, sending.external, functions)
    else:
        partners = _partners(line)
        values, unknown = mapped_options(values, line, partners, there_and_back=False)
        problems = {**_named(sending, unknown), **problems}
    if line.default is not None:
        values = with_default(values, line.default)
    fitted = fit(values, sending.external, required=required)
    return Fitted(fitted.values, {**fitted.problems, **problems})


def cut_when_sent(sending: Sending, columns: Columns, functions: UserTransforms) -> int:
    """How many values of these local records the line cuts."""
    own = columns[sending.reads[0]]
    return cut_values(own, sending.line.transform, Given(columns, functions))


def _own_parts(field: BoundField, values: pa.Array) -> tuple[list[pa.Array], dict[int, str]]:
    if field.reference:
        return split_ids(values, len(field.externals)), {}
    if not field.local or not field.mapping.values:
        return [values], {}
    line, partners = field.mapping, _partners(field.mapping)
    if line.unmapped == "default":  # that is what is written on download
        line = line.model_copy(update={"unmapped": "reject"})
    mapped, unknown = mapped_options(values, line, partners, there_and_back=field.downloads)
    return [mapped], {row: f"field {field.name!r}: {why}" for row, why in unknown.items()}


def _partners(line: FieldMapping) -> dict[Constant, Constant]:
    """Local option → external option; of several external ones the first."""
    return {local: external for external, local in reversed((line.values or {}).items())}


def _named(sending: Sending, problems: Mapping[int, str]) -> dict[int, str]:
    field: Field = sending.external
    return {row: f"field {field.name!r}: {why}" for row, why in problems.items()}
