"""The page of what waits: what a run asks, and four lists, each bounded and paged."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

from fastapi import APIRouter, Query, Response
from fastapi import Request as HttpRequest

from tandem.model.integration import Integration
from tandem.state.overview import Waits
from tandem.state.protocols import StateReader
from tandem.web.access import AtDesk, Reads, dag_of
from tandem.web.answers import Shown, answer, path_to
from tandem.web.approvals import ApprovalAsked, approval_asked
from tandem.web.waiting.conflicts import Conflicts, shown_conflicts
from tandem.web.waiting.deferred import Deferred, shown_deferred
from tandem.web.waiting.deletions import Deletions, shown_deletions
from tandem.web.waiting.rejected import Rejected, shown_rejected

router = APIRouter()

Kind = Literal["rejected", "conflicts", "deletions", "deferred"]
SIZE: Final = 50
"""Records on a page."""
CONFLICTS: Final = 20
"""Conflicts on a page."""

EntityAsked = Annotated[str, Query(description="External entity; empty: all.", max_length=500)]
ReasonAsked = Annotated[
    str, Query(description="Id of the kind of rejected records; empty: any.", max_length=64)
]
BeforeAsked = Annotated[
    str, Query(description="`next` of a page of rejected records.", max_length=5000)
]
PageAsked = Annotated[int, Query(description="Of conflicts and deletions.", ge=1, le=10_000)]


class EntityWaits(Shown):
    """What waits of an entity."""

    entity: str
    rejected: int
    conflicts: int
    deletions: int
    deferred: int

    @property
    def all(self) -> int:
        """All of it."""
        return self.rejected + self.conflicts + self.deletions + self.deferred


class Waiting(Shown):
    """What waits of an integration: how much of each kind, and a page of one kind."""

    name: str
    entity: str
    """Only of that external entity; empty: of all."""
    kind: Kind
    """Which of the four lists follows."""
    rejected_count: int
    conflicts_count: int
    deletions_count: int
    deferred_count: int
    entities: tuple[EntityWaits, ...]
    """Those of which something waits."""
    approval: ApprovalAsked | None
    """What a run at work asks; of all entities. None: none does."""
    rejected: Rejected | None = None
    conflicts: Conflicts | None = None
    deletions: Deletions | None = None
    deferred: Deferred | None = None


class _Asked(Shown):
    """Which page."""

    entity: str
    reason: str
    before: str
    page: int

    @property
    def one(self) -> str | None:
        """The entity; None: all."""
        return self.entity or None


@router.get("/integrations/{name}/waiting", response_model=Waiting)
def show_waiting(  # noqa: PLR0913 - what an address may say
    request: HttpRequest,
    visit: Reads,
    desk: AtDesk,
    kind: Kind | None = None,
    entity: EntityAsked = "",
    reason: ReasonAsked = "",
    before: BeforeAsked = "",
    page: PageAsked = 1,
) -> Response:
    """What waits: rejected records, conflicts, withheld deletions or deferred lookups; and the
    approval that a run waits for.

    Without a kind, the first of these of which something waits.
    """
    integration = desk.integration(visit.name)
    asked = _Asked(entity=entity, reason=reason, before=before, page=page)
    runs = desk.host.runs_at_work([dag_of(visit.name)])
    approval = approval_asked(request, desk, visit.name, runs)
    with desk.state(visit.name) as state:
        shown = _shown(state, integration, asked, kind, approval)
    here = f"{path_to(request, 'show_waiting', name=visit.name)}?{request.url.query}"
    context: dict[str, Any] = {"visit": visit, "tab": "Waiting", "asked": asked, "here": here}
    return answer(request, shown, "waiting/page.html", **context)


def _shown(
    state: StateReader,
    integration: Integration,
    asked: _Asked,
    kind: Kind | None,
    approval: ApprovalAsked | None,
) -> Waiting:
    waits = state.waits([one.external for one in integration.entities])
    counts = waits.get(asked.entity, Waits()) if asked.entity else Waits.sum(waits.values())
    chosen = kind or _first(counts)
    return Waiting(
        name=integration.name,
        entity=asked.entity,
        kind=chosen,
        rejected_count=counts.rejected,
        conflicts_count=counts.conflicts,
        deletions_count=counts.deletions,
        deferred_count=counts.deferred,
        entities=tuple(_entity(name, waits[name]) for name in sorted(waits)),
        approval=approval,
        **{chosen: _list(state, integration, asked, chosen, waits)},
    )


def _first(counts: Waits) -> Kind:
    kinds: tuple[Kind, ...] = get_args(Kind)
    return next((kind for kind in kinds if getattr(counts, kind)), kinds[0])


def _list(
    state: StateReader,
    integration: Integration,
    asked: _Asked,
    kind: Kind,
    waits: Mapping[str, Waits],
) -> Shown:
    one = asked.one
    if kind == "rejected":
        return shown_rejected(state, one, reason=asked.reason, before=asked.before, size=SIZE)
    if kind == "conflicts":
        return shown_conflicts(state, integration, one, page=asked.page, size=CONFLICTS)
    if kind == "deletions":
        some = [name for name in sorted(waits) if waits[name].deletions and one in (None, name)]
        return shown_deletions(state, integration, some, page=asked.page, size=SIZE)
    return shown_deferred(state, integration, one, size=SIZE)


def _entity(name: str, waits: Waits) -> EntityWaits:
    return EntityWaits(
        entity=name,
        rejected=waits.rejected,
        conflicts=waits.conflicts,
        deletions=waits.deletions,
        deferred=waits.deferred,
    )
