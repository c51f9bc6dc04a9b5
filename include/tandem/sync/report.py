"""What became of a run, from the log: one result line an entity, and one for all."""

from collections.abc import Sequence
from typing import Literal

from tandem.model.changes import Counts, results_line
from tandem.model.schema import Model
from tandem.state.store import LogEntry
from tandem.sync.job import Job

Status = Literal["success", "partial", "failed"]


class EntityReport(Model):
    """What became of one entity."""

    entity: str
    status: str
    mode: str
    counts: Counts
    message: str = ""
    seconds: float | None = None

    @property
    def line(self) -> str:
        """The result line, or what stopped the entity."""
        if self.status in ("success", "partial"):
            return results_line(self.counts)
        return self.message or f"{self.status}: nothing was loaded"


class RunReport(Model):
    """What became of a run."""

    integration: str
    run_id: str
    status: Status
    entities: tuple[EntityReport, ...]
    completed_lookups: int = 0
    may_pass: bool = False
    """Whether all that failed may succeed if it is only tried again."""

    @property
    def counts(self) -> Counts:
        """All entities together."""
        return sum((entity.counts for entity in self.entities), Counts())

    @property
    def results(self) -> str:
        """The result line of the whole run."""
        return results_line(self.counts)


def report(job: Job, *, completed_lookups: int = 0) -> RunReport:
    """What the log says about this run; an entity that is not in it did not start."""
    entries = {e.entity: e for e in job.state.log_entries(run_id=job.run_id, limit=10_000)}
    entities = tuple(_entity(m.external, entries.get(m.external)) for m in job.mappings)
    return RunReport(
        integration=job.integration.name,
        run_id=job.run_id,
        status=_status(entities),
        entities=entities,
        completed_lookups=completed_lookups,
    )


def _entity(name: str, entry: LogEntry | None) -> EntityReport:
    if entry is None:
        return EntityReport(entity=name, status="skipped", mode="", counts=Counts())
    seconds = (entry.finished_at - entry.started_at).total_seconds() if entry.finished_at else None
    return EntityReport(
        entity=name,
        status=entry.status if entry.finished_at else "failed",
        mode=entry.mode,
        counts=entry.counts,
        message=entry.message,
        seconds=seconds,
    )


def _status(entities: Sequence[EntityReport]) -> Status:
    found = {entity.status for entity in entities}
    if found <= {"success"}:
        return "success"
    return "failed" if found & {"failed", "skipped"} else "partial"
