"""Under which mapping the links of an entity were made, or were said anew for."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from tandem.state.scope import Scope
from tandem.state.tables import link_mapping


def found(scope: Scope) -> dict[str, str]:
    """Entity → JSON of the mapping that its links fit, where that is known."""
    query = select(link_mapping.c.entity, link_mapping.c.asked).where(*scope.mine(link_mapping))
    return {row.entity: row.asked for row in scope.connection.execute(query)}


def note(scope: Scope, asked: str, at: datetime) -> None:
    """The links say what fits this mapping."""
    drop(scope)
    row = {**scope.place, "asked": asked, "updated_at": at}
    scope.connection.execute(insert(link_mapping).values(row))


def drop(scope: Scope) -> None:
    """It is not known any more."""
    scope.connection.execute(delete(link_mapping).where(*scope.mine(link_mapping)))
