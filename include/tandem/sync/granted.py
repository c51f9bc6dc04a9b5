"""What a person was asked before a run went on, and has approved."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Granted:
    """The ceiling of what a run may delete beyond what needs no approval."""

    deletions: frozenset[int] = frozenset()
    """Ids of the transactions of withheld deletions: one that was withheld anew has another."""
    first_syncs: frozenset[str] = frozenset()
    """External entities whose first sync may replace the local records."""
