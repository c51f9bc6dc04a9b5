"""What a two-way sync does to each pair of records: pure, by columns.

First how each side stands to what both agreed on, then one table (`tandem.core.pairs.DECISIONS`)
that says what follows from it, then, where both records are there, field by field
(`tandem.core.merge`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from tandem.core.decided import winner_among
from tandem.core.fields import BoundField
from tandem.core.lookup_parts import fields_together, merge_parts, policy_of
from tandem.core.merge import (
    EXTERNAL,
    LOCAL,
    NOBODY,
    FieldPair,
    Flags,
    Merged,
    Terms,
    Ways,
    Winners,
    chosen,
)
from tandem.core.pairs import DECISIONS, Do, Pairs, Refusal, Rules, Seen, Stand
from tandem.core.refusals import refusals_of
from tandem.model.changes import Action
from tandem.model.integration import OnConflict

_CODES: Final = {do: np.int8(code) for code, do in enumerate(Do)}
_TABLE: Final = np.array(
    [[_CODES[DECISIONS[external, local]] for local in Seen] for external in Seen]
)
_POLICIES: Final[Mapping[OnConflict, int]] = {
    "external_wins": EXTERNAL,
    "local_wins": LOCAL,
    "review": NOBODY,
}


@dataclass(frozen=True, slots=True)
class PairPlan:
    """What is to be done to each pair."""

    actions: pa.Array
    local: pa.Array
    """create, update, delete or null: what is written to the local side."""
    external: pa.Array
    reasons: pa.Array
    """Why a record is rejected or a conflict."""
    rejects_local: Flags
    """Whether it is the local record that is rejected, not the external one."""
    waits: Flags
    """Whether a rejected record, or a field of an applied one, waits for another record."""
    clashes: Flags
    """Whether both sides changed the same field, differently."""
    unlinks: Flags
    """Whether both records are gone."""
    accounted: Flags
    """Whether the pair's link has to be written or removed once this is done."""
    fields: Mapping[str, Merged]


def plan_pairs(fields: Sequence[BoundField], pairs: Pairs, rules: Rules) -> PairPlan:
    """Decide for each pair; all columns have one row a pair."""
    does = _Does(_decisions(pairs, rules))
    merged = _merged(fields, pairs, rules, does)
    creates = does.are(Do.CREATE_LOCAL), does.are(Do.CREATE_EXTERNAL)
    writes = Ways(down=does.write() & rules.downloads, up=does.write() & rules.uploads)
    refusals = refusals_of(fields, pairs, merged, writes, creates)
    rejects = _rows(refusals, len(pairs.linked))
    merges = does.are(Do.MERGE)
    asks = does.are(Do.RESTORE_LOCAL, Do.RESTORE_EXTERNAL) | (merges & _any(merged, "undecided"))
    conflicts = asks & ~rejects
    free = ~rejects & ~conflicts
    # A record whose partner is created gets nothing from it, but its own side's constants.
    kept = merges | creates[1], merges | creates[0]
    waits = [row for row, refusal in refusals.items() if refusal.waits]
    return PairPlan(
        actions=_actions(does, pairs, merged, rejects, conflicts),
        local=_choose(
            (free & does.are(Do.CREATE_LOCAL), "create"),
            (free & does.are(Do.DELETE_LOCAL), "delete"),
            (free & kept[0] & _any(merged, "to_local"), "update"),
        ),
        external=_choose(
            (free & does.are(Do.CREATE_EXTERNAL), "create"),
            (free & does.are(Do.DELETE_EXTERNAL), "delete"),
            (free & kept[1] & _any(merged, "to_external"), "update"),
        ),
        reasons=_reasons(refusals, conflicts, does),
        rejects_local=_rows([r for r, why in refusals.items() if why.of_local], len(free)),
        waits=_rows(waits, len(free)) | (free & does.write() & _any(merged, "deferred")),
        clashes=merges & ~rejects & _any(merged, "clashes"),
        unlinks=free & does.are(Do.UNLINK),
        accounted=free & ~does.are(Do.NOTHING),
        fields=merged,
    )


@dataclass(frozen=True, slots=True)
class _Does:
    """What follows for each pair."""

    codes: Stand

    def are(self, *does: Do) -> Flags:
        """Where it is one of these."""
        return np.isin(self.codes, [_CODES[do] for do in does])

    def write(self) -> Flags:
        """Where both records, or one that is created, take values of the other side."""
        return self.are(Do.MERGE, Do.CREATE_LOCAL, Do.CREATE_EXTERNAL)


def _decisions(pairs: Pairs, rules: Rules) -> Stand:
    found = _TABLE[pairs.external, pairs.local]
    winners = np.where(pairs.decided != NOBODY, pairs.decided, _POLICIES.get(rules.on_conflict, 0))
    by_person = pairs.decided != NOBODY
    # Where deletions do not count, what is gone on one side is the other's own affair.
    restores = by_person | rules.propagates_deletes
    changes = (
        (Do.RESTORE_LOCAL, (winners == EXTERNAL) & restores, Do.CREATE_LOCAL),
        (Do.RESTORE_LOCAL, pairs.decided == LOCAL, Do.DELETE_EXTERNAL),
        (Do.RESTORE_EXTERNAL, (winners == LOCAL) & restores, Do.CREATE_EXTERNAL),
        (Do.RESTORE_EXTERNAL, pairs.decided == EXTERNAL, Do.DELETE_LOCAL),
        (Do.CREATE_EXTERNAL, ~pairs.linked & rules.replaces, Do.DELETE_LOCAL),
    )
    decided = found.copy()
    for do, where, instead in changes:
        decided[(found == _CODES[do]) & where] = _CODES[instead]
    decided[(decided == _CODES[Do.CREATE_EXTERNAL]) & ~pairs.in_scope] = _CODES[Do.NOTHING]
    for do in _other_ways(rules):
        decided[decided == _CODES[do]] = _CODES[Do.NOTHING]
    if not rules.propagates_deletes:
        deleting = [Do.DELETE_EXTERNAL] + ([] if rules.replaces else [Do.DELETE_LOCAL])
        decided[np.isin(found, [_CODES[do] for do in deleting])] = _CODES[Do.NOTHING]
        asking = [_CODES[Do.RESTORE_LOCAL], _CODES[Do.RESTORE_EXTERNAL]]
        decided[np.isin(decided, asking)] = _CODES[Do.NOTHING]
    return decided


