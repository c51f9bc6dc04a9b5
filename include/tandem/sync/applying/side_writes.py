"""Write the rows of a plan to one side, and tell of each what became of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ROW, Written
from tandem.core.ids import key_columns
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.errors import RetryLater
from tandem.model.schema import Entity
from tandem.sync import columns
from tandem.sync.job import Run

SideName = Literal["external", "local"]

_OPERATIONS: Final = ("create", "update", "delete")
_DOES: Final[Mapping[str, str]] = {"external": columns.TO_EXTERNAL, "local": columns.TO_LOCAL}
_VALUES: Final = {"external": columns.EXTERNAL, "local": columns.LOCAL}
_GIVEN: Final = {"external": columns.EXTERNAL_GIVEN, "local": columns.LOCAL_GIVEN}
_SEEN: Final = {"external": columns.EXTERNAL_SEEN, "local": columns.LOCAL_SEEN}
_ID: Final = {"external": columns.EXTERNAL_ID, "local": columns.LOCAL_ID}


@dataclass(slots=True)
class Outcome:
    """What became of the rows of a plan on one side."""

    done: Flags
    """Written, or nothing had to be written."""
    changed: Flags
    """The record was not what the plan saw."""
    unknown: Flags
    """Sent, and not answered."""
    rejected: dict[int, str] = field(default_factory=dict)
    answers: dict[int, pa.RecordBatch] = field(default_factory=dict)
    """Number of an operation → what the system made of its rows; ROW counts in the plan."""
    stopped_by: RetryLater | None = None


@dataclass(frozen=True)
class SideWriter:
    """Writes plans of one entity mapping to one side."""

    run: Run
    side: SideName
    entity: Entity
    """The entity of that side."""
    bound: BoundMapping

    def write(self, plan: pa.RecordBatch) -> Outcome:
        """Write what the plan says for this side, creations first and deletions last."""
        count = plan.num_rows
        nothing = np.zeros(count, np.bool_)
        outcome = Outcome(
            done=np.ones(count, np.bool_), changed=nothing.copy(), unknown=nothing.copy()
        )
        for operation in _OPERATIONS:
            mine = flags(pc.fill_null(pc.equal(plan.column(_DOES[self.side]), operation), False))
            rows = np.flatnonzero(mine)
            if not len(rows):
                continue
            if outcome.stopped_by:
                outcome.done[rows] = False
                continue
            part = plan.take(pa.array(rows))
            self._announce(part, operation)
            self._note(outcome, rows, self._call(part, operation), operation)
        return outcome

    def _announce(self, part: pa.RecordBatch, operation: str) -> None:
        """Note what is about to be sent, so that an answer that is lost leaves a trace."""
        rows = pa.table(
            {
                "operation": pa.repeat(operation, part.num_rows),
                "local_id": part.column(columns.LOCAL_ID),
                "external_id": part.column(columns.EXTERNAL_ID),
                "request": self._requests(part, operation),
            }
        )
        self.run.state.send(
            self.bound.mapping.external, self.side, self.run.run_id, self.run.now(), rows
        )

    def _requests(self, part: pa.RecordBatch, operation: str) -> pa.Array:
        """What is sent, for people: the fields given, as JSON."""
        if operation == "delete":
            return pa.nulls(part.num_rows, pa.string())
        values = columns.records_of(part, _VALUES[self.side]).to_pylist()
        given = columns.records_of(part, _GIVEN[self.side]).to_pylist()
        sent = (
            {n: v for n, v in row.items() if g[n]} for row, g in zip(values, given, strict=True)
        )
        return pa.array(
            [json.dumps(row, default=str, ensure_ascii=False) for row in sent], pa.string()
        )

    def _call(self, part: pa.RecordBatch, operation: str) -> Written:
        keys = key_columns(part.column(_ID[self.side]), self.entity)
        # Where nothing is uploaded, what others have written to the local side does not count; but
        # a person has approved the deletion of what they saw.
        counts = self.bound.is_uploaded or self.run.approvals is not None
        seen = columns.records_of(part, _SEEN[self.side]) if counts else None
        writer = self.run.writer(self.side)
        if operation == "delete":
            return writer.delete(self.entity, keys, seen=seen)
        values = columns.records_of(part, _VALUES[self.side])
        given = columns.records_of(part, _GIVEN[self.side])
        if operation == "create":
            records = _created(keys, values, given)
            return writer.create(self.entity, records, returning=self._returning)
        names = [name for name in values.schema.names if name not in self.entity.key]
        records = _beside(keys, values.select(names))
        return writer.update(
            self.entity,
            records,
            seen=seen,
            given=given.select(names),
            returning=self._returning,
        )

    @property
    def _returning(self) -> tuple[str, ...]:
        """All fields of the mapping: what a write changes besides is downloaded in the same run."""
        return self.bound.external_fields if self.side == "external" else ()

    def _note(
        self,
        outcome: Outcome,
        rows: "np.ndarray[tuple[int], np.dtype[np.intp]]",
        written: Written,
        operation: str,
    ) -> None:
        missing = () if operation == "delete" else written.missing
        for row, reason in written.rejected.items():
            outcome.rejected[int(rows[row])] = reason
        undone = [*written.rejected, *missing, *written.changed, *written.unsent, *written.unknown]
        outcome.done[rows[undone]] = False
        outcome.changed[rows[[*missing, *written.changed]]] = True
        outcome.unknown[rows[list(written.unknown)]] = True
        outcome.stopped_by = written.stopped_by
        if written.records is not None:
            places = pa.array(rows).take(written.records.column(ROW))
            names = [name for name in written.records.schema.names if name != ROW]
            answer = written.records.select(names).append_column(ROW, places)
            outcome.answers[len(outcome.answers)] = answer


def transactions_of(
    plan: pa.RecordBatch, side: str, outcome: Outcome, rows: Flags | None = None
) -> Iterator[tuple[str, pa.Table]]:
    """The transactions of a plan (of some of its rows) on one side, by status: processed, error.

    Those without an answer stay as they are: sent.
    """
    does = plan.column(_DOES[side])
    mine = flags(does.is_valid()) & ~outcome.unknown & (True if rows is None else rows)
    for status, chosen in (("processed", mine & outcome.done), ("error", mine & ~outcome.done)):
        at = pa.array(np.flatnonzero(chosen))
        reasons = [outcome.rejected.get(row) for row in at.to_pylist()]
        changed = outcome.changed[at]
        classes = [
            "record" if reason else "changed" if one else "unsent"
            for reason, one in zip(reasons, changed.tolist(), strict=True)
        ]
        if len(at):
            yield (
                status,
                pa.table(
                    {
                        "operation": does.take(at),
                        "local_id": plan.column(columns.LOCAL_ID).take(at),
                        "external_id": plan.column(columns.EXTERNAL_ID).take(at),
                        "error_class": pa.array(
                            [None if status == "processed" else c for c in classes], pa.string()
                        ),
                        "error": pa.array(reasons, pa.string()),
                    }
                ),
            )


def _created(keys: pa.RecordBatch, values: pa.RecordBatch, given: pa.RecordBatch) -> pa.RecordBatch:
    """Records to create: fields that are not given are null, keys are there where all are known."""
    sent = {
        name: pc.if_else(
            given.column(name), values.column(name), pa.scalar(None, values.column(name).type)
        )
        for name in values.schema.names
    }
    known = {
        name: keys.column(name) for name in keys.schema.names if keys.column(name).null_count == 0
    }
    return pa.RecordBatch.from_pydict(
        {**known, **{n: v for n, v in sent.items() if n not in known}}
    )


def _beside(keys: pa.RecordBatch, values: pa.RecordBatch) -> pa.RecordBatch:
    together: Mapping[str, pa.Array] = {
        **dict(zip(keys.schema.names, keys.columns, strict=True)),
        **dict(zip(values.schema.names, values.columns, strict=True)),
    }
    return pa.RecordBatch.from_pydict(together)
