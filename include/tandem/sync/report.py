"""What became of a run, from the log: one result line an entity, and one for all."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from tandem.core.order import waits_for
from tandem.model.changes import Counts, results_line
from tandem.model.integration import EntityMapping
from tandem.model.schema import Model
from tandem.state.store import LogEntry
from tandem.sync.job import Job
from tandem.sync.thresholds import exceeded

Status = Literal["success", "partial", "failed"]

LOADED: Final = frozenset(("success", "partial"))
"""How an entity ended that was loaded, wholly or in part."""


class EntityReport(Model):
    """What became of one entity in one direction."""

    entity: str
    direction: str = "download"
    status: str
    mode: str
    counts: Counts
    message: str = ""
    seconds: float | None = None

    @property
    def result(self) -> str:
        """The result line; empty if nothing was loaded."""
        if self.status not in LOADED:
            return ""
        return results_line(self.counts, CREATED_WORDS[self.direction])

    @property
    def line(self) -> str:
        """The result line, or what stopped the entity; then what a person has to know."""
        nothing = "" if self.result or self.message else f"{self.status}: nothing was loaded"
        return ". ".join(part for part in (self.result, f"{self.message}{nothing}") if part)


CREATED_WORDS: Final = {"download": "IMPORTED", "upload": "EXPORTED"}
"""Direction → what the result line calls records that were created."""


class RunReport(Model):
    """What became of a run."""

    integration: str
    run_id: str
    status: Status
    entities: tuple[EntityReport, ...]
    completed_lookups: int = 0
    exceeded: tuple[str, ...] = ()
    """A sentence for each limit of `fail_above` that the run is above: it counts as failed."""
    may_pass: bool = False
    """Whether all that failed may succeed if it is only tried again."""

    @property
    def counts(self) -> Counts:
        """All entities together, in both directions."""
        return self.counts_of("download") + self.counts_of("upload")

    def counts_of(self, direction: str) -> Counts:
        """All entities together in that direction."""
        counts = (entity.counts for entity in self.entities if entity.direction == direction)
        return sum(counts, Counts())

    @property
    def results(self) -> str:
        """The result line of the whole run: one for each direction that it went."""
        went = {entity.direction for entity in self.entities} or {"download"}
        return "\n".join(
            results_line(self.counts_of(direction), word)
            for direction, word in CREATED_WORDS.items()
            if direction in went
        )


def status_of(counts: Counts, *, withheld: bool = False) -> str:
    """Whether all went well: `partial` where something waits for a cause, or for a person.

    `withheld`: deletions wait for approval.
    """
    return "partial" if counts.failed or counts.conflicts or withheld else "success"


def report(job: Job, *, completed_lookups: int = 0) -> RunReport:
    """What the log says about this run; an entity that is not in it did not start."""
    logged = job.state.log_entries(run_id=job.run_id, limit=10_000)
    entries = {(entry.entity, entry.direction): entry for entry in logged}
    entities = tuple(
        _entity(
            mapping.external,
            direction,
            entries.get((mapping.external, direction)),
            unfinished=_unfinished(job, mapping, entries),
        )
        for mapping in job.mappings
        for direction in job.directions(mapping)
    )
    result = RunReport(
        integration=job.integration.name,
        run_id=job.run_id,
        status=_status(entities),
        entities=entities,
        completed_lookups=completed_lookups,
    )
    above = exceeded(job.integration.fail_above, result.counts)
    return result.model_copy(update={"exceeded": above})


def report_of(integration: str, run_id: str, entries: Sequence[LogEntry]) -> RunReport:
    """What these entries of the log say about a run: only entities that began are in it."""
    entities = tuple(_entity(entry.entity, entry.direction, entry) for entry in entries)
    status = _status(entities)
    return RunReport(integration=integration, run_id=run_id, status=status, entities=entities)


def _unfinished(
    job: Job, mapping: EntityMapping, entries: Mapping[tuple[str, str], LogEntry]
) -> list[str]:
    """The entities of the run that this one waits for, and that came to nothing."""
    needed = waits_for(job.integration, mapping) - {mapping.external}
    loaded = {name for (name, _), entry in entries.items() if entry.status in LOADED}
    return [m.external for m in job.mappings if m.external in needed and m.external not in loaded]


def _entity(
    name: str, direction: str, entry: LogEntry | None, *, unfinished: Sequence[str] = ()
) -> EntityReport:
    if entry is None:
        cause = f"skipped: waits for {' and '.join(unfinished)}, not loaded in this run."
        return EntityReport(
            entity=name,
            direction=direction,
            status="skipped",
            mode="",
            counts=Counts(),
            message=cause if unfinished else "",
        )
    seconds = (entry.finished_at - entry.started_at).total_seconds() if entry.finished_at else None
    return EntityReport(
        entity=name,
        direction=direction,
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
