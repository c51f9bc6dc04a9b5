"""The filter builder: conditions put together, said in words, and counted live.

The server keeps nothing: every request brings the conditions as the form has them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tandem.core.filters.relations import SideName
from tandem.editing import filter_tree as tree
from tandem.editing.changes import Set, edits_of
from tandem.editing.filter_tree import At, Part
from tandem.errors import TandemError
from tandem.state.protocols import StateReader
from tandem.sync.job import Request as Asked
from tandem.sync.people import counting
from tandem.sync.people.counting import FILTER_KEYS, Amount, Counted
from tandem.web.access import AtDesk, Edits, Reads, Runs, Visit
from tandem.web.answers import Problem, Shown, answer, is_fragment
from tandem.web.desk import Desk
from tandem.web.mapping.drafts import Drafted, drafted_answer
from tandem.web.mapping.filter_place import FilterPlace, place_of_filter
from tandem.web.mapping.filter_shown import Building, Filter
from tandem.web.mapping.shown import Edited
from tandem.web.texts import number

router = APIRouter(tags=["mapping"])

_LIKE_A_FILE: Final = (
    "The filter as an integration file has it. Lists may be objects with numbers as keys, as forms "
    "send them, and values texts."
)
_PATH: Final = "/integrations/{name}/mapping/filter"


class Filtering(Drafted):
    """A condition as the filter of one side of an entity mapping."""

    side: SideName = Field("external", description="The side that it filters.")
    condition: Any = Field(description=f"{_LIKE_A_FILE} Null: no filter.")


class Built(Drafted):
    """A filter while it is built, and what is done to it."""

    side: SideName = Field("external", description="The side that it filters.")
    condition: Any = Field(None, description=f"{_LIKE_A_FILE} Left out: that of the draft.")
    do: Literal["look", "shape", "add", "group", "remove", "switch"] = Field(
        "look",
        description="What is done to the part `at`: `add` a condition or a `group` to it, "
        "`remove` it, or `switch` between and and or; `look` and `shape` do nothing, and differ "
        "in what of the page they show.",
    )
    at: str = Field(
        "",
        pattern=r"^(\d{1,4}(\.\d{1,4})*)?$",
        description="Positions from the outermost group on, such as `1.0`; empty: that group.",
    )


class Matching(Shown):
    """How many records a filter lets through."""

    matching: int
    matching_among: int | None
    """Null: of all records. Otherwise only so many were looked at, and there are more."""
    total: int
    """Records without the filter."""
    is_total_exact: bool
    """Whether all were counted; otherwise there are more."""
    text: str
    """The same in words."""


@router.get(_PATH, response_model=Filter)
def show_filter(
    request: Request, visit: Reads, desk: AtDesk, entity: str, side: SideName = "external"
) -> Response:
    """The download filter (side external) or upload filter (side local) of an entity mapping, as
    the file has it: what it means, what is wrong with it, and what could be compared.
    """
    built = Built(entity=entity, side=side)
    return answer(request, _shown(desk, visit, built), "mapping/filter.html", visit=visit)


@router.post(_PATH, response_model=Filter)
def build_filter(request: Request, visit: Reads, desk: AtDesk, built: Built) -> Response:
    """The same of the draft's filter, or of a condition that is being built, after one more thing
    is done to it. Nothing is kept of that.
    """
    shown = _shown(desk, visit, built)
    if "condition" not in built.model_fields_set:
        template = "mapping/filter.html"
    else:
        template = f"mapping/filter_{'outcome' if built.do == 'look' else 'tree'}.html"
    return answer(request, shown, template, visit=visit, done=built.do, at=built.at)


@router.post(f"{_PATH}/count", response_model=Matching)
def count_matching(request: Request, visit: Runs, desk: AtDesk, filtering: Filtering) -> Response:
    """How many records of that side match the condition now, as a run would read them: the system
    is asked.
    """
    try:
        place = place_of_filter(desk, visit, filtering, filtering.side)
        with desk.job(visit.name, Asked(desk.run_id("count"))) as run:
            building = _building(place, filtering.condition, run.state)
            counted = counting.count_matching(run, building.tried())
    except TandemError as error:
        if not is_fragment(request):
            raise
        problem = Problem(problem=error.problem, remedy=error.remedy)
        return answer(request, problem, "mapping/filter_uncounted.html")
    return answer(request, _matching(counted), "mapping/filter_count.html")


@router.post(f"{_PATH}/use", response_model=Edited)
def use_filter(request: Request, visit: Edits, desk: AtDesk, filtering: Filtering) -> Response:
    """Put the condition into the draft as the filter of that side; null: the filter goes. Nothing
    is saved yet.
    """
    place = place_of_filter(desk, visit, filtering, filtering.side)
    with desk.state(visit.name) as state:
        building = _building(place, filtering.condition, state)
    building.refuse_incomplete()
    key = FILTER_KEYS[filtering.side]
    change = Set(place=("entities", place.at), key=key, value=building.value)
    after = place.opened.after(edits_of(place.opened.value, change))
    entity = filtering.entity
    return drafted_answer(request, visit, after, entity=entity, changed=[entity] if entity else [])


def _shown(desk: Desk, visit: Visit, built: Built) -> Filter:
    place = place_of_filter(desk, visit, built, built.side)
    given = "condition" in built.model_fields_set
    with desk.state(visit.name) as state:
        building = _building(place, built.condition if given else place.value, state)
    if built.do in _DONE:
        building = building.changed(_DONE[built.do], _at(built.at))
    return building.shown(is_there=place.value is not None)


def _building(place: FilterPlace, condition: Any, state: StateReader) -> Building:
    return Building(tree.tree_of(condition), place.tried(state))


def _at(text: str) -> At:
    return tuple(map(int, text.split("."))) if text else ()


_DONE: Final[Mapping[str, Callable[[Part, At], Part]]] = {
    "add": tree.added,
    "group": tree.grouped,
    "remove": tree.removed,
    "switch": tree.switched,
}


def _matching(counted: Counted) -> Matching:
    matching, total = counted.matching, counted.total
    return Matching(
        matching=matching.number,
        matching_among=matching.among_first,
        total=total.number,
        is_total_exact=total.is_exact,
        text=_in_words(matching, total),
    )


def _in_words(matching: Amount, total: Amount) -> str:
    if matching.among_first is not None:
        if matching.number == matching.among_first:
            return f"More than {number(matching.number)} records match."
        looked_at = number(matching.among_first)
        return (
            f"{number(matching.number)} of the first {looked_at} records match. The system does "
            "not count them itself, and no more were looked at."
        )
    if not total.is_exact:
        return f"{number(matching.number)} of more than {number(total.number)} records match."
    return f"{number(matching.number)} of {number(total.number)} records match."
