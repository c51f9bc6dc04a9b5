"""Plans as pages show them: counts of every record, and some records field by field."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.model.changes import Action
from tandem.sync.people.planned_records import Change, PlannedRecord
from tandem.sync.people.preview import Preview
from tandem.web.answers import Shown
from tandem.web.data.asked import Asked
from tandem.web.texts import value_text

ACTIONS: Final = (
    Action.CONFLICT,
    Action.REJECT,
    Action.DELETE,
    Action.UPDATE,
    Action.CREATE,
    Action.LINK,
    Action.UNCHANGED,
)
"""What a person should look at comes first."""


class FieldShown(Shown):
    """One field that is written."""

    side: str
    field: str
    before: str | None
    after: str | None


class ClashShown(Shown):
    """One field that both sides changed."""

    field: str
    base: str | None
    local: str | None
    external: str | None
    winner: str | None
    """local or external; None: a person has to decide."""


class RecordShown(Shown):
    """What would be done to one record, or pair of records."""

    entity: str
    action: str
    writes_to: str | None
    external_id: str | None
    local_id: str | None
    reason: str | None
    needs_approval: bool
    changes: tuple[FieldShown, ...]
    clashes: tuple[ClashShown, ...]


class PlanShown(Shown):
    """What would be done to the records of one entity."""

    entity: str
    mode: str
    actions: dict[str, int]
    """Action → how many records."""
    counts: dict[str, dict[str, int]]
    """download and upload → what the run would report; only what there is."""
    withheld: int
    """Deletions that a person has to approve."""
    stopped: str
    """Why a run would not sync the entity; empty if it would."""


class Plans(Shown):
    """The plans of all entities that were asked for."""

    asked: Asked
    plans: tuple[PlanShown, ...]

    @property
    def withheld(self) -> int:
        """Deletions that a person has to approve, of all entities."""
        return sum(plan.withheld for plan in self.plans)

    def total(self, entity: str, action: str) -> int:
        """How many records of that entity and action there are; empty: of any, but for unchanged
        ones.
        """
        plans = (plan for plan in self.plans if entity in ("", plan.entity))
        return sum(n for plan in plans for name, n in plan.actions.items() if _fits(name, action))


class Planned(Plans):
    """All that a preview has found."""

    records: tuple[RecordShown, ...]
    """Some of each entity, a fair share of each action."""


def plans_of(found: Mapping[str, Any]) -> Plans:
    """The plans alone of a `Planned` as JSON has it; ConfigurationError if it is none."""
    try:
        return Plans.model_validate({"asked": found["asked"], "plans": found["plans"]})
    except (LookupError, TypeError, ValidationError):
        raise ConfigurationError("No preview has this id.", remedy="Preview again.") from None


def chosen(found: Mapping[str, Any], entity: str, action: str) -> list[Any]:
    """The records of a `Planned`, all as JSON has them: those of that entity and action (empty: of
    any, but for unchanged ones), first what a person should look at. There may be thousands: only
    those of a page are worth being made a `RecordShown`.
    """
    records = (
        record
        for record in found["records"]
        if entity in ("", record["entity"]) and _fits(record["action"], action)
    )
    return sorted(records, key=lambda record: ACTIONS.index(record["action"]))


def _fits(action: str, wanted: str) -> bool:
    return action == wanted if wanted else action != Action.UNCHANGED


def planned(asked: Asked, previews: Sequence[Preview]) -> Planned:
    """A preview's plans, as they are shown."""
    return Planned(
        asked=asked,
        plans=tuple(_plan(preview) for preview in previews),
        records=tuple(
            _record(preview.entity, record) for preview in previews for record in preview.records
        ),
    )


def _plan(preview: Preview) -> PlanShown:
    counts = {
        direction: {name: count for name, count in found.model_dump().items() if count}
        for direction, found in preview.counts.items()
    }
    return PlanShown(
        entity=preview.entity,
        mode=preview.mode,
        actions=dict(preview.actions),
        counts={direction: found for direction, found in counts.items() if found},
        withheld=preview.withheld,
        stopped=preview.stopped,
    )


def _record(entity: str, record: PlannedRecord) -> RecordShown:
    return RecordShown(
        entity=entity,
        action=record.action,
        writes_to=record.writes_to,
        external_id=record.external_id,
        local_id=record.local_id,
        reason=record.reason,
        needs_approval=record.needs_approval,
        changes=fields_shown(record.changes),
        clashes=tuple(_clash(field, values) for field, values in record.clashes.items()),
    )


def fields_shown(changes: Mapping[str, Mapping[str, Change]]) -> tuple[FieldShown, ...]:
    """The fields that are written, values as texts."""
    return tuple(
        FieldShown(
            side=side,
            field=name,
            before=value_text(change.before),
            after=value_text(change.after),
        )
        for side, fields in changes.items()
        for name, change in fields.items()
    )


def _clash(field: str, values: Mapping[str, str | None]) -> ClashShown:
    sides: Iterable[str] = ("base", "local", "external", "winner")
    return ClashShown(field=field, **{side: values.get(side) for side in sides})
