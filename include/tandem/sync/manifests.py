"""What one step hands to the next: names of staged batches and counts, small enough for XCom."""

from pydantic import Field

from tandem.model.changes import Anchor, Counts
from tandem.model.schema import Model


class Read(Model):
    """What was read of one side of an entity."""

    mode: str
    """`full` or `incremental`."""
    records: int
    paths: tuple[str, ...]
    unreadable_paths: tuple[str, ...] = ()
    gone_paths: tuple[str, ...] = ()
    """Ids of records that waited and are not there any more."""
    vanished_paths: tuple[str, ...] = ()
    """Ids of linked records that were not listed: they are gone, or out of the filter."""
    was_empty: bool = False
    """There was nothing at all: what is missing then is no proof that it was deleted."""
    anchor: Anchor | None = None
    """Where the anchor may move to once all of this is accounted for."""


class SidePart(Model):
    """What one part of a reading reads of one side."""

    name: str | None = None
    """The part, as the connector named it; None: the side is not split, all of it."""
    anchor: Anchor | None = None
    """Of a side that is split: where the anchor may move to once all parts are accounted for."""


class Part(Model):
    """One part of the reading of an entity."""

    entity: str
    reading: str
    """Which reading it is a part of: parts of different ones never come together."""
    number: int
    of: int
    after_plan: str | None = None
    """The plan of the entity that was begun last when the reading was split."""
    sides: dict[str, SidePart] = Field(default_factory=dict)
    """What it reads of `external` and `local`; of a side that is not named nothing."""


class Extracted(Model):
    """What was read of one entity."""

    entity: str
    part: Part | None = None
    """The part of the reading that this is; None: all of it."""
    mapping_hash: str
    """What the mapping was when this was read."""
    after_plan: str | None = None
    """The plan of the entity that was begun last when this was read."""
    external: Read | None = None
    """None where nothing is downloaded."""
    local: Read | None = None
    """None where nothing is uploaded."""

    @property
    def mode(self) -> str:
        """How it was read, for people: the external side's way where there is one."""
        return self.mode_of("download") or self.mode_of("upload")

    def mode_of(self, direction: str) -> str:
        """How the side that records come from in that direction was read."""
        read = self.of_side("external" if direction == "download" else "local")
        return read.mode if read else ""

    def of_side(self, side: str) -> Read | None:
        """What was read of the external or the local side."""
        return self.external if side == "external" else self.local


class PlannedPairs(Model):
    """Staged plans of pairs, by what has to be done to them, in that order."""

    upload_paths: tuple[str, ...] = ()
    """Written to the external side, and perhaps to the local one."""
    paths: tuple[str, ...] = ()
    """All others but deletions."""
    delete_paths: tuple[str, ...] = ()
    withheld_paths: tuple[str, ...] = ()
    """Deletions that wait for a person's approval."""
    withheld: int = 0
    """How many these are."""


class Planned(Model):
    """What is to be done about it."""

    entity: str
    plan: str
    """Which plan this is: no other has the same."""
    mode: str
    mapping_hash: str
    after_plan: str | None = None
    """The plan of the entity that was begun last when this was read."""
    counts: Counts
    """What needs no write: unchanged external records."""
    upload_counts: Counts = Counts()
    """Unchanged local records."""
    paths: tuple[str, ...] = ()
    """Plans of external records, where they are only downloaded."""
    pairs: PlannedPairs = PlannedPairs()
    external: Read | None = None
    local: Read | None = None
    cuts: dict[str, int] = Field(default_factory=dict)
    """Field → how many of its values are cut to fit."""


class Loaded(Model):
    """What became of it."""

    entity: str
    mode: str
    counts: Counts
    """Of what was written to the local side, and of the external records that were read."""
    upload_counts: Counts = Counts()
    """Of what was written to the external side, and of the local records that were read."""
    withheld: int = 0
    """Deletions that wait for approval."""
    kept: str = ""
    """Where the local records are that a first sync removed."""
    cuts: dict[str, int] = Field(default_factory=dict)
    """Field → how many of its values were cut to fit."""
