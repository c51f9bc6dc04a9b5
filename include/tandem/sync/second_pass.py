"""Once all entities are loaded: what waited for a record of another one, or of its own."""

from dataclasses import dataclass, replace
from typing import Final

from tandem.core.order import looked_up
from tandem.model.changes import Counts
from tandem.sync.extract import extract
from tandem.sync.job import Run, going
from tandem.sync.load import load
from tandem.sync.report import LOADED, status_of
from tandem.sync.sides.lookups import complete_lookups
from tandem.sync.transform import transform

_SIDES: Final = {"download": "external", "upload": "local"}


def complete(run: Run) -> int:
    """Write the lookups whose partner is there now, create records that could not do without
    one, and delete those that nothing refers to any more; how many records that were.
    """
    mappings = going(run)
    downloads = [m.external for m in mappings if looked_up(m) and m.direction == "download_only"]
    done = complete_lookups(run, downloads)
    # Those that refer to others come first: what they refer to can be deleted then.
    backwards = [mapping.external for mapping in reversed(mappings)]
    for _ in mappings:
        written = sum(_look_again(run, entity) for entity in backwards)
        done += written
        if not written:
            break
    return done


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many records of an entity wait, by the side that they were read from."""

    rejected: dict[str, int]
    asked: dict[str, int]

    def less(self, other: "Waiting") -> "Waiting":
        """How many fewer there are in the other."""
        pairs = ((self.rejected, other.rejected), (self.asked, other.asked))
        fewer = ({s: max(0, n - after[s]) for s, n in before.items()} for before, after in pairs)
        return Waiting(*fewer)

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return any(self.rejected.values()) or any(self.asked.values())


def waiting(run: Run, entity: str) -> Waiting:
    """What of that entity waits for other records, or was asked for."""
    state, sides = run.state, ("external", "local")
    return Waiting(
        {side: len(state.waiting(entity, "dependency", side)) for side in sides},
        {side: state.rechecks(entity, side).num_rows for side in sides},
    )


def _look_again(run: Run, entity: str) -> int:
    before = waiting(run, entity)
    entries = {
        e.direction: e
        for e in run.state.log_entries(run_id=run.run_id, limit=10_000)
        if e.entity == entity and e.status in LOADED
    }
    if not before.any or not entries:
        return 0
    again = replace(run, only_waiting=True)
    again.state.stop_plan(entity)
    loaded = load(again, transform(again, extract(again, entity)))
    settled = before.less(waiting(run, entity))
    counts = {"download": loaded.counts, "upload": loaded.upload_counts}
    withheld = run.state.pending_deletes(entity).num_rows > 0
    for direction, entry in entries.items():
        total = _together(entry.counts, counts[direction], settled, _SIDES[direction])
        run.state.finish(
            {"run_id": run.run_id, "entity": entity, "direction": direction},
            status=status_of(total, withheld=withheld),
            counts=total,
            message=entry.message,
            at=run.now(),
        )
    written = loaded.counts + loaded.upload_counts
    return written.created + written.updated + written.deleted


def _together(first: Counts, again: Counts, settled: Waiting, side: str) -> Counts:
    """Counts of an entity after a second look: each record once, by what became of it at last."""
    return first.model_copy(
        update={
            "created": first.created + again.created,
            "updated": first.updated + max(0, again.updated - settled.asked[side]),
            "deleted": first.deleted + again.deleted,
            "failed": max(0, first.failed - settled.rejected[side]),
            "deferred": max(0, first.deferred - settled.asked[side]),
            "conflicts": max(first.conflicts, again.conflicts),  # all are looked at again
        }
    )
