"""How far a side has been read: which strategy, where to read on, and what the next anchor is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import pyarrow as pa

from tandem.core.values import canonical_text
from tandem.model.changes import Anchor
from tandem.model.filters import Comparison
from tandem.model.integration import EntityMapping
from tandem.model.schema import ChangeTracking, Entity, Kind

_ORDERED: Final = {
    Kind.INT64: ChangeTracking.VERSION,
    Kind.DECIMAL: ChangeTracking.VERSION,
    Kind.INSTANT: ChangeTracking.TIMESTAMP,
}

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)

SEEN: Final = {
    ChangeTracking.DELTA: "which sees all that the system tracks",
    ChangeTracking.VERSION: "which does not see records committed late with a smaller version",
    ChangeTracking.TIMESTAMP: "which does not see records committed later than the overlap",
    ChangeTracking.SNAPSHOT: "which sees everything, and reads everything in every run",
}
"""What a strategy sees, and what not, for people."""
SEES_SETTLED: Final = "which stops before what may still be committed, and so sees everything"
"""The same of versions whose system says how far they are settled."""


def version_field(mapping: EntityMapping, entity: Entity) -> str | None:
    """The field that orders changes: the user's choice, or the best that the metadata offers."""
    return mapping.version_number or best_version_field(entity)


def best_version_field(entity: Entity) -> str | None:
    """The best field that the metadata offers for ordering changes, if any."""
    fields = (entity.by_name.get(name) for name in entity.capabilities.version_fields)
    return next((field.name for field in fields if field and field.kind in _ORDERED), None)


def tracking_by(entity: Entity, field: str | None) -> ChangeTracking:
    """How changes of the entity are read when that field orders them."""
    if field is None:
        return ChangeTracking.SNAPSHOT
    return _ORDERED.get(entity.field(field).kind, ChangeTracking.SNAPSHOT)


def read_on(anchor: Anchor, field: str, overlap: timedelta) -> Comparison:
    """The condition for changes since the anchor.

    Versions: from the anchor itself, so that ties are never lost. Timestamps: from the anchor
    less the overlap, floored to the second. Repeats are recognised by their hash.
    """
    if anchor.kind is ChangeTracking.VERSION:
        version = Decimal(anchor.value)
        whole = int(version)
        return Comparison(field=field, operator="ge", value=whole if whole == version else version)
    moment = datetime.fromisoformat(anchor.value)
    since = moment - min(overlap, moment - _BEGINNING)
    return Comparison(field=field, operator="ge", value=since.replace(microsecond=0))


def anchor_at(kind: ChangeTracking, greatest: pa.Scalar) -> Anchor | None:
    """The anchor at the greatest value that the system had; None where it has no records."""
    if not greatest.is_valid:
        return None
    value = greatest.as_py()
    if kind is ChangeTracking.VERSION:
        text = canonical_text(pa.array([value], greatest.type))[0].as_py()
    else:
        text = value.astimezone(UTC).isoformat(timespec="microseconds")
    return Anchor(kind=kind, value=text)


def later(old: Anchor | None, new: Anchor | None) -> Anchor | None:
    """Where the anchor stands after a run: it never moves back."""
    if old is None or new is None or old.kind is not new.kind:
        return new or old
    if new.kind is ChangeTracking.DELTA:  # only the system knows the order of its tokens
        return new
    return max(old, new, key=_position)


def _position(anchor: Anchor) -> tuple[Decimal, datetime]:
    if anchor.kind is ChangeTracking.VERSION:
        return Decimal(anchor.value), _BEGINNING
    return Decimal(0), datetime.fromisoformat(anchor.value)
