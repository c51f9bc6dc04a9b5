"""Tasks that people clear, or that come late, decide nothing by what was read too early."""

from typing import Final

from tandem.errors import Stale
from tandem.sync.job import Job

READ_AGAIN: Final = "Clear the entity's extract task too, so that it is read again."


def refuse_stale(job: Job, entity: str, *known: str | None) -> None:
    """Raise Stale if another plan of the entity than these was begun last: records may have been
    written since they were read, by this run too.
    """
    refuse_ended(job)
    begun = job.state.last_plan(entity)
    if begun and begun.plan not in known:
        who = "This run" if begun.run_id == job.run_id else f"Run {begun.run_id}"
        raise Stale(
            f"{who} has synced {entity}, or begun to, since this was read.", remedy=READ_AGAIN
        )


def refuse_ended(job: Job) -> None:
    """Raise Stale if what the run staged is gone: first of all the schemas that it is pinned to."""
    _ = job.schemas
