"""Update Schema: what both systems have now, what changed, and what the local side lacks."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response

from tandem.core.drift.diff import ChangeKind
from tandem.errors import printable
from tandem.sync.job import Progress
from tandem.sync.job import Request as Asked
from tandem.sync.lease import holding
from tandem.sync.people.schemas import (
    missing_locally,
    not_provisioned,
    provision_locally,
)
from tandem.sync.people.touched import SideNow, Touching, refresh_and_compare
from tandem.web.access import AtDesk, Edits, Reads, Runs
from tandem.web.answers import Shown
from tandem.web.desk import Desk
from tandem.web.mapping import tools
from tandem.web.mapping.tools import Tool, WorkId

router = APIRouter(tags=["mapping"])

_SHOWN: Final = 500
"""Changes of a side that are listed."""
_CALLED: Final = {ChangeKind.RETYPED: "changed", ChangeKind.RENAMED: "renamed?"}
"""A rename is a guess."""


class ChangeSeen(Shown):
    """One change of an entity or field."""

    change: str
    """added, removed, changed, or `renamed?`, which is a guess."""
    name: str
    """`Accounts`, or `Accounts.fax`."""
    before: str
    after: str
    is_harmless: bool
    mappings: tuple[str, ...]
    """External entities of the mappings that it is about."""


class SideSeen(Shown):
    """One side, as it is now."""

    side: str
    version: int
    """Of the snapshot that says so."""
    taken_at: datetime
    """When that was seen first."""
    entities: int
    is_new: bool
    changes: tuple[ChangeSeen, ...]
    """Since the version before: those that are about mappings first, then those that may harm."""
    more: int
    """Further changes, which are not listed."""


class Refreshed(Shown):
    """Both sides."""

    sides: tuple[SideSeen, ...]


class Provisioned(Shown):
    """What the local side lacks, or has just got."""

    done: bool
    lines: tuple[str, ...]
    """One for each table or column."""
    left: tuple[str, ...]
    """Mappings that were not looked at, and why."""


@router.post("/integrations/{name}/mapping/schema", response_model=Tool[Refreshed], status_code=202)
def refresh_schema(request: Request, visit: Runs, desk: AtDesk) -> Response:
    """Begin to read what both systems have now. What is new is kept as a snapshot."""
    work = desk.work.begin(visit.name, lambda progress: _refreshed(desk, visit.name, progress))
    found = tools.seen(desk, visit, work, Tool[Refreshed])
    return tools.shown(request, found, "schema.html", visit=visit, route="show_refreshed_schema")


@router.get("/integrations/{name}/mapping/schema/{work}", response_model=Tool[Refreshed])
def show_refreshed_schema(request: Request, visit: Reads, desk: AtDesk, work: WorkId) -> Response:
    """What both systems have now, what changed since they were last read, and which mappings
    that is about.
    """
    found = tools.seen(desk, visit, work, Tool[Refreshed])
    return tools.shown(request, found, "schema.html", visit=visit, route="show_refreshed_schema")


@router.post(
    "/integrations/{name}/mapping/missing", response_model=Tool[Provisioned], status_code=202
)
def find_missing(request: Request, visit: Runs, desk: AtDesk) -> Response:
    """Begin to look for local tables and columns that mappings need and that are not there."""
    work = desk.work.begin(visit.name, lambda progress: _missing(desk, visit.name, progress))
    found = tools.seen(desk, visit, work, Tool[Provisioned])
    return tools.shown(request, found, "missing.html", visit=visit, route="show_missing")


@router.post(
    "/integrations/{name}/mapping/missing/create",
    response_model=Tool[Provisioned],
    status_code=202,
)
def create_missing(request: Request, visit: Edits, desk: AtDesk) -> Response:
    """Begin to create the local tables and columns that mappings need and that are not there."""
    work = desk.work.begin(visit.name, lambda progress: _created(desk, visit.name, progress))
    found = tools.seen(desk, visit, work, Tool[Provisioned])
    return tools.shown(request, found, "missing.html", visit=visit, route="show_missing")


@router.get("/integrations/{name}/mapping/missing/{work}", response_model=Tool[Provisioned])
def show_missing(request: Request, visit: Reads, desk: AtDesk, work: WorkId) -> Response:
    """What is missing on the local side, or was created there."""
    found = tools.seen(desk, visit, work, Tool[Provisioned])
    return tools.shown(request, found, "missing.html", visit=visit, route="show_missing")


def _refreshed(desk: Desk, name: str, progress: Progress) -> Refreshed:
    with desk.job(name, Asked(desk.run_id("schema")), progress) as run:
        return Refreshed(sides=tuple(_side(now) for now in refresh_and_compare(run)))


def _side(now: SideNow) -> SideSeen:
    changes = sorted(now.changes, key=lambda one: (not one.mappings, one.change.is_harmless))
    return SideSeen(
        side=now.seen.about.side,
        version=now.seen.about.version,
        taken_at=now.seen.about.taken_at,
        entities=now.entities,
        is_new=now.seen.is_new,
        changes=tuple(_change(one) for one in changes[:_SHOWN]),
        more=max(0, len(changes) - _SHOWN),
    )


def _change(one: Touching) -> ChangeSeen:
    change = one.change
    return ChangeSeen(
        change=_CALLED.get(change.kind, change.kind.value),
        name=printable(change.name),
        before=printable(change.before),
        after=printable(change.after),
        is_harmless=change.is_harmless,
        mappings=one.mappings,
    )


def _missing(desk: Desk, name: str, progress: Progress) -> Provisioned:
    with desk.job(name, Asked(desk.run_id("missing")), progress) as run:
        lines, left = missing_locally(run), not_provisioned(run)
    return Provisioned(done=False, lines=tuple(lines), left=tuple(left))


def _created(desk: Desk, name: str, progress: Progress) -> Provisioned:
    with desk.job(name, Asked(desk.run_id("create")), progress) as run:
        with holding(run):
            lines = provision_locally(run)
        left = not_provisioned(run)
    return Provisioned(done=True, lines=tuple(lines), left=tuple(left))
