"""Conflicts: listed, and decided by a person."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Literal

import pyarrow as pa

from tandem.state.conflicts import ConflictEntry
from tandem.state.protocols import StateReader
from tandem.sync.job import Run
from tandem.sync.people.asked import Became, became, refuse_unknown, run_asked
from tandem.sync.people.rejected import ALL
from tandem.sync.report import RunReport

Winner = Literal["local", "external"]
_POLICIES: Final = {"local": "local_wins", "external": "external_wins"}


def open_conflicts(
    state: StateReader,
    integration: str,
    entities: Sequence[str] = (),
    ids: Sequence[str] = (),
    limit: int = ALL,
) -> list[ConflictEntry]:
    """Conflicts that wait for a person, newest first; `ids` are of either side.

    ConfigurationError for an id that has none.
    """
    if ids:
        found = [c for id_ in ids for c in state.conflicts(record_id=id_, limit=limit)]
        known = [id_ for c in found for id_ in (c.external_id, c.local_id)]
        refuse_unknown(ids, known, "conflicts", f"tandem conflicts {integration}")
    else:
        found = state.conflicts(limit=limit)
    chosen = [entry for entry in found if not entities or entry.entity in entities]
    return list({(c.entity, c.external_id, c.local_id): c for c in chosen}.values())


def decide(
    run: Run, chosen: Sequence[ConflictEntry], winner: Winner
) -> tuple[RunReport, list[Became]]:
    """Let that side win these conflicts, at once; what became of each.

    Both records are read anew, so that what changed since is not lost unseen.
    """
    for (entity, side), ids in _by_side(chosen).items():
        run.state.recheck(
            entity,
            side,
            pa.array(ids, pa.string()),
            reason=f"decided: {winner} wins",
            at=run.now(),
            policy=_POLICIES[winner],
        )
    report = run_asked(run, [entry.entity for entry in chosen])
    return report, [became(run, c.entity, c.external_id, c.local_id) for c in chosen]


def _by_side(chosen: Sequence[ConflictEntry]) -> dict[tuple[str, str], list[str]]:
    found = defaultdict(list)
    for entry in chosen:
        for side, id_ in (("external", entry.external_id), ("local", entry.local_id)):
            if id_ is not None:
                found[entry.entity, side].append(id_)
    return found
