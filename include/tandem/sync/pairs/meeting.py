"""Which record meets which: by link, by primary key, by the key that was chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.ids import are_chosen, new_ids, record_ids
from tandem.core.mapping import BoundMapping
from tandem.core.matching import key_texts
from tandem.core.merge import Flags, chosen, flags
from tandem.core.pairs import Refusal
from tandem.model.filters import Condition
from tandem.sync.changed_mapping.believed import Believed
from tandem.sync.job import Job
from tandem.sync.sides.held import Side, external_side, local_side
from tandem.sync.sides.reading import owned

PAIRED = pa.schema([("mine", pa.string()), ("partner", pa.string())])
"""The id of a record that is looked at, and that of one of the other side that it may meet."""


@dataclass(frozen=True, slots=True)
class Links:
    """The links of some records, laid beside them; nulls where there is none."""

    external_id: pa.Array
    local_id: pa.Array
    base_hash: pa.Array
    local_hash: pa.Array

    @property
    def there(self) -> Flags:
        """Where there is a link."""
        return flags(self.external_id.is_valid())

    def where(self, rows: Flags) -> "Links":
        """Only the links of these rows; none in the others."""
        mask = pa.array(rows)
        kept = (pc.if_else(mask, c, pa.scalar(None, c.type)) for c in self._columns)
        return Links(*kept)

    def filter(self, rows: Flags) -> "Links":
        """The links of these rows, without the others."""
        return Links(*(column.filter(pa.array(rows)) for column in self._columns))

    def take(self, rows: pa.Array) -> "Links":
        """The links at these positions; none at a null."""
        return Links(*(column.take(rows) for column in self._columns))

    def or_else(self, others: "Links") -> "Links":
        """These, and where there is none the others'."""
        pairs = zip(self._columns, others._columns, strict=True)
        there = pa.array(self.there)
        return Links(*(pc.if_else(there, one, other) for one, other in pairs))

    def as_records(self) -> pa.RecordBatch:
        """As `sync.pairs.pair_batch.NO_LINK`."""
        names = ["external_id", "base_hash", "local_hash"]
        return pa.RecordBatch.from_arrays([getattr(self, name) for name in names], names=names)

    @property
    def _columns(self) -> tuple[pa.Array, ...]:
        return self.external_id, self.local_id, self.base_hash, self.local_hash


@dataclass(frozen=True, slots=True)
class Met:
    """Partners that were found for some records without link."""

    partners: pa.Array
    """The id of the one partner; null where there is none."""
    links: Links
    """Of a partner whose own partner is gone: its link, which moves."""
    refused: Mapping[int, Refusal]


