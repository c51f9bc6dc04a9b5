"""What a download does to each record: pure, by columns. Preview is this plan, printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.mapping import Mapped
from tandem.model.changes import Action


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is known about the records of one batch besides their own values."""

    links: pa.Table
    """Their links: external_id, local_id, base_hash."""
    matches: pa.Table
    """Local records that have the same primary key: external_id, local_id."""
    taken: pa.Table
    """Links of local records that these would get: local_id, external_id."""
    local_key_is_mapped: bool
    """The new ids are the local keys that the mapped values spell."""
    clashes: Mapping[int, str]
    """Row number → why: another external record would be as good a partner."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """One action a record, the local record it concerns, and why it is rejected."""

    actions: pa.Array
    local_ids: pa.Array
    base_hashes: pa.Array
    """What the link agreed on when this was planned; null where there was no link."""
    reasons: pa.Array
    waits: pa.Array
    """Whether a rejected record may be applied once another record has changed."""


_PROBLEM: Final = "problem"
_SAME: Final = "linked, same as the base"
_LINKED_MOVED: Final = "linked, with another local key"
_MOVED: Final = "one partner, with another local key"
_WAITS: Final = "waits for a lookup it cannot do without"
_CLASHES: Final = "not linked, and not the only one with its key"
_EDITED: Final = "linked, edited"
_AMBIGUOUS: Final = "several partners"
_TAKEN: Final = "partner belongs to another"
_MATCHED: Final = "one partner"
_NEW: Final = "no partner"

DECISIONS: Final[Mapping[str, Action]] = {
    _PROBLEM: Action.REJECT,
    _SAME: Action.UNCHANGED,
    _LINKED_MOVED: Action.REJECT,
    _EDITED: Action.UPDATE,
    _WAITS: Action.REJECT,
    _CLASHES: Action.REJECT,
    _AMBIGUOUS: Action.REJECT,
    _TAKEN: Action.REJECT,
    _MOVED: Action.REJECT,
    _MATCHED: Action.LINK,
    _NEW: Action.CREATE,
}
"""How a record stands to the local side → what is done. The first that holds counts."""

_WAITING: Final = frozenset((_WAITS, _CLASHES, _AMBIGUOUS, _TAKEN))
"""Rejected only until another record changes, so read again in every run."""


def plan_download(
    mapped: Mapped,
    new_ids: pa.Array,
    hashes: pa.Array,
    waiting: Mapping[int, str],
    candidates: Candidates,
) -> Decisions:
    """Decide for each record of a batch; the external ids are distinct.

    `new_ids` are the ids that records get if they have to be created; `waiting` says which lack
    the partner of a lookup that they cannot do without.
    """
    external_ids = mapped.external_ids
    links, matches, taken = candidates.links, candidates.matches, candidates.taken
    linked_ids = _looked_up(external_ids, links, "external_id", "local_id")
    base_hashes = _looked_up(external_ids, links, "external_id", "base_hash")
    partners = matches.group_by("external_id").aggregate(
        [("local_id", "min"), ("local_id", "count_distinct")]
    )
    partner_ids = _looked_up(external_ids, partners, "external_id", "local_id_min")
    partner_count = _looked_up(external_ids, partners, "external_id", "local_id_count_distinct")
    known_ids = pc.coalesce(linked_ids, partner_ids)
    local_ids = pc.coalesce(known_ids, new_ids)
    owners = _looked_up(local_ids, taken, "local_id", "external_id")
    linked = _flags(linked_ids.is_valid())
    moved = _flags(pc.not_equal(new_ids, known_ids)) & candidates.local_key_is_mapped
    standings = {
        _PROBLEM: _rows(mapped.problems, len(external_ids)),
        _SAME: linked & _flags(pc.equal(base_hashes, hashes)),
        _LINKED_MOVED: linked & moved,
        _EDITED: linked & ~_rows(waiting, len(external_ids)),
        _WAITS: _rows(waiting, len(external_ids)),
        _CLASHES: _rows(candidates.clashes, len(external_ids)),
        _AMBIGUOUS: _flags(pc.greater(partner_count, 1)),
        _TAKEN: _flags(owners.is_valid()),
        _MOVED: moved,
        _MATCHED: _flags(partner_ids.is_valid()),
    }
    names = [*standings, _NEW]
    standing = np.select(list(standings.values()), list(range(len(standings))), len(standings))
    why = _Reasons(mapped, {**candidates.clashes, **waiting}, known_ids, owners, matches)
    waits = np.isin(standing, [n for n, name in enumerate(names) if name in _WAITING])
    return Decisions(
        actions=pa.array([DECISIONS[name].value for name in names]).take(pa.array(standing)),
        local_ids=local_ids,
        base_hashes=base_hashes,
        reasons=why.of(standing, names),
        waits=pa.array(waits),
    )


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Words for the records that are rejected."""

    mapped: Mapped
    waiting: Mapping[int, str]
    known_ids: pa.Array
    owners: pa.Array
    matches: pa.Table

    def of(self, standing: "np.ndarray[Any, Any]", names: list[str]) -> pa.Array:
        """One reason a rejected row; null for the others."""
        rejecting = [n for n, name in enumerate(names) if DECISIONS[name] is Action.REJECT]
        rows = np.flatnonzero(np.isin(standing, rejecting)).tolist()
        if not rows:
            return pa.nulls(len(standing), pa.string())
        reasons: list[str | None] = [None] * len(standing)
        for row in rows:
            reasons[row] = self._reason(row, names[standing[row]])
        return pa.array(reasons, pa.string())

    def _reason(self, row: int, standing: str) -> str:
        if standing == _PROBLEM:
            return self.mapped.problems[row]
        if standing in (_WAITS, _CLASHES):
            return self.waiting[row]
        if standing == _TAKEN:
            return f"its local record is linked to external record {self.owners[row]} already"
        if standing in (_MOVED, _LINKED_MOVED):
            return f"its local key would change; its local record is {self.known_ids[row]}"
        mine = self.matches.filter(
            pc.equal(self.matches["external_id"], self.mapped.external_ids[row])
        )
        listed = ", ".join(sorted(set(mine["local_id"].to_pylist()))[:5])
        return f"several local records have its primary key: {listed}"


def _looked_up(keys: pa.Array, table: pa.Table, key: str, value: str) -> pa.Array:
    """For each key the value that the table has for it; null where it has none."""
    at = pc.index_in(keys, value_set=table[key])
    return table[value].combine_chunks().take(at)


def _flags(condition: pa.Array) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    flags: np.ndarray[Any, np.dtype[np.bool_]] = pc.fill_null(condition, False).to_numpy(
        zero_copy_only=False
    )
    return flags


def _rows(problems: Mapping[int, str], length: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    flags = np.zeros(length, np.bool_)
    flags[list(problems)] = True
    return flags
