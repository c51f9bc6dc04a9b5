"""What a plan comes to: the counts that its run would report."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.merge import Flags, flags
from tandem.model.changes import Action, Counts
from tandem.staging import read_batches
from tandem.sync import columns
from tandem.sync.applying.pair_counts import Settled, counts_of
from tandem.sync.applying.side_writes import Outcome
from tandem.sync.manifests import Planned


def unreadable(planned: Planned) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Side, and records of it that could not even be read: columns.UNREADABLE."""
    for side, read in (("external", planned.external), ("local", planned.local)):
        for batch in read_batches(read.unreadable_paths if read else ()):
            yield side, batch


def pair_paths(planned: Planned) -> list[str]:
    """The staged plans of pairs."""
    return [*_carried_out(planned), *planned.pairs.withheld_paths]


def _carried_out(planned: Planned) -> list[str]:
    pairs = planned.pairs
    return [*pairs.upload_paths, *pairs.paths, *pairs.delete_paths]


def counts_of_plan(planned: Planned) -> dict[str, Counts]:
    """What the run would count, if both systems take all that it writes."""
    found = {"download": planned.counts, "upload": planned.upload_counts}
    for batch in read_batches(planned.paths):
        found["download"] += _download_counts(batch)
    for batch in read_batches(_carried_out(planned)):
        down, up = _pair_counts(batch)
        found = {"download": found["download"] + down, "upload": found["upload"] + up}
    for side, rows in unreadable(planned):
        direction = "download" if side == "external" else "upload"
        found[direction] += Counts(failed=rows.num_rows)
    return found


def _download_counts(plan: pa.RecordBatch) -> Counts:
    does = Counter(plan.column(columns.ACTION).to_pylist())
    waits = np.zeros(plan.num_rows, np.bool_)
    for name in columns.deferred_fields(plan):
        waits |= flags(plan.column(columns.deferred_column(name)).is_valid())
    refused = flags(pc.equal(plan.column(columns.ACTION), Action.REJECT.value))
    return Counts(
        created=does[Action.CREATE.value],
        updated=does[Action.UPDATE.value] + does[Action.LINK.value],
        unchanged=does[Action.UNCHANGED.value],
        failed=does[Action.REJECT.value],
        deferred=int((waits & ~refused).sum()),
    )


def _pair_counts(plan: pa.RecordBatch) -> tuple[Counts, Counts]:
    nothing: Flags = np.zeros(plan.num_rows, np.bool_)
    all_well = Outcome(done=~nothing, changed=nothing, unknown=nothing)
    action = plan.column(columns.ACTION)
    refused = flags(pc.equal(action, Action.REJECT.value))
    conflicts = flags(pc.equal(action, Action.CONFLICT.value))
    settled = Settled(done=~refused & ~conflicts, changed=nothing, failed=refused)
    return counts_of(plan, all_well, all_well, settled, last=False)
