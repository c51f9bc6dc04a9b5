"""Anchors: how far each side has been read and accounted for."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from tandem.core.anchors import later
from tandem.model.changes import Anchor
from tandem.state.scope import Scope
from tandem.state.tables import syncanchor


def find(scope: Scope, side: str, mapping_hash: str) -> Anchor | None:
    """The anchor of that side, if it was set under this very mapping."""
    mine = scope.mine(syncanchor, side=side, mapping_hash=mapping_hash)
    row = scope.connection.execute(select(syncanchor).where(*mine)).first()
    return Anchor(kind=row.kind, value=row.value) if row else None


def move(scope: Scope, side: str, anchor: Anchor, *, mapping_hash: str, at: datetime) -> None:
    """Set it; one that was set under the same mapping never moves back."""
    furthest = later(find(scope, side, mapping_hash), anchor) or anchor
    row = {**furthest.model_dump(), "mapping_hash": mapping_hash, "updated_at": at}
    scope.connection.execute(delete(syncanchor).where(*scope.mine(syncanchor, side=side)))
    scope.connection.execute(insert(syncanchor).values({**scope.place, "side": side, **row}))
