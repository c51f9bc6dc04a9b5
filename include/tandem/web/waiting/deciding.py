"""What somebody decides about records: carried out in the background, and what became of each."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Response
from fastapi import Request as HttpRequest
from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.sync.job import Progress, Request, Run
from tandem.sync.lease import holding
from tandem.sync.people.asked import Became
from tandem.sync.report import RunReport
from tandem.web.access import AtDesk, Reads, Visit
from tandem.web.answers import Shown, answer
from tandem.web.desk import Desk
from tandem.web.work import Seen

router = APIRouter()

TOLD: Final = 200
"""So many records are named; the others are counted."""

WorkId = Annotated[str, Path(pattern=r"^[0-9a-f]+$", max_length=64)]


class Outcome(Shown):
    """What became of one record."""

    entity: str
    external_id: str | None
    local_id: str | None
    settled: bool
    """Whether it waits no longer."""
    text: str


class Decided(Shown):
    """What became of the records that somebody decided about."""

    run_id: str = ""
    """The run that did it."""
    settled: int = 0
    """How many wait no longer."""
    waiting: int = 0
    """How many still do."""
    archived: int = 0
    stopped: tuple[str, ...] = ()
    """What stopped the run, if something did."""
    records: tuple[Outcome, ...] = ()
    """Some of them, those that still wait first."""

    @property
    def untold(self) -> int:
        """How many are not among `records`."""
        return self.settled + self.waiting - len(self.records)


class Decision(Shown):
    """How far a decision is carried out. Ask again while it is waiting or running."""

    id: str
    state: Literal["waiting", "running", "done", "failed"]
    progress: str = ""
    """What it is doing, in words."""
    problem: str = ""
    """Why it failed."""
    remedy: str = ""
    decided: Decided | None = None
    """What came of it."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ("done", "failed")


def told(report: RunReport, became: Sequence[Became]) -> Decided:
    """What a run made of the records that it was asked for."""
    stopped = [f"{e.entity}: {e.message}" for e in report.entities if e.status == "failed"]
    settled = sum(one.settled for one in became)
    found = sorted(became, key=lambda one: one.settled)[:TOLD]
    return Decided(
        run_id=report.run_id,
        settled=settled,
        waiting=len(became) - settled,
        stopped=tuple(dict.fromkeys(stopped)),
        records=tuple(
            Outcome(
                entity=one.entity,
                external_id=one.external_id,
                local_id=one.local_id,
                settled=one.settled,
                text=one.text,
            )
            for one in found
        ),
    )


@contextmanager
def acting_on(
    desk: Desk, name: str, entities: Sequence[str], progress: Progress | None = None
) -> Iterator[Run]:
    """A run of these entities that holds the lease; Busy while another one does."""
    asked = Request(
        desk.run_id("decision"), "sync", entities=tuple(dict.fromkeys(entities)), only_waiting=True
    )
    opened = desk.job(name, asked, progress) if progress else desk.job(name, asked)
    with opened as run, holding(run):
        yield run


def begin(
    request: HttpRequest, desk: Desk, visit: Visit, do: Callable[[Progress], Decided]
) -> Response:
    """Have it done in the background; answers how to ask for what came of it."""
    decision = Decision(id=desk.work.begin(visit.name, do), state="waiting")
    return _told(request, visit, decision, status=202)


def done(request: HttpRequest, visit: Visit, decided: Decided) -> Response:
    """Answer what came of something that was done at once."""
    return _told(request, visit, Decision(id="", state="done", decided=decided))


@router.get("/integrations/{name}/waiting/decisions/{work_id}", response_model=Decision)
def show_decision(request: HttpRequest, visit: Reads, desk: AtDesk, work_id: WorkId) -> Response:
    """How far a decision is carried out, and what became of each record."""
    return _told(request, visit, _decision(desk.work.seen(visit.name, work_id)))


def _decision(seen: Seen) -> Decision:
    try:
        decided = Decided.model_validate(seen.result) if seen.state == "done" else None
    except ValidationError:
        raise ConfigurationError("No decision has this id.", remedy="Decide again.") from None
    return Decision(
        id=seen.id,
        state=seen.state,
        progress=seen.progress,
        problem=seen.problem,
        remedy=seen.remedy,
        decided=decided,
    )


def _told(request: HttpRequest, visit: Visit, decision: Decision, *, status: int = 200) -> Response:
    context: dict[str, Any] = {"visit": visit, "tab": "Waiting"}
    told = answer(request, decision, "waiting/decision.html", status=status, **context)
    if decision.has_ended:
        # Below its own conflict the list stays as it is; elsewhere it is shown anew.
        in_list = request.headers.get("hx-target", "").startswith("decision-")
        told.headers["HX-Trigger"] = "decided-one" if in_list else "decided"
    return told
