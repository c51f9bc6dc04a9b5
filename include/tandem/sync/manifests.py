"""What one step hands to the next: names of staged batches and counts, small enough for XCom."""

from tandem.model.changes import Anchor, Counts
from tandem.model.schema import Model


class Extracted(Model):
    """What was read of one entity."""

    entity: str
    mode: str
    """`full` or `incremental`."""
    mapping_hash: str
    """What the mapping was when this was read."""
    records: int
    paths: tuple[str, ...]
    unreadable_paths: tuple[str, ...] = ()
    gone_paths: tuple[str, ...] = ()
    """Ids of records that waited and are not there any more."""
    after_run: str | None = None
    """The run that had synced the entity last when this was read."""
    anchor: Anchor | None = None
    """Where the anchor may move to once all of this is accounted for."""


class Planned(Model):
    """What is to be done about it."""

    entity: str
    mode: str
    mapping_hash: str
    records: int
    counts: Counts
    """What needs no write: unchanged records."""
    paths: tuple[str, ...]
    unreadable_paths: tuple[str, ...] = ()
    gone_paths: tuple[str, ...] = ()
    anchor: Anchor | None = None


class Loaded(Model):
    """What became of it."""

    entity: str
    mode: str
    counts: Counts
