"""Why records meet nobody: reasons by row number."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.id_set import IdSet
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.core.pairs import Refusal
from tandem.sync.pairs.meeting import Links


def waiting(waits: Flags, alone: Flags) -> dict[int, Refusal]:
    """Records without link whose key refers to a record that has no partner yet."""
    reason = "a lookup in its key waits for its partner"
    return {row: Refusal(reason, waits=True) for row in np.flatnonzero(waits & alone).tolist()}


def in_use(partners: pa.Array, planned: IdSet) -> dict[int, Refusal]:
    """Partners that another pair of this run has: one record must not be planned twice."""
    reason = "its external record meets another local one in this run"
    rows = np.flatnonzero(flags(planned.holds(partners))).tolist()
    return {row: Refusal(reason, waits=True, of_local=True) for row in rows}


def among(ids: pa.Array, known: Mapping[str, object]) -> Flags:
    """For each id whether it is a key of `known`."""
    if not known:
        return np.zeros(len(ids), np.bool_)
    return flags(pc.is_in(ids, value_set=pa.array(list(known), pa.string())))


def moved_keys(bound: BoundMapping, links: Links, new: pa.Array) -> dict[int, Refusal]:
    """Linked records whose local key would change: it is what others refer to."""
    if not bound.maps_local_key:
        return {}
    moved = flags(pc.fill_null(pc.not_equal(links.local_id, new), False))
    reason = "its local key would change; its local record is {}"
    return {
        row: Refusal(reason.format(links.local_id[row].as_py()), waits=False)
        for row in np.flatnonzero(moved).tolist()
    }


def unreadable(ids: pa.Array, reasons: Mapping[str, str]) -> dict[int, Refusal]:
    """Records whose partner is there and cannot be read."""
    rows = np.flatnonzero(among(ids, reasons)).tolist()
    return {
        row: Refusal(f"its partner cannot be read: {reasons[ids[row].as_py()]}", waits=True)
        for row in rows
    }
