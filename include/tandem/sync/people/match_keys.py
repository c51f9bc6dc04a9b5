"""Match keys that do not tell records apart: counted on the records of both sides."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.mapping import BoundMapping, map_fields
from tandem.core.matching import key_texts
from tandem.core.repeats import repeated
from tandem.model.filters import Condition
from tandem.model.problems import Place, Problem, Remedy, Severity
from tandem.staging import BatchWriter, read_batches
from tandem.sync.job import Job
from tandem.sync.sides.held import Side
from tandem.sync.sides.reading import external_reading, local_reading

_EXAMPLES: Final = 3
_KEY: Final = "key"


@dataclass(frozen=True, slots=True)
class _Counted:
    """How far the match key tells the records of one side apart."""

    records: int
    blank: int
    """Records without a key."""
    values: int
    """Values that several records share."""
    sharing: int
    """Records that share their value with others."""
    examples: tuple[str, ...]


def ambiguous_match_keys(job: Job, bound: BoundMapping) -> Iterator[Problem]:
    """A warning for each side whose records the match key does not tell apart.

    The match fields of all records are read, as far as the filters let them through.
    """
    names = bound.match_fields
    if not names:
        return
    if not bound.spells_external_key(names):
        yield from _problems(job, bound, "external", names)
    if set(names) != set(bound.local.key):
        yield from _problems(job, bound, "local", names)


def _problems(
    job: Job, bound: BoundMapping, side: str, names: tuple[str, ...]
) -> Iterator[Problem]:
    counted = _counted(job, bound, side, names)
    entity = bound.external.name if side == "external" else bound.local.name
    place = _place(job, bound)
    key = ", ".join(bound.mapping.primary_key or names)
    if counted.values:
        yield Problem(
            Severity.WARNING,
            bound.mapping.external,
            place,
            "match_key_ambiguous",
            f"primary_key {key}: {counted.sharing:,} of {counted.records:,} records of {side} "
            f"entity {entity!r} share their value with others: {_examples(counted)}.",
            Remedy.CHOOSE_ANOTHER,
            "Which of them is the partner of a record cannot be told, so they are rejected: "
            "correct them, or choose fields that tell them apart.",
        )
    if counted.blank:
        yield Problem(
            Severity.WARNING,
            bound.mapping.external,
            place,
            "match_key_blank",
            f"primary_key {key}: {counted.blank:,} of {counted.records:,} records of {side} "
            f"entity {entity!r} have no value in it.",
            Remedy.CHOOSE_ANOTHER,
            "They find no partner: fill it in, or choose fields that are always filled.",
        )


def _place(job: Job, bound: BoundMapping) -> Place:
    at = job.integration.entities.index(bound.mapping)
    return ("entities", at, "primary_key" if bound.mapping.primary_key else "fields")


def _counted(job: Job, bound: BoundMapping, side: str, names: tuple[str, ...]) -> _Counted:
    """Keys are staged first: they are gone through several times, and read only once."""
    writer = BatchWriter(job.try_folder(bound.mapping.external, f"keys-{side}"))
    blank = 0
    for texts in _keys(job, bound, side, names):
        blank += texts.null_count
        writer.add(pa.RecordBatch.from_arrays([texts], names=[_KEY]))
        job.progress(bound.mapping.external, f"{side} keys", writer.rows_taken)
    paths = writer.written()
    found = repeated(lambda: (batch.column(_KEY) for batch in read_batches(paths)))
    values = pc.unique(found["text"])
    return _Counted(
        records=writer.rows,
        blank=blank,
        values=len(values),
        sharing=found.num_rows,
        examples=tuple(values.slice(0, _EXAMPLES).to_pylist()),
    )


def _keys(
    job: Job, bound: BoundMapping, side: str, names: tuple[str, ...]
) -> Iterator[pa.StringArray]:
    """The match keys of that side's records as texts that both sides can be compared by."""
    reading = external_reading(job, bound) if side == "external" else local_reading(job, bound)
    fields = _fields(bound, side, names)
    if not {*fields} <= reading.side.existing:
        return
    for page in _pages(reading.side, fields, reading.condition):
        columns = map_fields(bound, names, page) if side == "external" else _columns(page, names)
        yield key_texts(columns, names)


def _fields(bound: BoundMapping, side: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if side == "local":
        return names
    mapped = [field for field in bound.fields if field.name in names]
    own = [one.name for field in mapped for one in field.externals]
    also = [name for field in mapped for name in field.mapping.also_reads]
    return tuple(dict.fromkeys([*own, *also]))


def _pages(
    side: Side, fields: tuple[str, ...], condition: Condition | None
) -> Iterator[pa.RecordBatch]:
    query = replace(side.query(condition), fields=fields)
    for page in side.connector.read(query):
        yield page.records


def _columns(records: pa.RecordBatch, names: tuple[str, ...]) -> dict[str, pa.Array]:
    return {name: records.column(name) for name in names}


def _examples(counted: _Counted) -> str:
    """Some of the values, and how many more there are."""
    more = counted.values - len(counted.examples)
    shown = ", ".join(map(_shown, counted.examples))
    return f"{shown} and {more:,} more values" if more else shown


def _shown(text: str, limit: int = 40) -> str:
    parts = " + ".join(text.split("\x1f"))
    return repr(parts if len(parts) <= limit else f"{parts[: limit - 1]}…")
