"""The overview of one integration: its entities, its schedule, its connections, its file."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.integration_files import BrokenFile, integration_text
from tandem.model.integration import Integration
from tandem.sync.job import Progress
from tandem.sync.job import Request as Asked
from tandem.sync.people.check import check
from tandem.sync.people.overview import EntityStanding
from tandem.web.access import AtDesk, Edits, Reads, Runs, Visit, dag_of
from tandem.web.airflow_runs import dags_of
from tandem.web.answers import Shown, answer
from tandem.web.approvals import ApprovalAsked, approval_asked
from tandem.web.creating import NotSaved
from tandem.web.desk import Desk
from tandem.web.mapping.saving import CannotSave
from tandem.web.settings import Settings, save_settings
from tandem.web.standings import (
    AtWork,
    LastRunShown,
    ScheduleShown,
    SystemShown,
    WaitingShown,
    standing_of,
)
from tandem.web.work import Seen

router = APIRouter(tags=["integrations"])

_STARTED = 202


class EntityShown(Shown):
    """An entity mapping, and how it stands."""

    external: str
    local: str
    direction: str
    """download_only, upload_only or bidirectional."""
    enabled: bool
    fields: int
    last_run: LastRunShown | None
    lag_seconds: float | None
    """Since the start of the last sync that loaded it; none: no sync has."""
    waiting: WaitingShown


class Overview(Shown):
    """One integration."""

    name: str
    description: str
    external: SystemShown | None
    local: SystemShown | None
    schedule: ScheduleShown
    at_work: tuple[AtWork, ...]
    approval: ApprovalAsked | None
    """What a run at work waits for a person's approval of."""
    entities: tuple[EntityShown, ...]
    settings: Settings | None
    """None: its file is broken."""
    problems: tuple[str, ...]
    """What is wrong in its file, with file and line: nothing else is known of it then."""


class Links(Shown):
    """How many pairs of records are linked."""

    links: dict[str, int]
    """By external entity."""


class Pausing(Shown):
    """What is to become of a schedule."""

    paused: bool


class FindingShown(Shown):
    """One thing that was checked."""

    about: str
    """`external`, `local` or an external entity."""
    severity: str
    """ok, note, warning, problem or unreachable."""
    text: str


class Findings(Shown):
    """All that was checked."""

    findings: tuple[FindingShown, ...]


class Checking(Shown):
    """A check of both systems and all mappings, and how far it is."""

    id: str
    state: str
    """waiting, running, done or failed."""
    progress: str
    problem: str
    remedy: str
    findings: tuple[FindingShown, ...]


CheckId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,40}$")]


@router.get("/integrations/{name}", response_model=Overview)
def show_integration(request: Request, desk: AtDesk, visit: Reads) -> Response:
    """One integration: how each of its entities stands, and what waits."""
    return _shown(request, desk, visit)


@router.post("/integrations/{name}/settings", response_model=Overview | NotSaved)
def change_settings(request: Request, desk: AtDesk, visit: Edits, wanted: Settings) -> Response:
    """Change the integration's own settings in its file: send what the overview gave, changed.

    Refused if somebody saved the file since, while a run is at work, or if Airflow does not know
    the schedule. Where the file cannot be written, the answer has its text.
    """
    try:
        save_settings(desk, visit, wanted)
    except CannotSave as error:
        shown = NotSaved(name=visit.name, why=error.problem, text=error.text)
        return answer(request, shown, "integrations/not_saved.html")
    saved = _shown(request, desk, visit, said="Saved. Airflow goes by it within half a minute.")
    saved.headers["HX-Retarget"] = "#main"
    return saved


@router.get("/integrations/{name}/links", response_model=Links)
def count_links(request: Request, desk: AtDesk, visit: Reads) -> Response:
    """How many pairs of records of each entity are linked. All of them are counted: it may take
    a second where there are millions.
    """
    with desk.state(visit.name) as state:
        found = state.link_counts()
    names = [mapping.external for mapping in desk.integration(visit.name).entities]
    shown = Links(links={name: found.get(name, 0) for name in names})
    return answer(request, shown, "integrations/links.html")


@router.get("/integrations/{name}/file", response_class=Response)
def download_file(desk: AtDesk, visit: Reads) -> Response:
    """The integration file as it is, in YAML."""
    text = integration_text(desk.file(visit.name))
    told = {"Content-Disposition": f'attachment; filename="{visit.name}.yaml"'}
    return Response(text, media_type="application/yaml", headers=told)


