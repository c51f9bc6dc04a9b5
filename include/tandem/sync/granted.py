"""What a person was asked before a run went on, and has approved."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Granted:
    """The ceiling of what a run may delete beyond what needs no approval."""

    deletions: frozenset[int] = frozenset()
    """Ids of the transactions of withheld deletions: one that was withheld anew has another."""
    first_syncs: Mapping[str, int] = field(default_factory=dict)
    """External entities whose first sync may replace the local records → how many of these there
    were when it was asked: the most that may be there, and be removed.
    """
