"""Saving a draft as the file, or taking the file away."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tandem.editing.draft import Draft, fingerprint
from tandem.errors import ConfigurationError
from tandem.integration_files import (
    BrokenFile,
    NotWritable,
    integration_text,
    parse_integration,
)
from tandem.model.integration import Integration
from tandem.sync.people.drafted import OpenDraft
from tandem.sync.people.edits import save_edit
from tandem.web.access import AtDesk, Edits, Reads, Visit, require_connections
from tandem.web.desk import Desk
from tandem.web.mapping.drafts import Drafted, drafted_answer, opened
from tandem.web.mapping.shown import Edited
from tandem.yaml_edit import edited

router = APIRouter(tags=["mapping"])


class CannotSave(ConfigurationError):
    """The file cannot be written where it is; `text` is what it would say."""

    def __init__(self, error: NotWritable, text: str) -> None:
        self.text = text
        super().__init__(
            error.problem,
            remedy="Download the file, and put it in its place the way this deployment gets its "
            "files. Your changes stay here until you drop them.",
        )


class Away(Drafted):
    """The file to take away."""

    base: str | None = Field(
        None,
        description="What the file said when the draft was begun: asked for where somebody has "
        "saved it since.",
    )


@router.post("/integrations/{name}/mapping/save", response_model=Edited)
def save_mapping(request: Request, visit: Edits, desk: AtDesk, body: Drafted) -> Response:
    """Save the draft: the file keeps its comments and its form. Refused if it would be no usable
    integration, if somebody saved the file in between, or while a run is at work.
    """
    save_draft(desk, visit, opened(desk, visit, body), reason="mapping editor")
    saved = opened(desk, visit, Drafted())
    return drafted_answer(
        request, visit, saved, entity=body.entity, said="Saved. The next run goes by it."
    )


@router.post(
    "/integrations/{name}/mapping/file",
    response_class=Response,
    responses={200: {"content": {"application/yaml": {}}}},
)
def mapping_file(visit: Reads, desk: AtDesk, body: Away) -> Response:
    """The file as the draft makes it, to put it in its place by other means."""
    text = _text_to_take(desk, visit, body)
    said = f'attachment; filename="{visit.name}.yaml"'
    return Response(text, media_type="application/yaml", headers={"Content-Disposition": said})


def save_draft(desk: Desk, visit: Visit, drafted: OpenDraft, *, reason: str) -> None:
    """Make of the file what the draft makes of it, and let Airflow read it.

    ConfigurationError if nothing is changed, or the file would be no usable integration;
    NotAllowed if it points to a connection that the user may not read; CannotSave; Busy.
    """
    if not drafted.draft.steps:
        raise ConfigurationError("Nothing is changed.", remedy="Change something first.")
    integration = _refuse_wrong(drafted)
    after = edited(drafted.text, drafted.draft.edits)
    require_connections(desk, visit.user, _before(drafted), integration)
    try:
        _write(desk, visit, drafted, after, reason)
    except NotWritable as error:
        raise CannotSave(error, after) from error
    desk.host.read_files_again()


def _write(desk: Desk, visit: Visit, drafted: OpenDraft, after: str, reason: str) -> None:
    with desk.state(visit.name) as state:
        save_edit(
            drafted.file,
            state,
            reason=reason,
            before=drafted.text,
            after=after,
            at=desk.environment.now(),
        )


def _refuse_wrong(drafted: OpenDraft) -> Integration:
    """The integration that the draft makes; ConfigurationError with all that is wrong."""
    if drafted.integration is None:
        told = "; ".join(map(str, drafted.wrong))
        raise ConfigurationError(
            f"Not saved, since the file could not be used: {told}.",
            remedy="Correct that; the entities that it is about are marked.",
        )
    return drafted.integration


def _before(drafted: OpenDraft) -> Integration | None:
    """What the file is now; None if it cannot be used."""
    try:
        return parse_integration(drafted.file, drafted.text)
    except BrokenFile:
        return None


def _text_to_take(desk: Desk, visit: Visit, body: Away) -> str:
    now = integration_text(desk.file(visit.name))
    if body.draft is None:
        return now
    draft = Draft.parse(body.draft)
    begun = next((t for t in (now, body.base or "") if fingerprint(t) == draft.fingerprint), now)
    draft.value(begun)
    return edited(begun, draft.edits)
