"""Conflicts: listed, and decided by a person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import pyarrow as pa

from tandem.core.decided import Choice, Choices, Winner, policy_text
from tandem.errors import ConfigurationError, one_of
from tandem.state.conflicts import ConflictEntry
from tandem.state.protocols import StateReader
from tandem.sync.job import Run
from tandem.sync.people.asked import Became, became, refuse_unknown, run_asked
from tandem.sync.people.rejected import ALL
from tandem.sync.report import RunReport

_AGAIN: Final = (
    "another field clashes now, or one has another value than was seen (as one has that a "
    "transform makes of another field that clashed); look again, or let one side win the whole "
    "record"
)

__all__ = ["Winner", "decide", "decide_fields", "open_conflicts"]


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
    return _decided(run, chosen, winner)


def decide_fields(
    run: Run, entry: ConflictEntry, winners: Mapping[str, Winner]
) -> tuple[RunReport, list[Became]]:
    """Let a side win each field of this conflict, at once; what became of it (one).

    `entry` is the conflict as the person saw it, `winners` name each of its fields:
    ConfigurationError names those that are missing or are none of its fields, and for a conflict
    that is not about fields. Both records are read anew; where another field clashes by then, or
    one of these holds other values than the person saw, it stays a conflict.
    """
    _check(entry, winners)
    choices = {
        name: Choice(winners[name], seen["external"], seen["local"])
        for name, seen in entry.fields.items()
    }
    report, (outcome,) = _decided(run, [entry], choices)
    id_ = entry.external_id or entry.local_id
    if report.status != "failed" and run.state.conflicts(entry.entity, record_id=id_, limit=1):
        outcome = replace(outcome, text=f"{outcome.text}: {_AGAIN}")
    return report, [outcome]


def _check(entry: ConflictEntry, winners: Mapping[str, Winner]) -> None:
    """ConfigurationError unless each field of the conflict is given, and no other."""
    if not entry.fields:
        raise ConfigurationError(
            f"The conflict of {_named(entry)} is not about fields.",
            remedy="Let one side win the whole record.",
        )
    unknown = [name for name in winners if name not in entry.fields]
    if unknown:
        raise ConfigurationError(
            f"No conflict of {_named(entry)} about {one_of(unknown)}.",
            remedy=f"Decide about {', '.join(sorted(entry.fields))}.",
        )
    missing = [name for name in entry.fields if name not in winners]
    if missing:
        raise ConfigurationError(
            f"Nobody is said to win {', '.join(sorted(missing))} of {_named(entry)}.",
            remedy="Decide about each field that both sides changed.",
        )


def _named(entry: ConflictEntry) -> str:
    return f"{entry.entity} {entry.external_id or entry.local_id}"


def _decided(
    run: Run, chosen: Sequence[ConflictEntry], decision: Winner | Choices
) -> tuple[RunReport, list[Became]]:
    who = decision if isinstance(decision, str) else "each field's own side"
    for (entity, side), ids in _by_side(chosen).items():
        run.state.recheck(
            entity,
            side,
            pa.array(ids, pa.string()),
            reason=f"decided: {who} wins",
            at=run.now(),
            policy=policy_text(decision),
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
