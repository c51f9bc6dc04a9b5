"""What a run finds, plans and reports."""

from enum import StrEnum

from tandem.model.schema import ChangeTracking, Model


class Anchor(Model):
    """How far one side of one entity mapping has been read and accounted for."""

    kind: ChangeTracking
    value: str
    """A number as text, or an ISO 8601 instant with microseconds: never compared as text."""


class Action(StrEnum):
    """What a plan does to one record of the side that is written."""

    CREATE = "create"
    UPDATE = "update"
    LINK = "link"
    """The partner was found by primary key: link it and give it the other side's values."""
    DELETE = "delete"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    REJECT = "reject"


class Counts(Model):
    """Records of one entity (or of all) in one run, by what became of them."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: int = 0
    conflicts: int = 0
    deferred: int = 0
    """Records that wait for the partner of a lookup; they count as created or updated too."""
    superseded: int = 0
    """Records that another run has dealt with in the meantime; left to the next run."""

    @property
    def all(self) -> int:
        """Every record that the run dealt with, once."""
        done = self.created + self.updated + self.deleted + self.unchanged
        return done + self.failed + self.conflicts + self.superseded

    def __add__(self, other: "Counts") -> "Counts":
        mine, theirs = self.model_dump(), other.model_dump()
        return Counts(**{name: mine[name] + theirs[name] for name in mine})


def results_line(counts: Counts, created_word: str = "IMPORTED") -> str:
    """The product's result line: `RESULTS: ALL (15) : IMPORTED (13); UPDATED (2); FAILED (0)`.

    `created_word` is IMPORTED for a download and EXPORTED for an upload.
    """
    always = [
        f"{created_word} ({counts.created})",
        f"UPDATED ({counts.updated})",
        f"FAILED ({counts.failed})",
    ]
    rest = [
        f"{name.upper()} ({count})"
        for name in ("unchanged", "deleted", "conflicts", "deferred", "superseded")
        if (count := getattr(counts, name))
    ]
    return f"RESULTS: ALL ({counts.all}) : " + "; ".join(always + rest)
