"""Do both sides agree? Keys and links are compared, and the values of links or a sample of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.id_set import IdSet
from tandem.core.ids import record_ids
from tandem.core.mapping import BoundMapping
from tandem.sync.job import Run, check_mappings, in_order
from tandem.sync.people.linked_values import ValueCheck, sampled_links
from tandem.sync.people.verified import Difference, DifferenceKind
from tandem.sync.schema import pin_expected_schemas
from tandem.sync.sides.reading import Reading, external_reading, local_reading

LISTED: Final = 1_000
"""So many differences of an entity are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one entity."""

    entity: str
    at: datetime
    """When the comparison began; what was edited while it ran may be among the differences."""
    external: int
    """External records that the filter lets through."""
    local: int
    links: int
    compared: int
    """Links whose values were compared."""
    found: int
    differences: tuple[Difference, ...]
    """The first LISTED of them."""
    stopped: str = ""
    """Why it could not be compared: its mapping is broken. Empty if it was."""


def verify_all(run: Run, *, sample: int | None, seed: str) -> list[Verified]:
    """Verify all entities of the run; what differs is read by id in the next run.

    `sample`: of how many links an entity the values are compared (None: all). The same `seed`
    chooses the same links. Of an entity whose mapping is broken there is only the reason;
    ConfigurationError if that goes for all.
    """
    pin_expected_schemas(run)
    try:
        check_mappings(run)
        return [_verified(run, mapping.external, sample, seed) for mapping in in_order(run)]
    finally:
        run.staging.remove()


def _verified(run: Run, entity: str, sample: int | None, seed: str) -> Verified:
    if entity in run.stopped:
        return Verified(entity, run.now(), 0, 0, 0, 0, 0, (), stopped=str(run.stopped[entity]))
    return _Verifier(run, run.bound(entity)).verified(sample, seed)


@dataclass
class _Verifier:
    """Verifies one entity mapping."""

    run: Run
    bound: BoundMapping
    _present: dict[str, IdSet] = field(default_factory=dict)
    _compared: int = 0

    def verified(self, sample: int | None, seed: str) -> Verified:
        at, found, listed = self.run.now(), 0, list[Difference]()
        unlinked = (self._unlinked(reading) for reading in self._readings)
        parts = chain(*unlinked, self._gone(), self._edited(sample, seed))
        for differences in parts:
            self._recheck(differences)
            found += len(differences)
            listed += differences[: LISTED - len(listed)]
        return Verified(
            entity=self._entity,
            at=at,
            external=len(self._present["external"]),
            local=len(self._present["local"]),
            links=self.run.state.link_count(self._entity),
            compared=self._compared,
            found=found,
            differences=tuple(listed),
        )

    @property
    def _entity(self) -> str:
        return self.bound.mapping.external

    @cached_property
    def _readings(self) -> tuple[Reading, Reading]:
        return external_reading(self.run, self.bound), local_reading(self.run, self.bound)

    @cached_property
    def _linked(self) -> dict[str, IdSet]:
        sets = {"external": IdSet(), "local": IdSet()}
        for links in self.run.state.all_links(self._entity):
            for side, ids in sets.items():
                ids.add(links[f"{side}_id"].combine_chunks())
        return sets

    def _unlinked(self, reading: Reading) -> Iterator[list[Difference]]:
        """Records that should travel and have no partner; notes which are there."""
        side, present = reading.side, IdSet()
        self._present[side.name] = present
        if not side.is_there:
            return
        travels = self.bound.is_downloaded if side.name == "external" else self.bound.is_uploaded
        query = replace(side.query(reading.condition), fields=side.entity.key)
        for page in side.connector.read(query):
            ids = record_ids(page.records, side.entity.key)
            unreadable = pa.array([record.id for record in page.unreadable], pa.string())
            ids = pa.concat_arrays([ids, unreadable])
            present.add(ids)
            self.run.progress(self._entity, "verify", len(present))
            if travels:
                alone = ids.filter(pc.invert(self._linked[side.name].holds(ids)))
                yield [self._alone(side.name, id_) for id_ in alone.to_pylist()]

    def _alone(self, side: str, id_: str) -> Difference:
        reason = self._rejections[side].get(id_)
        return Difference(
            kind=DifferenceKind.REJECTED if reason else DifferenceKind.NOT_LINKED,
            side=side,
            external_id=id_ if side == "external" else None,
            local_id=id_ if side == "local" else None,
            text=f"rejected: {reason}" if reason else "has no partner",
        )

    @cached_property
    def _rejections(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {"external": {}, "local": {}}
        for entry in self.run.state.rejected_records(self._entity, limit=100_000):
            found[entry.side][entry.record_id] = entry.error
        return found

    def _gone(self) -> Iterator[list[Difference]]:
        """Links of which one record is not there, or not in the filter, any more."""
        for links in self.run.state.all_links(self._entity):
            for reading in self._readings:
                ids = links[f"{reading.side.name}_id"].combine_chunks()
                missing = pc.invert(self._present[reading.side.name].holds(ids))
                yield self._missing(reading, links.filter(missing))

    def _missing(self, reading: Reading, links: pa.Table) -> list[Difference]:
        name, mapping = reading.side.name, self.bound.mapping
        if not links.num_rows:
            return []
        ids = links[f"{name}_id"].combine_chunks()
        held = reading.side.of_ids(ids)
        there = held.holds(ids).to_pylist()
        exits = reading.condition is not None and mapping.filter_exit == "delete"
        found = []
        for row, is_there in zip(links.to_pylist(), there, strict=True):
            is_unreadable = row[f"{name}_id"] in held.unreadable
            if is_unreadable or (exits if is_there else mapping.deletes == "propagate"):
                kind = DifferenceKind.LEFT_FILTER if is_there else DifferenceKind.GONE
                text = "does not match the filter any more" if is_there else "is gone"
                if is_unreadable:
                    kind, text = DifferenceKind.UNREADABLE, "cannot be read"
                found.append(Difference(kind, name, row["external_id"], row["local_id"], text))
        return found

    def _edited(self, sample: int | None, seed: str) -> Iterator[list[Difference]]:
        """Links whose values are not what was agreed on."""
        check = ValueCheck(self.run, self.bound)
        for links in sampled_links(self._whole_links(), sample, seed):
            self._compared += links.num_rows
            self.run.progress(self._entity, "compare", self._compared)
            yield check.differences(links)

    def _whole_links(self) -> Iterator[pa.Table]:
        """Links of records that both are there and in the filter: only these are kept in step."""
        for links in self.run.state.all_links(self._entity):
            there = [
                self._present[side].holds(links[f"{side}_id"].combine_chunks())
                for side in ("external", "local")
            ]
            yield links.filter(pc.and_(*there))

    def _recheck(self, differences: list[Difference]) -> None:
        """The next run reads these by id, on a side where it looks for changes."""
        down, up = self.bound.is_downloaded, self.bound.is_uploaded
        for side in ("external", "local"):
            only = (down and not up) if side == "external" else (up and not down)
            mine = (d for d in differences if only or (down and up and d.side == side))
            ids = [id_ for d in mine if (id_ := getattr(d, f"{side}_id"))]
            if ids:
                self.run.state.recheck(
                    self._entity,
                    side,
                    pa.array(ids, pa.string()),
                    reason="verify found a difference",
                    at=self.run.now(),
                )
