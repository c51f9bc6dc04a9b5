"""Whose records the links and anchors of an integration are about."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from tandem.model.identity import Identity
from tandem.state.scope import Scope
from tandem.state.tables import identity as table


def found(scope: Scope, side: str) -> Identity | None:
    """The one that was noted last; None where none was."""
    query = select(table.c.id, table.c.name).where(*scope.mine(table, side=side))
    row = scope.connection.execute(query).first()
    return Identity(id=row.id, name=row.name) if row else None


def note(scope: Scope, side: str, identity: Identity, at: datetime) -> None:
    """From now on they are about this one."""
    scope.connection.execute(delete(table).where(*scope.mine(table, side=side)))
    row = {**scope.place, "side": side, "id": identity.id, "name": identity.name}
    scope.connection.execute(insert(table).values(**row, updated_at=at))
