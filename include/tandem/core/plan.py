"""What a download does to each record: pure, by columns. Preview is this plan, printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from tandem.model.changes import Action


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is known about the records of one batch besides their own values."""

    links: pd.DataFrame
    """Their links: external_id, local_id, base_hash."""
    matches: pd.DataFrame
    """Local records that have the same primary key: external_id, local_id."""
    taken: pd.DataFrame
    """Links of local records that these would get: local_id, external_id."""
    local_key_is_mapped: bool
    """The new ids are the local keys that the mapped values spell."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """One action a record, the local record it concerns, and why it is rejected."""

    actions: pa.Array
    local_ids: pa.Array
    base_hashes: pa.Array
    """What the link agreed on when this was planned; null where there was no link."""
    reasons: pa.Array


_PROBLEM: Final = "problem"
_SAME: Final = "linked, same as the base"
_EDITED: Final = "linked, edited"
_AMBIGUOUS: Final = "several partners"
_MOVED: Final = "linked, with another local key"
_TAKEN: Final = "partner belongs to another"
_MATCHED: Final = "one partner"
_NEW: Final = "no partner"

DECISIONS: Final[Mapping[str, Action]] = {
    _PROBLEM: Action.REJECT,
    _SAME: Action.UNCHANGED,
    _MOVED: Action.REJECT,
    _EDITED: Action.UPDATE,
    _AMBIGUOUS: Action.REJECT,
    _TAKEN: Action.REJECT,
    _MATCHED: Action.LINK,
    _NEW: Action.CREATE,
}
"""How a record stands to the local side → what is done. The first that holds counts."""


def plan_download(
    external_ids: pa.Array,
    new_ids: pa.Array,
    hashes: pa.Array,
    problems: Mapping[int, str],
    candidates: Candidates,
) -> Decisions:
    """Decide for each record of a batch; the external ids are distinct.

    `new_ids` are the ids that records get if they have to be created.
    """
    frame = pd.DataFrame({"external_id": external_ids.to_pandas(), "hash": hashes.to_pandas()})
    links = frame.merge(candidates.links, on="external_id", how="left")
    matches = candidates.matches.groupby("external_id")["local_id"]
    partners = frame["external_id"].map(matches.nunique()).fillna(0)
    match_ids = frame["external_id"].map(matches.first())
    linked = links["local_id"].notna()
    new = new_ids.to_pandas()
    ids = links["local_id"].where(linked, match_ids.where(partners == 1, new))
    owners = ids.map(candidates.taken.set_index("local_id")["external_id"])
    standings = {
        _PROBLEM: frame.index.isin(list(problems)),
        _SAME: linked & (links["base_hash"] == frame["hash"]),
        _MOVED: linked & (new != links["local_id"]) & candidates.local_key_is_mapped,
        _EDITED: linked,
        _AMBIGUOUS: partners > 1,
        _TAKEN: owners.notna(),
        _MATCHED: partners == 1,
    }
    standing = np.select(list(standings.values()), list(standings), default=_NEW)
    why = _Reasons(frame["external_id"], problems, links["local_id"], owners, candidates.matches)
    rejected = pd.Series(standing).map(DECISIONS) == Action.REJECT
    reasons = [why.of(row, standing[row]) if no else None for row, no in enumerate(rejected)]
    return Decisions(
        actions=pa.array(pd.Series(standing).map(DECISIONS).astype("str"), pa.string()),
        local_ids=pa.array(ids, pa.string()),
        base_hashes=pa.array(links["base_hash"].where(linked, None), pa.binary()),
        reasons=pa.array(reasons, pa.string()),
    )


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Words for the records that are rejected."""

    external_ids: "pd.Series[str]"
    problems: Mapping[int, str]
    linked_ids: "pd.Series[str]"
    owners: "pd.Series[str]"
    matches: pd.DataFrame

    def of(self, row: int, standing: str) -> str:
        if standing == _PROBLEM:
            return self.problems[row]
        if standing == _TAKEN:
            owner = self.owners[row]
            return f"its local record is linked to external record {owner} already"
        if standing == _MOVED:
            return f"its local key would change; it is linked to {self.linked_ids[row]}"
        same = self.matches["external_id"] == self.external_ids[row]
        listed = ", ".join(sorted(set(self.matches.loc[same, "local_id"]))[:5])
        return f"several local records have its primary key: {listed}"