@dataclass(frozen=True)
class Meeting:
    """Finds the partners of one entity mapping's records."""

    job: Job
    bound: BoundMapping

    @cached_property
    def external(self) -> Side:
        """The external side."""
        return external_side(self.job, self.bound)

    @cached_property
    def local(self) -> Side:
        """The local side."""
        return local_side(self.job, self.bound)

    @cached_property
    def believed(self) -> Believed:
        """What its links say."""
        return Believed(self.job, self.bound)

    def links_of(self, side: str, ids: pa.Array) -> Links:
        """The links of these records of that side."""
        found = self.believed.links(side, ids.drop_null())
        at = pc.index_in(ids, value_set=found[f"{side}_id"])
        names = ("external_id", "local_id", "base_hash", "local_hash")
        return Links(*(found[name].combine_chunks().take(at) for name in names))

    @cached_property
    def _mine(self) -> Condition | None:
        """Which local records may be partners: not those that are another mapping's."""
        return owned(self.job.integration, self.bound.mapping)

    @property
    def scope(self) -> str:
        """Keeps the ids that we choose for different mappings apart."""
        return f"{self.job.integration.name}/{self.bound.mapping.external}"

    def owned_by_others(self, local_ids: pa.Array) -> Flags:
        """Local records that are linked by another mapping of the same local entity."""
        owned = np.zeros(len(local_ids), np.bool_)
        for mapping in self.job.integration.active_entities:
            same = mapping.local == self.bound.mapping.local
            if same and mapping.external != self.bound.mapping.external:
                links = self.job.state.links(mapping.external, "local", local_ids.drop_null())
                owned |= flags(pc.is_in(local_ids, value_set=links["local_id"]))
        return owned

    def local_partners(self, ids: pa.Array, resolved: Mapping[str, pa.Array], new: pa.Array) -> Met:
        """The local records that unlinked external ones meet.

        `resolved` are their values in local fields, `new` the ids that they would get: one that
        is there already was created before a crash.
        """
        answered = self.job.state.chosen_keys(self.bound.mapping.external, ids)
        tables = [pa.table([answered["external_id"], answered["local_id"]], schema=PAIRED)]
        if self.bound.match_fields:
            tables.append(_by_key(ids, resolved, self.bound.match_fields, self.local, self._mine))
        own = pa.table([ids, new], schema=PAIRED)
        tables.append(own.filter(self.local.of_ids(new).holds(new)))
        return self._met(ids, pa.concat_tables(tables), "local")

    def external_partners(self, ids: pa.Array, sent: Mapping[str, pa.Array], new: pa.Array) -> Met:
        """The external records that unlinked local ones meet; `sent` are their external values."""
        names = self.external_match_fields
        tables = [PAIRED.empty_table()]
        if names and set(names) <= sent.keys():
            tables.append(_by_key(ids, sent, names, self.external))
        if new.null_count < len(new):
            own = pa.table([ids, new], schema=PAIRED)
            tables.append(own.filter(self.external.of_ids(new).holds(new)))
        return self._met(ids, pa.concat_tables(tables), "external")

    def twins(self, ids: pa.Array, records: pa.RecordBatch, alone: Flags) -> dict[int, Refusal]:
        """Why local records without link meet nobody: others have the same primary key."""
        names = self.bound.match_fields
        mask = pa.array(alone)
        if not names or not alone.any():
            return {}
        values = {name: records.column(name).filter(mask) for name in names}
        pairs = _by_key(ids.filter(mask), values, names, self.local, self._mine)
        counts = pairs.group_by("mine").aggregate([("partner", "count_distinct")])
        shared = counts.filter(pc.greater(counts["partner_count_distinct"], 1))["mine"]
        rows = np.flatnonzero(flags(pc.is_in(ids, value_set=shared)) & alone)
        found = _ambiguous(rows, ids, pairs, "local")
        return {row: replace(refusal, of_local=True) for row, refusal in found.items()}

    def can_be_found(self, sent: Mapping[str, pa.Array], new: pa.Array) -> Flags:
        """Which of these local records' partners can be found, though no link names them."""
        known = flags(new.is_valid())
        names = self.external_match_fields
        if names and set(names) <= sent.keys():
            known |= flags(key_texts(sent, names).is_valid())
        return known

    @cached_property
    def external_match_fields(self) -> tuple[str, ...]:
        """The external fields that find the partner of a local record that has no link."""
        if self.bound.mapping.primary_key:
            return self.bound.mapping.primary_key
        sent = {external.name for field in self.bound.uploads for external in field.receivers}
        return self.bound.external.key if set(self.bound.external.key) <= sent else ()

    def new_external_ids(self, ids: pa.Array, sent: Mapping[str, pa.Array]) -> pa.Array:
        """The ids that external records get if they are created; null where the system chooses."""
        key = self.bound.external.key
        if set(key) <= sent.keys():
            return record_ids(pa.RecordBatch.from_pydict({n: sent[n] for n in key}), key)
        if are_chosen(self.bound.external):
            return new_ids(f"{self.scope}/external", ids)
        return pa.nulls(len(ids), pa.string())

    def _met(self, ids: pa.Array, found: pa.Table, name: str) -> Met:
        pairs = found.group_by(["mine", "partner"]).aggregate([])
        counts = pairs.group_by("mine").aggregate([("partner", "min"), ("partner", "count")])
        at = pc.index_in(ids, value_set=counts["mine"])
        partners = counts["partner_min"].combine_chunks().take(at)
        several = flags(
            pc.fill_null(pc.greater(counts["partner_count"].combine_chunks().take(at), 1), False)
        )
        links = self.links_of(name, partners)
        taken = links.there & ~self._lost_partner(links, name)
        if name == "local":
            taken |= self.owned_by_others(partners)
        refused = {
            **_taken(np.flatnonzero(taken), links, name),
            **_ambiguous(np.flatnonzero(several), ids, pairs, name),
        }
        free = ~several & ~taken
        alone = chosen((free, partners), otherwise=pa.nulls(len(ids), pa.string()))
        return Met(alone, links.where(free), refused)

    def _lost_partner(self, links: Links, name: str) -> Flags:
        """Where the record that a partner is linked to is not there any more."""
        others = links.external_id if name == "local" else links.local_id
        side = self.external if name == "local" else self.local
        held = side.of_ids(others)
        there = flags(held.holds(others)) | flags(
            pc.is_in(others, pa.array(list(held.unreadable), pa.string()))
        )
        return links.there & ~there


def _by_key(
    ids: pa.Array,
    values: Mapping[str, pa.Array],
    names: tuple[str, ...],
    side: Side,
    condition: Condition | None = None,
) -> pa.Table:
    """Pairs of these records and those of that side that have their key (and satisfy that)."""
    texts = key_texts(values, names)
    usable = texts.is_valid()
    if not pc.any(usable).as_py():
        return PAIRED.empty_table()
    keys = pa.RecordBatch.from_arrays([values[n].filter(usable) for n in names], names=list(names))
    held = side.of_keys(keys, condition)
    theirs = key_texts({name: held.records.column(name) for name in names}, names)
    mine = pa.table({"mine": ids, "key": texts}).filter(usable)
    found = pa.table({"partner": held.ids, "key": theirs}).filter(theirs.is_valid())
    return mine.join(found, "key", join_type="inner").select(PAIRED.names)


def _taken(
    rows: "np.ndarray[tuple[int], np.dtype[np.intp]]", links: Links, name: str
) -> dict[int, Refusal]:
    other = links.external_id if name == "local" else links.local_id
    says = {
        "local": "its local record is linked to external record {} already",
        "external": "its external record is linked to local record {} already",
    }[name]
    of_local = name == "external"
    return {
        row: Refusal(
            says.format(other[row].as_py() or "of another mapping"), waits=True, of_local=of_local
        )
        for row in rows.tolist()
    }


def _ambiguous(
    rows: "np.ndarray[tuple[int], np.dtype[np.intp]]", ids: pa.Array, pairs: pa.Table, name: str
) -> dict[int, Refusal]:
    found = {}
    for row in rows.tolist():
        mine = pairs.filter(pc.equal(pairs["mine"], ids[row]))["partner"].to_pylist()
        listed = ", ".join(sorted(mine)[:5])
        reason = f"several {name} records have its primary key: {listed}"
        found[row] = Refusal(reason, waits=True, of_local=name == "external")
    return found
