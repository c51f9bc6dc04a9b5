"""Mappings as files: exported, and brought into the draft."""

import re
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import LARGEST, Carried, Format, mapping_file_of
from tandem.mapping_files.reading import carried, pasted
from tandem.mapping_files.xml_writing import xml_text
from tandem.mapping_files.yaml_files import yaml_text
from tandem.model.edits import Insertion, Replacement
from tandem.model.integration import EntityMapping, Integration
from tandem.model.problems import Severity
from tandem.sync.people.mapping_import import importing_edits, policy_notes
from tandem.web.access import AtDesk, Edits, Reads
from tandem.web.answers import Shown, answer
from tandem.web.mapping.drafts import Drafted, drafted_answer, opened
from tandem.web.mapping.found import Found, found

router = APIRouter(tags=["mapping"])


class Importing(Drafted):
    """A mapping file."""

    text: str = Field(max_length=LARGEST, description="The text of the file.")
    only: str | None = Field(
        None, description="Bring only the mapping of this external entity; null: all of them."
    )


class Brought(Shown):
    """A mapping that the file brings, and that is not there like that."""

    effect: Literal["new", "replaced"]
    external: str
    local: str
    lines: int
    lines_before: int | None
    """Of the mapping whose place it takes."""


class Bringing(Shown):
    """What taking a file into the draft would do."""

    mappings: tuple[Brought, ...]
    same: int
    """Mappings that are there already, just like that."""
    notes: tuple[str, ...]
    """What could not be carried over, or does something else here."""
    problems: tuple[Found, ...]
    """What stands in the way."""
    only: str | None


@router.get("/integrations/{name}/mapping/export", response_class=Response)
def export_mappings(
    visit: Reads, desk: AtDesk, format: Format = "yaml", entity: str = ""
) -> Response:
    """The mappings as they are saved, or that of one entity, as a file without connections:
    yaml, or resco-xml, the XML of Resco Integrations.
    """
    file = mapping_file_of(desk.integration(visit.name), entity or None)
    single = bool(entity) and len(file.entities) == 1
    text = yaml_text(file) if format == "yaml" else xml_text(file, single=single)
    kind = "yaml" if format == "yaml" else "xml"
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{visit.name}-{entity or 'mappings'}")
    return Response(
        text.encode(),
        media_type=f"application/{kind}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
    )


@router.post("/integrations/{name}/mapping/import/preview", response_model=Bringing)
def preview_import(request: Request, visit: Edits, desk: AtDesk, body: Importing) -> Response:
    """What a mapping file would change in the draft. Nothing is changed yet."""
    here = opened(desk, visit, body).usable()
    brought = _carried(body, here)
    edits = importing_edits(here, brought.entities)
    shown = Bringing(
        mappings=tuple(_brought(here, edit) for edit in edits),
        same=len(brought.entities) - len(edits),
        notes=(*brought.notes, *policy_notes(here, brought)),
        problems=tuple(found(one) for one in brought.problems),
        only=body.only,
    )
    return answer(request, shown, "mapping/tools/bringing.html", visit=visit)


@router.post("/integrations/{name}/mapping/import")
def import_mappings(request: Request, visit: Edits, desk: AtDesk, body: Importing) -> Response:
    """Take a mapping file into the draft. A mapping takes the place of the one that is most like
    it, or else is added. Nothing is saved yet.
    """
    drafted = opened(desk, visit, body)
    here = drafted.usable()
    brought = _carried(body, here)
    _refuse_what_is_in_the_way(brought)
    edits = importing_edits(here, brought.entities)
    if not edits:
        raise ConfigurationError("There is nothing to change: the mappings are there already.")
    return drafted_answer(request, visit, drafted.after(edits), entity=body.entity)


def _carried(body: Importing, here: Integration) -> Carried:
    return carried(pasted(body.text), entity=body.only, here=here.entities)


def _refuse_what_is_in_the_way(brought: Carried) -> None:
    for problem in brought.problems:
        if problem.severity is Severity.ERROR:
            raise ConfigurationError(f"{problem.entity}: {problem.text}", remedy=problem.advice)


def _brought(here: Integration, edit: Insertion | Replacement) -> Brought:
    mapping = EntityMapping.model_validate(edit.value)
    before = here.entities[int(edit.place[1])] if isinstance(edit, Replacement) else None
    return Brought(
        effect="replaced" if before else "new",
        external=mapping.external,
        local=mapping.local,
        lines=len(mapping.fields),
        lines_before=len(before.fields) if before else None,
    )