def _other_ways(rules: Rules) -> list[Do]:
    """What writes to a side that this mapping or this run does not write to."""
    down = [Do.CREATE_LOCAL, Do.DELETE_LOCAL, Do.RESTORE_LOCAL]
    up = [Do.CREATE_EXTERNAL, Do.DELETE_EXTERNAL, Do.RESTORE_EXTERNAL]
    return [*([] if rules.downloads else down), *([] if rules.uploads else up)]


def _merged(
    fields: Sequence[BoundField], pairs: Pairs, rules: Rules, does: _Does
) -> dict[str, Merged]:
    """Field by field, a lookup in parts as one; a record that is created has no base, whatever
    its link says.
    """
    fresh = does.are(Do.CREATE_LOCAL, Do.CREATE_EXTERNAL)
    everywhere = np.ones(len(fresh), np.bool_)
    ways = Ways(down=everywhere & rules.downloads, up=pairs.in_scope & rules.uploads)
    replaced = ~pairs.linked & ~fresh & rules.replaces
    found: dict[str, Merged] = {}
    for parts in fields_together(fields):
        mine = {field.name: pairs.fields[field.name] for field in parts}
        winners = _winners(policy_of(parts, rules.on_conflict), pairs, mine)
        terms = [
            Terms(
                field.downloads,
                everywhere & field.uploads & (fresh | (not field.identifies)),
                winners,
                replaced,
                field.turns,
            )
            for field in parts
        ]
        both = [_of_fresh(pairs.fields[field.name], fresh) for field in parts]
        merged = merge_parts(both, terms, ways)
        found |= {field.name: one for field, one in zip(parts, merged, strict=True)}
    return {field.name: found[field.name] for field in fields}


def _of_fresh(pair: FieldPair, fresh: Flags) -> FieldPair:
    if not fresh.any():
        return pair
    return replace(
        pair,
        external_base=_nulled(pair.external_base, fresh),
        local_base=_nulled(pair.local_base, fresh),
    )


def _winners(policy: OnConflict, pairs: Pairs, parts: Mapping[str, FieldPair]) -> Winners:
    """Who wins a field, or the parts of one lookup, where both sides changed it."""
    by_policy = pairs.newer if policy == "newest_wins" else np.int8(_POLICIES[policy])
    winners: Winners = np.where(pairs.decided != NOBODY, pairs.decided, by_policy)
    for row, choices in pairs.choices.items():
        winners[row] = winner_among(choices, parts, row)
    return winners


def _actions(
    does: _Does, pairs: Pairs, merged: Mapping[str, Merged], rejects: Flags, conflicts: Flags
) -> pa.Array:
    merges = does.are(Do.MERGE)
    return _choose(
        (rejects, Action.REJECT),
        (conflicts, Action.CONFLICT),
        (does.are(Do.CREATE_LOCAL, Do.CREATE_EXTERNAL), Action.CREATE),
        (does.are(Do.DELETE_LOCAL, Do.DELETE_EXTERNAL), Action.DELETE),
        (merges & ~pairs.linked, Action.LINK),
        (merges & (_any(merged, "to_local") | _any(merged, "to_external")), Action.UPDATE),
        otherwise=Action.UNCHANGED,
    )


_DELETED_HERE: Final = "changed on the external side, deleted on the local one"
_DELETED_THERE: Final = "changed on the local side, deleted on the external one"
_BOTH: Final = "both sides changed the same field"


def _reasons(refusals: Mapping[int, Refusal], conflicts: Flags, does: _Does) -> pa.Array:
    reasons = {row: refusal.reason for row, refusal in refusals.items()}
    local, external = does.are(Do.RESTORE_LOCAL), does.are(Do.RESTORE_EXTERNAL)
    for row in np.flatnonzero(conflicts).tolist():
        reasons[row] = _DELETED_HERE if local[row] else _DELETED_THERE if external[row] else _BOTH
    return pa.array([reasons.get(row) for row in range(len(conflicts))], pa.string())


def _choose(*choices: tuple[Flags, str], otherwise: str | None = None) -> pa.Array:
    """For each row the first choice whose flag is set."""
    names = pa.array([otherwise, *(name for _, name in choices)], pa.string())
    places = np.select([flag for flag, _ in choices], list(range(1, len(names))), 0)
    return names.take(pa.array(places))


def _any(merged: Mapping[str, Merged], what: str) -> Flags:
    found: Flags = np.logical_or.reduce([getattr(field, what) for field in merged.values()])
    return found


def _nulled(values: pa.Array, where: Flags) -> pa.Array:
    return chosen((where, pa.nulls(len(values), values.type)), otherwise=values)


def _rows(rows: Iterable[int], length: int) -> Flags:
    found = np.zeros(length, np.bool_)
    found[list(rows)] = True
    return found
