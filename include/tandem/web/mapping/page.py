"""The editor's page."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request, Response

from tandem.web.access import AtDesk, Reads
from tandem.web.answers import answer
from tandem.web.mapping.drafts import Drafted, edited, opened, panes
from tandem.web.mapping.shown import Editor, JustSaved

router = APIRouter(tags=["mapping"])

_SAID: Final[Mapping[JustSaved, str]] = {
    "clean-up": "Saved: what was gone is out of the file. Undo last save brings it back.",
    "undo": "Saved: the last edit of the file is undone.",
}


@router.get("/integrations/{name}/mapping", response_model=Editor)
def show_mapping(
    request: Request,
    visit: Reads,
    desk: AtDesk,
    entity: str | None = None,
    saved: JustSaved | None = None,
) -> Response:
    """The external entities with the states of their mappings, and the mapping of one of them
    (left out: of the first that is mapped), as the file has it: by what both systems had when they
    were last read, which is also what problems are told by. `saved`: what people are told of.
    """
    shown = panes(desk, visit, opened(desk, visit, Drafted()))
    mapped = (str(one.get("external")) for one in shown.opened.value["entities"])
    parts = edited(shown, entity or next(mapped, None), None)
    page = Editor(
        **dict(parts),
        name=visit.name,
        has_schemas=None not in (shown.known.external, shown.known.local),
        local_entities=tuple(sorted(shown.local.by_name)),
    )
    said = _SAID[saved] if saved else ""
    return answer(request, page, "mapping/page.html", visit=visit, tab="Mapping", said=said)
