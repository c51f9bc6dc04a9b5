"""How far a run is: its tasks by entity, with what the log says of each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tandem.airflow.host import TaskState
from tandem.airflow.ids import task_key
from tandem.airflow.travels import Kind, travelling
from tandem.core.order import entity_order
from tandem.model.integration import EntityMapping, Integration
from tandem.state.overview import Waits
from tandem.sync.report import EntityReport, RunReport
from tandem.web.answers import Shown

STEPS: Final = ("extract", "transform", "load")
"""The tasks of an entity."""
_OF_ALL: Final = ("refresh_schema", "validate_metadata", "approve", "complete_lookups", "report")
"""The tasks of the whole run."""


class StepShown(Shown):
    """A task of a run."""

    name: str
    state: str | None
    """Airflow's word: queued, running, success, failed, skipped, …; None: not looked at yet."""


class Became(Shown):
    """What became of an entity in one direction."""

    direction: str
    status: str
    records: int
    result: str
    """Its result line; empty if nothing was loaded."""
    message: str
    """Why not, or what a person has to know beside."""


class EntityProgress(Shown):
    """How far an entity is."""

    entity: str
    local: str
    steps: tuple[StepShown, ...]
    became: tuple[Became, ...]
    """Each direction in which it has ended."""

    @property
    def is_part(self) -> bool:
        """Whether the run is about it; Airflow skips the tasks of the others."""
        skipped = all(step.state == "skipped" for step in self.steps)
        return bool(self.became) or not skipped


class Waiting(Shown):
    """How many records wait, by what they wait for."""

    conflicts: int = 0
    rejected: int = 0
    deferred: int = 0
    deletions: int = 0

    @classmethod
    def of(cls, waits: Iterable[Waits]) -> "Waiting":
        """Of several entities together."""
        found = Waits.sum(waits)
        return cls(**{name: getattr(found, name) for name in cls.model_fields})

    @property
    def all(self) -> int:
        """All of them."""
        return self.conflicts + self.rejected + self.deferred + self.deletions


def steps_of(tasks: Sequence[TaskState]) -> tuple[StepShown, ...]:
    """The tasks of the whole run, those that it has."""
    states = {task.task_id: task.state for task in tasks}
    return tuple(StepShown(name=name, state=states[name]) for name in _OF_ALL if name in states)


def entities_of(
    integration: Integration, kind: Kind, tasks: Sequence[TaskState], report: RunReport
) -> list[EntityProgress]:
    """The entities of a DAG of that kind, in the order in which they are written."""
    states = {task.task_id: task.state for task in tasks}
    became: dict[str, list[EntityReport]] = {}
    for one in report.entities:
        became.setdefault(one.entity, []).append(one)
    travel = {mapping.external for mapping in travelling(integration, kind)}
    ordered = (m for group in entity_order(integration) for m in group if m.external in travel)
    return [_entity(m, states, became.get(m.external, [])) for m in ordered]


def _entity(
    mapping: EntityMapping, states: Mapping[str, str | None], became: Sequence[EntityReport]
) -> EntityProgress:
    key = task_key(mapping.external)
    return EntityProgress(
        entity=mapping.external,
        local=mapping.local,
        steps=tuple(StepShown(name=step, state=states.get(f"{key}.{step}")) for step in STEPS),
        became=tuple(
            Became(
                direction=one.direction,
                status=one.status,
                records=one.counts.all,
                result=one.result,
                message=one.message,
            )
            for one in became
        ),
    )
