"""From what on a run that left something undone counts as failed: `fail_above`."""

from tandem.model.alerts import FailAbove
from tandem.model.changes import Counts


def exceeded(limits: FailAbove | None, counts: Counts) -> tuple[str, ...]:
    """A sentence for each limit that these counts of a whole run are above."""
    if limits is None:
        return ()
    found = []
    if limits.rejected is not None and counts.failed > limits.rejected:
        found.append(
            f"{counts.failed:,} records were rejected: fail_above.rejected is {limits.rejected:,}."
        )
    percent = limits.rejected_percent
    if percent is not None and counts.failed * 100 > percent * counts.all:
        share = f"{counts.failed * 100 / counts.all:.1f} %"
        found.append(
            f"{share} of the records ({counts.failed:,} of {counts.all:,}) were rejected: "
            f"fail_above.rejected_percent is {percent:f}."
        )
    if limits.conflicts is not None and counts.conflicts > limits.conflicts:
        found.append(
            f"{counts.conflicts:,} records are in conflict: "
            f"fail_above.conflicts is {limits.conflicts:,}."
        )
    return tuple(found)
