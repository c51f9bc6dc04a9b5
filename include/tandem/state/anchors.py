"""Anchors: how far each side has been read and accounted for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select, update

from tandem.core.anchors import later
from tandem.model.asked import Asked, parsed
from tandem.model.changes import Anchor
from tandem.state.scope import Scope
from tandem.state.tables import syncanchor

_DOUBTED: Final = ""
"""In place of the mapping's hash: all is read once more."""


@dataclass(frozen=True, slots=True)
class SetAnchor:
    """An anchor, and the mapping that it was set under."""

    anchor: Anchor
    mapping_hash: str
    asked: str | None
    """JSON that tells what was asked for then; None: that is not known."""

    @property
    def is_doubted(self) -> bool:
        """Whether everything has to be read once more."""
        return self.mapping_hash == _DOUBTED


def find(scope: Scope, side: str) -> SetAnchor | None:
    """The anchor of that side."""
    mine = scope.mine(syncanchor, side=side)
    row = scope.connection.execute(select(syncanchor).where(*mine)).first()
    if row is None:
        return None
    return SetAnchor(Anchor(kind=row.kind, value=row.value), row.mapping_hash, row.asked)


def move(
    scope: Scope, side: str, anchor: Anchor, *, mapping_hash: str, asked: str | None, at: datetime
) -> None:
    """Set it; one that was set by the same field never moves back."""
    known = find(scope, side)
    before = known.anchor if known and _is_alike(known, side, mapping_hash, asked) else None
    furthest = later(before, anchor) or anchor
    _set(scope, side, SetAnchor(furthest, mapping_hash, asked), at)


def _is_alike(known: SetAnchor, side: str, mapping_hash: str, asked: str | None) -> bool:
    """Whether it says in the same terms how far the side has been read."""
    before, now = parsed(known.asked), parsed(asked)
    if before is None or now is None:
        return known.mapping_hash == mapping_hash
    return _ruler(before, side) == _ruler(now, side)


def _ruler(asked: Asked, side: str) -> str | None:
    """The field that orders changes."""
    return asked.version_field if side == "external" else asked.mapping.local_version_number


def doubt(scope: Scope) -> None:
    """Both sides are read in full once; the anchors stay where they are."""
    known = update(syncanchor).where(*scope.mine(syncanchor))
    scope.connection.execute(known.values(mapping_hash=_DOUBTED))


def _set(scope: Scope, side: str, said: SetAnchor, at: datetime) -> None:
    told = {"mapping_hash": said.mapping_hash, "asked": said.asked, "updated_at": at}
    row = {**scope.place, "side": side, **said.anchor.model_dump(), **told}
    drop(scope, side)
    scope.connection.execute(insert(syncanchor).values(row))


def drop(scope: Scope, *sides: str) -> None:
    """Forget the anchors of these sides: everything is read again."""
    for side in sides:
        scope.connection.execute(delete(syncanchor).where(*scope.mine(syncanchor, side=side)))