@router.post("/integrations/{name}/schedule", response_model=ScheduleShown)
def pause_schedule(request: Request, desk: AtDesk, visit: Edits, wanted: Pausing) -> Response:
    """Let the schedule rest, or go on: as in Airflow, that asks for the permission to edit."""
    desk.host.pause(dag_of(visit.name), paused=wanted.paused)
    shown = _schedule(desk, visit, desk.integration(visit.name))
    return answer(request, shown, "integrations/schedule.html", visit=visit)


@router.post("/integrations/{name}/checks", response_model=Checking, status_code=_STARTED)
def begin_check(request: Request, desk: AtDesk, visit: Runs) -> Response:
    """Test both connections, and whether every mapping fits its systems. Writes to neither."""
    desk.integration(visit.name)

    def do(progress: Progress) -> Findings:
        with desk.job(visit.name, Asked(desk.run_id("check")), progress) as run:
            found = check(run)
        shown = (
            FindingShown(about=one.about, severity=one.severity, text=one.text) for one in found
        )
        return Findings(findings=tuple(shown))

    begun = desk.work.begin(visit.name, do)
    return _checking(request, visit, desk.work.seen(visit.name, begun), status=_STARTED)


@router.get("/integrations/{name}/checks/{check_id}", response_model=Checking)
def show_check(request: Request, desk: AtDesk, visit: Runs, check_id: CheckId) -> Response:
    """How far a check is, and what it has found once it is done."""
    return _checking(request, visit, desk.work.seen(visit.name, check_id))


def _shown(request: Request, desk: Desk, visit: Visit, said: str = "") -> Response:
    runs = desk.host.runs_at_work(dags_of(visit.name))
    at_work = tuple(AtWork.of(request, run) for run in runs)
    try:
        shown = _overview(request, desk, visit, at_work)
    except BrokenFile as error:
        shown = Overview(
            name=visit.name,
            description="",
            external=None,
            local=None,
            schedule=_schedule(desk, visit, None),
            at_work=at_work,
            approval=None,
            entities=(),
            settings=None,
            problems=tuple(error.lines_without_folder),
        )
    return answer(request, shown, "integrations/one.html", visit=visit, tab="Overview", said=said)


def _checking(request: Request, visit: Visit, seen: Seen, status: int = 200) -> Response:
    try:
        found = Findings.model_validate(seen.result) if seen.result else Findings(findings=())
    except ValidationError:
        raise ConfigurationError("No check has this id.", remedy="Check again.") from None
    shown = Checking(
        id=seen.id,
        state=seen.state,
        progress=seen.progress,
        problem=seen.problem,
        remedy=seen.remedy,
        findings=found.findings,
    )
    return answer(request, shown, "integrations/check.html", status=status, visit=visit)


def _overview(request: Request, desk: Desk, visit: Visit, at_work: tuple[AtWork, ...]) -> Overview:
    text = integration_text(desk.file(visit.name))  # first: what is saved now is no longer it
    integration = desk.integration(visit.name)
    found = standing_of(desk, integration, at_work)
    return Overview(
        name=integration.name,
        description=integration.description,
        external=SystemShown.of(integration.external),
        local=SystemShown.of(integration.local),
        schedule=_schedule(desk, visit, integration),
        at_work=at_work,
        approval=approval_asked(request, desk, visit.name, at_work),
        entities=tuple(EntityShown(**_entity(entity)) for entity in found.entities),
        settings=Settings.of(integration, text),
        problems=(),
    )


def _schedule(desk: Desk, visit: Visit, integration: Integration | None) -> ScheduleShown:
    dag_id = dag_of(visit.name)
    return ScheduleShown.of(integration, desk.host.dags([dag_id]).get(dag_id))


def _entity(entity: EntityStanding) -> dict[str, Any]:
    mapping = entity.mapping
    return {
        "external": mapping.external,
        "local": mapping.local,
        "direction": mapping.direction,
        "enabled": mapping.enabled,
        "fields": len(mapping.active_fields),
        "last_run": LastRunShown.of(entity.last_run),
        "lag_seconds": entity.lag.total_seconds() if entity.lag is not None else None,
        "waiting": WaitingShown.of(entity.waits),
    }
