"""Drafts that travel with every request of the editor: the server keeps nothing of them.

A request's body extends `Drafted`; the browser adds the draft and the entity that is open by itself
(static/mapping.js). `opened` makes of it what the file would say; `drafted_answer` hands out the
draft after a change, and shows what it changed.
"""

from collections.abc import Collection

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tandem.sync.people.drafted import OpenDraft, open_draft
from tandem.sync.people.drafted_problems import known_schemas, problems_of
from tandem.web.access import Visit, desk_of
from tandem.web.answers import answer
from tandem.web.desk import Desk
from tandem.web.mapping.panes import Panes
from tandem.web.mapping.shown import Edited

__all__ = ["Drafted", "OpenDraft", "drafted_answer", "opened"]


class Drafted(BaseModel):
    """What every request of the editor brings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    draft: str | None = Field(
        None, description="The draft that the last answer gave; null: nothing is changed yet."
    )
    entity: str | None = Field(None, description="The external entity that is open.")


def opened(desk: Desk, visit: Visit, body: Drafted) -> OpenDraft:
    """What the file says after the changes of the draft; LostUpdate if it was saved since."""
    return open_draft(desk.file(visit.name), body.draft)


def panes(
    desk: Desk, visit: Visit, drafted: OpenDraft, about: Collection[str] | None = None
) -> Panes:
    """The draft beside what is known of both systems; with the problems of the mappings of these
    external entities (None: of all).
    """
    with desk.state(visit.name) as state:
        known = known_schemas(state)
        problems = problems_of(drafted, known, state, desk.folder, about)
    return Panes(drafted, known, problems)


def edited(shown: Panes, entity: str | None, changed: Collection[str] | None) -> Edited:
    """What an answer says after a change of these entities (None: of any)."""
    drafted = shown.opened
    return Edited(
        draft=drafted.draft_text,
        changes=len(drafted.draft.steps),
        last_change=drafted.last_change,
        problems=shown.wrong(),
        entities=shown.listed(changed),
        opened=shown.entity(entity) if entity else None,
    )


def drafted_answer(
    request: Request,
    visit: Visit,
    after: OpenDraft,
    *,
    entity: str | None,
    changed: Collection[str] | None = None,
    said: str = "",
) -> Response:
    """The draft after a change, the mapping of the entity that is open, and the states of those
    that have `changed` (None: of all). A message says what was done.

    Its HTML puts itself into the page: the request has `hx-swap="none"`. The tool's place is
    emptied, so that its dialog closes.
    """
    about = None if changed is None else {*changed, *([entity] if entity else [])}
    shown = panes(desk_of(request), visit, after, about)
    return draft_shown(
        request, visit, edited(shown, entity, about), is_whole=about is None, said=said
    )


def draft_shown(
    request: Request, visit: Visit, model: Edited, *, is_whole: bool = False, said: str = ""
) -> Response:
    """The same, put together already; `is_whole`: with the states of all entities."""
    return answer(
        request, model, "mapping/drafted.html", visit=visit, replaces_list=is_whole, said=said
    )
