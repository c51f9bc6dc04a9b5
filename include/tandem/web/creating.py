"""New integrations: drafted from two systems, brought as a file, or copied from another."""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BeforeValidator, ConfigDict, Field

from tandem.airflow.host import May, User
from tandem.connectors.registry import installed_connectors
from tandem.integration_files import (
    BrokenFile,
    CannotWrite,
    create_integration_file,
    integration_text,
)
from tandem.model.integration import System
from tandem.sync.people.creating import (
    copied,
    drafted,
    name_in,
    new_file,
    parsed,
    refuse_wrong_name,
    renamed,
)
from tandem.web.access import (
    AtDesk,
    Reads,
    SignedIn,
    Visit,
    require,
    require_connection,
    require_connections,
    what_may,
)
from tandem.web.answers import Shown, answer, moved
from tandem.web.desk import Desk

router = APIRouter(tags=["integrations"])

_FOR_TESTS: Final = frozenset(("memory",))
"""Connectors that nobody is offered."""
_TOO_LONG: Final = 5_000_000
"""Characters of a text that somebody brings."""


def _lines(value: object) -> object:
    """A text has one name on each line."""
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    return value


Bare = Annotated[str, BeforeValidator(lambda value: str(value).strip()), Field(min_length=1)]


class Side(Shown):
    """A system."""

    connector: Bare
    connection: Bare
    """Id of an Airflow connection."""


class NewIntegration(Shown):
    """What a draft is made of."""

    name: Bare
    external: Side
    local: Side
    entities: Annotated[tuple[str, ...], BeforeValidator(_lines)] = ()
    """External entities; none: the system's default mapping, or all that have a key."""


class Brought(Shown):
    """An integration file that somebody brings."""

    model_config = ConfigDict(str_max_length=_TOO_LONG)

    text: str
    """The YAML."""
    name: str = ""
    """What it is to be called; empty: what it says itself."""


class Copying(Shown):
    """What a copy is to be called."""

    name: Bare


class Choices(Shown):
    """What there is to choose from."""

    connectors: tuple[str, ...]


class NotSaved(Shown):
    """A new integration file where no file can be written: put it there by hand."""

    name: str
    why: str
    text: str
    """The whole file."""


class Refused(Shown):
    """A text that is no usable integration."""

    problem: str
    remedy: str
    problems: tuple[str, ...]
    """What is wrong, with file and line."""


@router.get("/new", response_model=Choices)
def new_integration(request: Request, user: SignedIn) -> Response:
    """What a new integration can be made of: the connectors that are installed."""
    shown = Choices(connectors=tuple(sorted(installed_connectors().keys() - _FOR_TESTS)))
    return answer(request, shown, "integrations/new.html", user=user)


@router.post("/integrations", status_code=201, response_model=NotSaved)
def create_integration(
    request: Request, desk: AtDesk, user: SignedIn, wanted: NewIntegration
) -> Response:
    """Draft a new integration file from what both systems have: their default mapping, or one that
    downloads whole entities. It has no schedule.

    Needs permission to edit its DAG, and to read both connections. Where files cannot be written
    the answer is 200, and has the text.
    """
    path = _place(desk, user, wanted.name)
    external, local = (System(**side.model_dump()) for side in (wanted.external, wanted.local))
    for side in (external, local):
        require_connection(desk, user, side.connection)
    text = drafted(path, external, local, wanted.entities, desk.environment)
    return _created(request, desk, user, path, text)


@router.post("/integrations/import", status_code=201, response_model=NotSaved)
def import_integration(
    request: Request, desk: AtDesk, user: SignedIn, brought: Brought
) -> Response:
    """Take over an integration file from elsewhere, perhaps under another name.

    Needs permission to edit its DAG, and to read its connections. Where files cannot be written
    the answer is 200, and has the text.
    """
    name = brought.name.strip() or name_in(brought.text)
    path = _place(desk, user, name)
    return _created(request, desk, user, path, renamed(brought.text, name))


@router.post("/integrations/{name}/copies", status_code=201, response_model=NotSaved)
def copy_integration(request: Request, desk: AtDesk, visit: Reads, wanted: Copying) -> Response:
    """Make another integration of the same text, comments and all, without its schedule.

    Needs permission to edit the new one's DAG, and to read its connections. Where files cannot
    be written the answer is 200, and has the text.
    """
    path = _place(desk, visit.user, wanted.name)
    desk.integration(visit.name)
    text = copied(integration_text(desk.file(visit.name)), wanted.name)
    return _created(request, desk, visit.user, path, text)


def _place(desk: Desk, user: User, name: str) -> Path:
    """Where the integration of that name would be, which the user may edit."""
    refuse_wrong_name(name)
    require(Visit(user, name, what_may(desk.host, user, [name])[name]), May.EDIT)
    return new_file(desk.folder, name)


def _created(request: Request, desk: Desk, user: User, path: Path, text: str) -> Response:
    """Made, if its connections are the user's to use; else what is in the way."""
    name = path.stem
    try:
        require_connections(desk, user, None, parsed(path, text))
        create_integration_file(path, text)
    except BrokenFile as error:
        refused = Refused(
            problem=f"This is no integration file that {name} could be made of.",
            remedy="Nothing was saved. Change the text, and try again.",
            problems=tuple(error.lines),
        )
        return answer(request, refused, "integrations/refused.html", status=422)
    except CannotWrite as error:
        shown = NotSaved(name=name, why=error.problem, text=text)
        return answer(request, shown, "integrations/not_saved.html")
    desk.host.read_files_again()
    return moved(request, "show_integration", name=name)
