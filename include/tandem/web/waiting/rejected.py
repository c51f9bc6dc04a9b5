"""Rejected records: by what they wait for, tried again, put away."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, Self

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest
from pydantic import Field, model_validator

from tandem.errors import ConfigurationError
from tandem.state.protocols import StateReader
from tandem.state.rejected import RejectedEntry
from tandem.sync.job import Progress, Run
from tandem.sync.people import rejected as use
from tandem.web.access import AtDesk, Edits, Runs
from tandem.web.answers import Shown
from tandem.web.texts import value_text
from tandem.web.waiting.deciding import Decided, Decision, acting_on, begin, done, told

router = APIRouter()

Act = Callable[[Run, Sequence[RejectedEntry]], Decided]
Side = Literal["external", "local"]
KINDS_SHOWN: Final = 100


class RejectedKind(Shown):
    """Rejected records that wait for the same reason, but for the values that it names."""

    id: str
    """What `reason` in the page's address means it by."""
    entity: str
    side: str
    """The side that the records were read from."""
    waits_for_another: bool
    """Whether they wait for another record."""
    reason: str
    """… stands for the values that the reasons name."""
    example: str
    """The whole reason of one of them."""
    count: int
    newest: datetime


class RejectedRecord(Shown):
    """A record that could not be applied."""

    entity: str
    side: str
    """The side that it was read from."""
    id: str
    reason: str
    waits_for_another: bool
    attempts: int
    since: datetime
    last_tried: datetime
    run_id: str
    """The run that tried it last."""
    payload: dict[str, str | None] | None
    """The record as it was read: field → value."""


class Rejected(Shown):
    """What could not be applied."""

    kinds: tuple[RejectedKind, ...]
    """What records wait for, the most frequent first."""
    more_kinds: int
    """How many are not among them."""
    chosen: RejectedKind | None
    """The kind that `records` are of; None: of any."""
    records: tuple[RejectedRecord, ...]
    left: int
    """How many of the chosen kind follow; they are listed from the oldest on."""
    next: str
    """`before` of the page that follows; empty: there is none."""


class RecordChosen(Shown):
    """A rejected record that somebody chose."""

    entity: str
    side: Side
    id: str


class KindChosen(Shown):
    """All records of a kind, as it was shown: those that were rejected later stay."""

    id: str
    newest: datetime


class RejectedChosen(Shown):
    """Rejected records that somebody chose: these, or all of a kind."""

    records: tuple[RecordChosen, ...] = Field((), max_length=1000)
    kind: KindChosen | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.records) == (self.kind is not None):
            raise ValueError("choose records, or a kind")
        return self


def shown_rejected(
    state: StateReader, entity: str | None, *, reason: str, before: str, size: int
) -> Rejected:
    """The kinds of that entity (None: of all), and a page of records: of the kind with the id
    `reason`, or of any.
    """
    kinds = use.rejected_kinds(state, [entity] if entity else [])
    kind = next((one for one in kinds if _id(one) == reason), None)
    if kind:
        some = use.of_kind(state, kind, limit=size, after=before)
        records, left, following = some.chosen, some.left, some.next
    else:
        records, following = use.page_of(state, entity, limit=size, before=before)
        left = 0
    return Rejected(
        kinds=tuple(_kind(one) for one in kinds[:KINDS_SHOWN]),
        more_kinds=max(0, len(kinds) - KINDS_SHOWN),
        chosen=_kind(kind) if kind else None,
        records=tuple(_record(entry) for entry in records),
        left=left,
        next=following,
    )


@router.post(
    "/integrations/{name}/waiting/rejected/retry", response_model=Decision, status_code=202
)
def retry_rejected(
    request: HttpRequest, visit: Runs, desk: AtDesk, chosen: RejectedChosen
) -> Response:
    """Read these records anew on both sides, and try them again, in the background."""
    with desk.state(visit.name) as state:
        entities = _entities(state, chosen)

    def do(progress: Progress) -> Decided:
        with acting_on(desk, visit.name, entities, progress) as run:
            return _all_of(run, chosen, _retried)

    return begin(request, desk, visit, do)


