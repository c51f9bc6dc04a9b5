"""Explain: why a record did, or did not, sync, and what becomes of it now."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from tandem.errors import ConfigurationError, RetryLater, StopRun, one_of
from tandem.model.changes import results_line
from tandem.model.integration import EntityMapping, Integration
from tandem.sync import job as jobs
from tandem.sync.people.explain import Explanation, explain
from tandem.sync.people.remembered import Remembered, remembered
from tandem.sync.people.side_by_side import FieldPair, side_by_side
from tandem.sync.people.verdicts import OnSide
from tandem.sync.report import CREATED_WORDS
from tandem.web.access import AtDesk, Reads
from tandem.web.answers import Shown, answer
from tandem.web.desk import Desk
from tandem.web.texts import value_text

router = APIRouter(tags=["explain"])


class SideShown(Shown):
    """The record of one side, as it is now."""

    id: str | None
    is_there: bool
    in_filter: bool | None
    """Whether the filter of the mapping lets it through; None where that cannot be said."""
    problem: str | None
    """Why it cannot be read."""


class FieldShown(Shown):
    """A line of the mapping, with the values of both sides."""

    external: str | None
    local: str | None
    """Names of the fields; None where the line has a constant."""
    external_value: str | None
    base: str | None
    """What both last agreed on."""
    local_value: str | None
    writes: dict[str, str | None]
    """Side → the value that a sync would write there now."""


class NoteShown(Shown):
    """Something that a run could not settle."""

    kind: str
    """rejected, conflict or deferred."""
    status: str
    text: str
    at: datetime


class EventShown(Shown):
    """A write to one side, or a run of the entity."""

    at: datetime
    what: str
    status: str
    text: str
    run_id: str


class SystemsShown(Shown):
    """What both systems say."""

    verdict: str
    """What a sync would do now, and why, in a sentence."""
    external: SideShown
    local: SideShown
    fields: tuple[FieldShown, ...]


class RecordExplained(Shown):
    """All that is known of a record."""

    is_known: bool
    """Whether it is there, or a run has had to do with it."""
    systems: SystemsShown | None
    """None if they could not be asked: see problem."""
    problem: str = ""
    remedy: str = ""
    external_id: str | None
    local_id: str | None
    """The ids that are linked; None if they are not."""
    linked_at: datetime | None
    """When both were last brought in step."""
    waiting: tuple[str, ...]
    """What it waits for, a sentence each."""
    notes: tuple[NoteShown, ...]
    history: tuple[EventShown, ...]
    """The newest first."""


class ExplainPage(Shown):
    """What is asked, and the answer."""

    entities: tuple[str, ...]
    """External entities that can be asked about."""
    entity: str
    record: str
    """Id of the record, on either side."""
    found: RecordExplained | None
    """None if nothing is asked yet."""


@router.get("/integrations/{name}/explain", response_model=ExplainPage)
def show_explain(
    request: Request, visit: Reads, desk: AtDesk, entity: str = "", record: str = ""
) -> Response:
    """Why a record did, or did not, sync: its verdict, both sides, and its history.

    Reads that record of both systems, and writes nothing.
    """
    integration = desk.integration(visit.name)
    asked = record.strip()
    mapping = _mapping(integration, entity) if entity else None
    shown = ExplainPage(
        entities=tuple(one.external for one in integration.active_entities),
        entity=entity,
        record=asked,
        found=_found(desk, integration, mapping, asked) if mapping and asked else None,
    )
    return answer(request, shown, "explain/page.html", visit=visit, tab="Explain", mapping=mapping)


def _mapping(integration: Integration, entity: str) -> EntityMapping:
    mapping = integration.entity(entity)
    if mapping is None:
        known = [one.external for one in integration.active_entities]
        raise ConfigurationError(
            f"{integration.name} has no enabled entity {entity!r}.",
            remedy=f"It has {one_of(known[:10])}." if known else "",
        )
    return mapping


def _found(
    desk: Desk, integration: Integration, mapping: EntityMapping, record_id: str
) -> RecordExplained:
    entity = mapping.external
    asked = jobs.Request(desk.run_id("explain"), "sync", "auto", (entity,))
    try:
        with desk.job(integration.name, asked) as job:
            found = explain(job, entity, record_id)
    except (RetryLater, StopRun) as error:
        with desk.state(integration.name) as state:
            known = remembered(state, entity, record_id)
        return _explained(known, None, known.is_noted, error.problem, error.remedy)
    return _explained(found, _systems(mapping, found), found.is_known)


def _explained(
    known: Remembered,
    systems: SystemsShown | None,
    is_known: bool,  # noqa: FBT001 - said by whoever knows it
    problem: str = "",
    remedy: str = "",
) -> RecordExplained:
    link = known.link
    return RecordExplained(
        is_known=is_known,
        systems=systems,
        problem=problem,
        remedy=remedy,
        external_id=link.external_id if link else None,
        local_id=link.local_id if link else None,
        linked_at=link.updated_at if link else None,
        waiting=known.waiting,
        notes=_notes(known),
        history=_history(known),
    )


def _systems(mapping: EntityMapping, found: Explanation) -> SystemsShown:
    return SystemsShown(
        verdict=found.verdict,
        external=_side(found.external),
        local=_side(found.local),
        fields=tuple(_field(pair) for pair in side_by_side(mapping, found)),
    )


def _side(side: OnSide) -> SideShown:
    return SideShown(
        id=side.id, is_there=side.is_there, in_filter=side.in_filter, problem=side.problem
    )


def _field(pair: FieldPair) -> FieldShown:
    return FieldShown(
        external=pair.external,
        local=pair.local,
        external_value=value_text(pair.external_value),
        base=pair.base,
        local_value=value_text(pair.local_value),
        writes={side: value_text(value) for side, value in pair.writes.items()},
    )


def _notes(known: Remembered) -> tuple[NoteShown, ...]:
    rejected = (
        NoteShown(
            kind="rejected",
            status=one.status,
            text=f"{one.error} ({one.side} record, attempt {one.attempts})",
            at=one.updated_at,
        )
        for one in known.rejected
    )
    conflicts = (
        NoteShown(
            kind="conflict",
            status=one.decision or one.status,
            text=", ".join(one.fields) or one.kind,
            at=one.updated_at,
        )
        for one in known.conflicts
    )
    deferred = (
        NoteShown(
            kind="deferred",
            status="waiting",
            text=f"{one.field} waits for {one.target} {one.value}",
            at=one.created_at,
        )
        for one in known.deferred
    )
    return (*rejected, *conflicts, *deferred)


def _history(known: Remembered) -> tuple[EventShown, ...]:
    writes = [
        EventShown(
            at=one.updated_at,
            what=f"{one.operation} {one.side} record",
            status=one.status,
            text=one.error or "",
            run_id=one.run_id,
        )
        for one in known.transactions
    ]
    runs = [
        EventShown(
            at=one.started_at,
            what=f"{one.direction}, {one.mode}",
            status=one.status,
            text=one.message or results_line(one.counts, CREATED_WORDS[one.direction]),
            run_id=one.run_id,
        )
        for one in known.runs
    ]
    return tuple(sorted([*writes, *runs], key=lambda event: event.at, reverse=True))
