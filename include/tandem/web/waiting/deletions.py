"""Deletions that were withheld: what they would delete, and approved up to what was shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Self

from fastapi import APIRouter, Response
from fastapi import Request as HttpRequest
from pydantic import Field, model_validator

from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, Integration
from tandem.state.protocols import StateReader
from tandem.sync.job import Progress
from tandem.sync.people import deletions as use
from tandem.web.access import AtDesk, Edits
from tandem.web.answers import Shown
from tandem.web.texts import value_text
from tandem.web.waiting.deciding import Decided, Decision, acting_on, begin, told

router = APIRouter()

SUMMED: Final = 3

WHY: Final = (
    "A run carries out a few deletions by itself. It asks first where there are more than ten and "
    "more than a tenth of the linked records, or where a side has nothing left to read: that may "
    "be somebody's mistake."
)


class DeletionShown(Shown):
    """A deletion that waits for approval."""

    id: str
    """A new one if the record was changed and its deletion withheld again."""
    entity: str
    side: str
    """The side that the record would be deleted on; on the other one it is gone."""
    external_id: str | None
    local_id: str | None
    run_id: str
    """The run that withheld it."""
    at: datetime
    summary: str
    """A few of its values, by which a person may know it."""
    record: dict[str, str | None] | None
    """What would be deleted: field → value; None: an older version withheld it."""

    @property
    def record_id(self) -> str:
        """The id on the side that it would be deleted on, or else the other one."""
        first, second = self._ids if self.side == "external" else self._ids[::-1]
        return first or second or ""

    @property
    def _ids(self) -> tuple[str | None, ...]:
        return self.external_id, self.local_id


class DeletionGroup(Shown):
    """The deletions of one entity on one side."""

    entity: str
    side: str
    count: int
    up_to: str
    """The greatest id of them: an approval of the whole group is about none that came later."""


class Deletions(Shown):
    """What would be deleted, newest first."""

    why: str
    groups: tuple[DeletionGroup, ...]
    records: tuple[DeletionShown, ...]
    page: int
    more: bool
    """Whether a page follows."""


class GroupChosen(Shown):
    """All deletions of an entity on a side, up to the one with that id."""

    entity: str
    side: str
    up_to: int


class DeletionsChosen(Shown):
    """Deletions that somebody approves: these, or a group."""

    ids: tuple[int, ...] = Field((), max_length=1000)
    group: GroupChosen | None = None
    count: int = Field(ge=1)
    """How many he was shown. If there are others, or more, none is carried out."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.ids) == (self.group is not None):
            raise ValueError("choose ids, or a group")
        return self


def shown_deletions(
    state: StateReader,
    integration: Integration,
    entities: Sequence[str],
    *,
    page: int,
    size: int,
) -> Deletions:
    """A page of the deletions of these entities: those of which some wait."""
    start = (page - 1) * size
    found = use.withheld(state, entities, limit=start + size + 1) if entities else []
    return Deletions(
        why=WHY,
        groups=tuple(group for entity in entities for group in _groups(state, entity)),
        records=tuple(_shown(integration, one) for one in found[start : start + size]),
        page=page,
        more=len(found) > start + size,
    )


@router.post(
    "/integrations/{name}/waiting/deletions/approve", response_model=Decision, status_code=202
)
def approve_deletions(
    request: HttpRequest, visit: Edits, desk: AtDesk, chosen: DeletionsChosen
) -> Response:
    """Carry out these deletions, in the background. A record that is no longer as it was when its
    deletion was withheld is not deleted.
    """
    with desk.state(visit.name) as state:
        entities = [one.entity for one in _chosen(state, chosen)]

    def do(progress: Progress) -> Decided:
        with acting_on(desk, visit.name, entities, progress) as run:
            return told(*use.approve(run, _chosen(run.state, chosen)))

    return begin(request, desk, visit, do)


def _chosen(state: StateReader, chosen: DeletionsChosen) -> list[use.Withheld]:
    """What is approved; ConfigurationError unless it is as many as were shown."""
    group = chosen.group
    waiting = use.withheld(state, [group.entity] if group else [])
    if group:
        found = [one for one in waiting if one.side == group.side and one.id <= group.up_to]
    else:
        ids = frozenset(chosen.ids)
        found = [one for one in waiting if one.id in ids]
    if len(found) != chosen.count:
        raise ConfigurationError(
            f"{chosen.count:,} deletions were to be approved, but {len(found):,} of them wait now: "
            "nothing was deleted.",
            remedy="Look at the list again, and approve what it shows.",
        )
    return found


def _groups(state: StateReader, entity: str) -> list[DeletionGroup]:
    counted = (
        state.pending_deletes(entity).group_by("side").aggregate([("id", "max"), ([], "count_all")])
    )
    return [
        DeletionGroup(
            entity=entity, side=row["side"], count=row["count_all"], up_to=str(row["id_max"])
        )
        for row in counted.sort_by("side").to_pylist()
    ]


def _shown(integration: Integration, one: use.Withheld) -> DeletionShown:
    record = one.record and {name: value_text(value) for name, value in one.record.items()}
    return DeletionShown(
        id=str(one.id),
        entity=one.entity,
        side=one.side,
        external_id=one.external_id,
        local_id=one.local_id,
        run_id=one.run_id,
        at=one.at,
        summary=_summary(integration.entity(one.entity), one, record or {}),
        record=record,
    )


def _summary(
    mapping: EntityMapping | None, one: use.Withheld, record: Mapping[str, str | None]
) -> str:
    """The first values in the order of the mapping, but for its id and what it refers to."""
    lines = mapping.fields if mapping else ()
    names = [getattr(line, one.side) for line in lines if not line.lookup]
    values = [record[name] for name in names if name and record.get(name)]
    known = [value for value in values if value not in (one.external_id, one.local_id)]
    return ", ".join(str(value) for value in known[:SUMMED]) or "The record"