@router.post("/integrations/{name}/waiting/rejected/archive", response_model=Decision)
def archive_rejected(
    request: HttpRequest, visit: Edits, desk: AtDesk, chosen: RejectedChosen
) -> Response:
    """Let these records wait no longer. Once they change, they are read again."""
    with desk.state(visit.name) as state:
        entities = _entities(state, chosen)
    with acting_on(desk, visit.name, entities) as run:
        return done(request, visit, _all_of(run, chosen, _archived))


def _retried(run: Run, records: Sequence[RejectedEntry]) -> Decided:
    return told(*use.retry(run, records))


def _archived(run: Run, records: Sequence[RejectedEntry]) -> Decided:
    return Decided(archived=use.archive(run, records))


def _all_of(run: Run, chosen: RejectedChosen, act: Act) -> Decided:
    """What comes of all that was chosen: at once, so that the run's counts are of all of it."""
    if chosen.kind is None:
        return act(run, _records(run.state, chosen))
    records = list(_of_kind(run.state, _kind_of(run.state, chosen.kind)))
    return act(run, records) if records else Decided()


def _of_kind(state: StateReader, kind: use.Kind) -> Iterator[RejectedEntry]:
    """All records of the kind, without their payloads: they may be many."""
    some = use.of_kind(state, kind)
    yield from (replace(one, payload=None) for one in some.chosen)
    while some.next:
        some = use.of_kind(state, kind, after=some.next)
        yield from (replace(one, payload=None) for one in some.chosen)


def _entities(state: StateReader, chosen: RejectedChosen) -> list[str]:
    """The entities that it is about; ConfigurationError if nothing of it waits any more."""
    if chosen.kind:
        return [_kind_of(state, chosen.kind).entity]
    return [entry.entity for entry in _records(state, chosen)]


def _records(state: StateReader, chosen: RejectedChosen) -> list[RejectedEntry]:
    """Those of the chosen records that wait still."""
    found = [
        entry
        for one in dict.fromkeys(chosen.records)
        for entry in state.rejected_records(one.entity, record_id=one.id)
        if entry.side == one.side
    ]
    if not found:
        raise ConfigurationError(
            "None of these records is rejected any more.", remedy="Look at the list again."
        )
    return found


def _kind_of(state: StateReader, chosen: KindChosen) -> use.Kind:
    for kind in use.rejected_kinds(state):
        if _id(kind) == chosen.id:
            return replace(kind, newest=chosen.newest)
    raise ConfigurationError(
        "No record is rejected for this reason any more.", remedy="Look at the list again."
    )


def _id(kind: use.Kind) -> str:
    parts = json.dumps([kind.entity, kind.side, kind.error_class, kind.reason])
    return sha256(parts.encode()).hexdigest()[:16]


def _kind(kind: use.Kind) -> RejectedKind:
    return RejectedKind(
        id=_id(kind),
        entity=kind.entity,
        side=kind.side,
        waits_for_another=kind.error_class == "dependency",
        reason=kind.reason,
        example=kind.example,
        count=kind.count,
        newest=kind.newest,
    )


def _record(entry: RejectedEntry) -> RejectedRecord:
    return RejectedRecord(
        entity=entry.entity,
        side=entry.side,
        id=entry.record_id,
        reason=entry.error,
        waits_for_another=entry.error_class == "dependency",
        attempts=entry.attempts,
        since=entry.created_at,
        last_tried=entry.updated_at,
        run_id=entry.run_id,
        payload=_payload(entry.payload),
    )


def _payload(text: str | None) -> dict[str, str | None] | None:
    """The fields of the record; what is no JSON object is shown as it is."""
    if text is None:
        return None
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except ValueError:
        return {"": text}
    return {k: value_text(v) for k, v in found.items()} if isinstance(found, dict) else {"": text}
