"""What runs that died had sent without learning what became of it: closed once it is known."""

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.mapping import BoundMapping
from tandem.sync.job import Run
from tandem.sync.sides.held import external_side, local_side

_ORIGIN = {"external": "local", "local": "external"}


def close_unanswered(run: Run, bound: BoundMapping) -> None:
    """Archive what earlier runs sent about this entity, now that all of it is accounted for.

    An anchor moves only past what is accounted for, so this run has read all those records
    again, and done what there was left to do. A create stays open as long as its record has no
    link: where nothing else could tell, it says that the record may be there already.
    """
    if not run.syncs_all or run.only_waiting:
        return
    sent = run.state.unanswered(bound.mapping.external, run.run_id)
    if not sent.num_rows:
        return
    created = pc.equal(sent["operation"], "create")
    closed = [sent.filter(pc.invert(created))["id"]]
    for side in _ORIGIN:
        mine = sent.filter(pc.and_(created, pc.equal(sent["side"], side)))
        closed.append(_decided(run, bound, mine, _ORIGIN[side]))
    ids = pa.concat_arrays([part.combine_chunks() for part in closed]).to_pylist()
    entity = bound.mapping.external
    run.state.archive_transactions(entity, statuses=("sent",), ids=ids, at=run.now())


def _decided(run: Run, bound: BoundMapping, sent: pa.Table, origin: str) -> pa.ChunkedArray:
    """Of these creates the ids of those whose record, on the side it came from, is linked now or
    not there any more.
    """
    if not sent.num_rows:
        return sent["id"]
    records = sent[f"{origin}_id"].combine_chunks()
    links = run.state.links(bound.mapping.external, origin, pc.unique(records.drop_null()))
    linked = pc.is_in(records, value_set=links[f"{origin}_id"])
    side = (local_side if origin == "local" else external_side)(run, bound)
    held = side.of_ids(records.filter(pc.invert(linked)))
    unreadable = pc.is_in(records, value_set=pa.array(list(held.unreadable), pa.string()))
    there = pc.or_(held.holds(records), unreadable)
    return sent.filter(pc.or_(linked, pc.invert(there)))["id"]
