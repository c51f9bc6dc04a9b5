"""What became of the rows of a plan of pairs, counted on both sides."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.merge import Flags, flags
from tandem.model.changes import Action, Counts
from tandem.sync import columns
from tandem.sync.applying.side_writes import Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of each row of a plan."""

    done: Flags
    """Both sides are as planned."""
    changed: Flags
    """The record was not what the plan saw."""
    failed: Flags
    """Rejected, by the plan or by a system."""


def counts_of(
    plan: pa.RecordBatch, sent: Outcome, written: Outcome, settled: Settled, *, last: bool
) -> tuple[Counts, Counts]:
    """What was written to the local side, and to the external one.

    What was not written counts on the side that it was read from.
    """
    of_local = flags(plan.column(columns.OF_LOCAL))
    conflicts = flags(pc.equal(plan.column(columns.ACTION), Action.CONFLICT.value))
    conflicts |= settled.changed & last
    failed = settled.failed & ~at_rows(plan, sent.rejected) & ~at_rows(plan, written.rejected)
    to_local, to_external = plan.column(columns.TO_LOCAL), plan.column(columns.TO_EXTERNAL)
    untouched = settled.done & flags(to_local.is_null()) & flags(to_external.is_null())
    left = ~(settled.done | settled.failed | settled.changed | conflicts)
    waits = settled.done & flags(plan.column(columns.WAITS))
    found = []
    for does, outcome, mine in ((to_local, written, ~of_local), (to_external, sent, of_local)):
        wrote = {
            op: int((flags(pc.fill_null(pc.equal(does, op), False)) & settled.done).sum())
            for op in ("create", "update", "delete")
        }
        found.append(
            Counts(
                created=wrote["create"],
                updated=wrote["update"],
                deleted=wrote["delete"],
                unchanged=int((untouched & mine).sum()),
                failed=int((failed & mine).sum()) + len(outcome.rejected),
                conflicts=int((conflicts & mine).sum()),
                deferred=int((waits & mine).sum()),
                superseded=int((left & mine).sum()),
            )
        )
    return found[0], found[1]


def at_rows(plan: pa.RecordBatch, rows: Mapping[int, object]) -> Flags:
    """The rows of a plan that are named."""
    found = np.zeros(plan.num_rows, np.bool_)
    found[list(rows)] = True
    return found
