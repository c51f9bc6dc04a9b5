"""The plan of each entity that was carried out last, or begun: what was read or planned before it
is not carried out any more. And the try that does it: what an earlier one still writes is refused.
"""

from dataclasses import dataclass
from secrets import token_hex

from sqlalchemy import or_, select, update

from tandem.errors import Stale
from tandem.state.scope import Scope, insert_new, wait_for_locks
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


def begin(scope: Scope, begun: Begun, *, after: str | None) -> str | None:
    """A new try carries out the plan from now on; its id. None, and nothing is done, unless the
    last plan that was begun is this one or `after`.
    """
    wait_for_locks(scope.connection)
    new = {"plan": begun.plan, "run_id": begun.run_id, "try_id": token_hex(8)}
    if not insert_new(scope.connection, table, {**scope.place, **new}):
        expected = or_(table.c.plan == begun.plan, table.c.plan == after)
        taken = update(table).where(*scope.mine(table), expected).values(new)
        if not scope.connection.execute(taken).rowcount:
            return None
    return new["try_id"]


def stop(scope: Scope) -> None:
    """Whoever carries out a plan of the entity is overtaken."""
    wait_for_locks(scope.connection)
    scope.connection.execute(update(table).where(*scope.mine(table)).values(try_id=token_hex(8)))


def check(scope: Scope, try_id: str) -> None:
    """Raise Stale unless that try carries out the entity's plan until the transaction ends."""
    mine = select(table.c.run_id).where(*scope.mine(table, try_id=try_id))
    if scope.connection.execute(mine.with_for_update(read=True)).first() is None:
        raise Stale(
            f"Another task took over the loading of {scope.entity} from this one.",
            remedy="Nothing was lost: what this one had not finished is left to the other.",
        )
