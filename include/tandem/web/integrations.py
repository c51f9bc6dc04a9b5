"""The list of integrations."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tandem.airflow.host import May
from tandem.web.access import AtDesk, Reads, SignedIn, what_may
from tandem.web.answers import Problem, Shown, answer, path_to

router = APIRouter(tags=["integrations"])


class Listed(Shown):
    name: str


class Integrations(Shown):
    integrations: tuple[Listed, ...]


@router.get("/", response_model=Integrations)
def list_integrations(request: Request, desk: AtDesk, user: SignedIn) -> Response:
    """All integrations that the user may read."""
    names = list(desk.files())
    may = what_may(desk.host, user, names)
    shown = Integrations(
        integrations=tuple(Listed(name=name) for name in names if May.READ in may[name])
    )
    return answer(request, shown, "integrations/list.html", user=user)


@router.get("/integrations/{name}", response_model=Listed)
def show_integration(request: Request, visit: Reads) -> Response:
    """One."""
    return answer(
        request, Listed(name=visit.name), "integrations/one.html", visit=visit, tab="Overview"
    )


@router.get("/dags/{dag_id}", include_in_schema=False)
def show_dag(request: Request, dag_id: str, user: SignedIn, desk: AtDesk) -> Response:
    """The pages of the integration that a DAG belongs to: Airflow's tab on every DAG."""
    name = dag_id.rpartition("__")[0]
    if name in desk.files():
        return RedirectResponse(path_to(request, "show_integration", name=name))
    problem = Problem(problem=f"{dag_id} is no DAG of Tandem's.")
    return answer(request, problem, "problem.html", status=404, user=user)
