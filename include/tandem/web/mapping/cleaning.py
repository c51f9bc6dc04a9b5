"""Clean Up, and the undoing of what Tandem edited."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response

from tandem.editing.draft import Draft
from tandem.errors import ConfigurationError
from tandem.integration_files import parse_integration
from tandem.sync.job import Progress
from tandem.sync.job import Request as Asked
from tandem.sync.people.clean_up import Planned, Step, apply_clean_up, plan_clean_up
from tandem.sync.people.edits import undo, undoable_edits
from tandem.web.access import AtDesk, Edits, Visit, require_connections
from tandem.web.answers import Shown, answer, moved
from tandem.web.desk import Desk
from tandem.web.mapping import tools
from tandem.web.mapping.diffs import Line, diff_lines
from tandem.web.mapping.drafts import Drafted
from tandem.web.mapping.found import Found, found
from tandem.web.mapping.shown import JustSaved
from tandem.web.mapping.tools import Tool, WorkId

router = APIRouter(tags=["mapping"])


class Removed(Shown):
    """One thing that goes."""

    entity: str
    removed: str
    reason: str
    consequence: str
    instead: tuple[str, ...]
    """What could be written in its place: it may only have been renamed."""
    line: int
    by_hand: str
    """Why it has to be removed by hand; empty: Tandem removes it."""


class Cleaning(Shown):
    """What cleaning up would change, and why."""

    removed: tuple[Removed, ...]
    idle: tuple[str, ...]
    """What stays without being of use."""
    problems: tuple[Found, ...]
    doubt: str
    """Why it looks as if not the file were wrong: it is refused then."""
    before: str
    """The file's text."""
    after: str
    diff: tuple[Line, ...]


class Edit(Shown):
    """An edit of the file that can be undone."""

    reason: str
    made_at: datetime
    diff: tuple[Line, ...]
    """What undoing it changes."""


class Saved(Shown):
    """That the file was saved."""

    location: str
    """Where the editor shows it."""


class WhichEdit(Drafted):
    """The edit that is to be undone."""

    made_at: datetime
    """As it was shown."""


_PATH: Final = "/integrations/{name}/mapping/clean-up"
_LAST: Final = "/integrations/{name}/mapping/last-edit"


@router.post(_PATH, response_model=Tool[Cleaning], status_code=202)
def begin_clean_up(request: Request, visit: Edits, desk: AtDesk, body: Drafted) -> Response:
    """Begin to look for what is gone from the external system and could go from the file.

    Refused while there are unsaved changes, since it is the saved file that is cleaned up.
    """
    _refuse_unsaved(body)
    work = desk.work.begin(visit.name, lambda progress: _planned(desk, visit.name, progress))
    return _shown(request, visit, tools.seen(desk, visit, work, Tool[Cleaning]))


@router.get(f"{_PATH}/{{work}}", response_model=Tool[Cleaning])
def show_clean_up(request: Request, visit: Edits, desk: AtDesk, work: WorkId) -> Response:
    """What cleaning up would remove from the file, why, and what that means. Nothing is changed."""
    return _shown(request, visit, tools.seen(desk, visit, work, Tool[Cleaning]))


@router.post(f"{_PATH}/{{work}}/apply", response_model=Saved, status_code=201)
def apply_cleaning(request: Request, visit: Edits, desk: AtDesk, work: WorkId) -> Response:
    """Save the file as it was shown cleaned up. It can be undone."""
    seen = tools.result_of(tools.seen(desk, visit, work, Tool[Cleaning]))
    planned = Planned(desk.file(visit.name), seen.before, seen.after, (), (), (), seen.doubt)
    with desk.state(visit.name) as state:
        apply_clean_up(state, planned, at=desk.environment.now())
    return _saved(request, visit, desk, "clean-up")


@router.get(_LAST, response_model=Edit)
def show_undo(request: Request, visit: Edits, desk: AtDesk) -> Response:
    """The last edit of the file that Tandem made, and what undoing it changes."""
    with desk.state(visit.name) as state:
        edit, *_ = undoable_edits(desk.file(visit.name), state)
    shown = Edit(reason=edit.reason, made_at=edit.made_at, diff=diff_lines(edit.after, edit.before))
    return answer(request, shown, "mapping/tools/undo.html", visit=visit)


@router.post(f"{_LAST}/undo", response_model=Saved, status_code=201)
def undo_edit(request: Request, visit: Edits, desk: AtDesk, which: WhichEdit) -> Response:
    """Give the file back the text that it had before its last edit."""
    _refuse_unsaved(which)
    file = desk.file(visit.name)
    with desk.state(visit.name) as state:
        edit, *_ = undoable_edits(file, state)
        if edit.made_at != which.made_at:
            raise ConfigurationError(
                "The file has been edited again since.", remedy="Look at what would be undone now."
            )
        before, after = parse_integration(file, edit.after), parse_integration(file, edit.before)
        require_connections(desk, visit.user, before, after)
        undo(file, state, edit, at=desk.environment.now())
    return _saved(request, visit, desk, "undo")


def _refuse_unsaved(body: Drafted) -> None:
    if body.draft is not None and Draft.parse(body.draft).edits:
        raise ConfigurationError(
            "There are changes that are not saved; this changes the saved file.",
            remedy="Save them first, or drop them.",
        )


def _planned(desk: Desk, name: str, progress: Progress) -> Cleaning:
    with desk.job(name, Asked(desk.run_id("clean-up")), progress) as run:
        planned = plan_clean_up(run, desk.file(name))
    return Cleaning(
        removed=tuple(_removed(step) for step in planned.steps),
        idle=planned.idle,
        problems=tuple(found(one) for one in planned.problems),
        doubt=planned.doubt,
        before=planned.before,
        after=planned.after,
        diff=diff_lines(planned.before, planned.after),
    )


def _removed(step: Step) -> Removed:
    effect = step.effect
    is_whole_entity = len(effect.place) == 2
    return Removed(
        entity=effect.entity,
        removed=effect.removed if is_whole_entity else f"{effect.entity}: {effect.removed}",
        reason=effect.reason,
        consequence=effect.consequence,
        instead=effect.instead,
        line=step.line,
        by_hand=step.by_hand,
    )


def _shown(request: Request, visit: Visit, tool: Tool[Cleaning]) -> Response:
    return tools.shown(request, tool, "cleaning.html", visit=visit, route="show_clean_up")


def _saved(request: Request, visit: Visit, desk: Desk, what: JustSaved) -> Response:
    """Airflow is told, and the editor begins with what the file says now."""
    desk.host.read_files_again()
    return moved(request, "show_mapping", said=f"?saved={what}", name=visit.name)
