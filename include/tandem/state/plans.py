"""The plan of each entity that was carried out last, or begun: what was read or planned before it
is not carried out any more. And the try that does it: what an earlier one still writes is refused.
"""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from tandem.errors import StopRun
from tandem.state.scope import Scope
from tandem.state.tables import plan as table


@dataclass(frozen=True, slots=True)
class Begun:
    """A plan that a run has begun to carry out."""

    plan: str
    run_id: str


def last(scope: Scope) -> Begun | None:
    """The last plan of the entity that was begun."""
    query = select(table.c.plan, table.c.run_id).where(*scope.mine(table))
    found = scope.connection.execute(query).first()
    return Begun(*found) if found else None


def begin(scope: Scope, begun: Begun, try_id: str) -> None:
    """This try carries out the plan from now on."""
    scope.connection.execute(delete(table).where(*scope.mine(table)))
    row = {**scope.place, "plan": begun.plan, "run_id": begun.run_id, "try_id": try_id}
    scope.connection.execute(insert(table).values(row))


def check(scope: Scope, try_id: str) -> None:
    """Raise StopRun unless that try carries out the entity's plan until the transaction ends."""
    mine = select(table.c.run_id).where(*scope.mine(table, try_id=try_id))
    if scope.connection.execute(mine.with_for_update(read=True)).first() is None:
        raise StopRun(
            f"Another try took over the loading of {scope.entity} from this one.",
            remedy="Nothing was lost: what this try had not finished is left to the other.",
        )
