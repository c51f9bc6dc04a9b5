"""Plan pairs: what each changed, new or vanished record of one side means for both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.fit import fit
from tandem.core.id_set import IdSet
from tandem.core.ids import id_text, record_ids
from tandem.core.images import Image, external_image, image_hashes, local_image
from tandem.core.mapping import BoundMapping, Mapped, local_ids
from tandem.core.merge import EXTERNAL, LOCAL, Flags, chosen, flags
from tandem.core.pairs import Refusal
from tandem.core.uploads import sent_values
from tandem.sync.job import Job
from tandem.sync.known import Known
from tandem.sync.lookups import external_partners, local_partners
from tandem.sync.meeting import Links, Meeting, Met
from tandem.sync.pair_batch import Rows
from tandem.sync.pairing import Pairing

_WINNERS: Final = {"external_wins": EXTERNAL, "local_wins": LOCAL}

Decided = Mapping[str, str | None]
"""Id of a record that has to be looked at, changed or not → the policy that a person chose."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of some records, and how many of them need none."""

    plan: pa.RecordBatch | None
    """None: nothing is to be done."""
    unchanged: int


@dataclass(frozen=True, slots=True)
class Sifted:
    """The records of one side that have to be looked at."""

    records: pa.RecordBatch
    ids: pa.Array
    unchanged: int = 0
    """How many need not be."""
    refused: Mapping[int, Refusal] = field(default_factory=dict)


@dataclass(frozen=True)
class TwoWay:
    """Plans the pairs of one entity mapping in one run."""

    job: Job
    bound: BoundMapping
    replaces: bool = False
    """First sync that replaces local records."""
    external_is_known: bool = False
    """All external records are looked at in this run: no other can be a partner."""
    known: Known | None = None
    """What all links say, where most of them are looked at."""
    decided: IdSet = field(default_factory=IdSet)
    """Local records of the pairs that have been planned in this run."""

    def sifted_external(
        self, records: pa.RecordBatch, clashes: Mapping[int, str], asked: Decided
    ) -> Sifted:
        """External records that were read, without those that are as they were agreed on."""
        ids = record_ids(records, self.bound.external.key)
        image = external_image(self.bound.fields, records)
        same = self._same("external", ids, image) & ~_among(ids, asked)
        numbered = enumerate(np.flatnonzero(~same).tolist())
        refused = {n: Refusal(clashes[r], waits=True) for n, r in numbered if r in clashes}
        rest = pa.array(~same)
        return Sifted(records.filter(rest), ids.filter(rest), int(same.sum()), refused)

    def of_external(self, sifted: Sifted, asked: Decided) -> Planned:
        """What external records mean."""
        return self._planned(self._external_rows(sifted, asked), sifted.unchanged)

    def sifted_local(self, records: pa.RecordBatch, asked: Decided) -> Sifted:
        """Local records that were read, without those that are as they were agreed on."""
        ids = record_ids(records, self.bound.local.key)
        image = local_image(self.bound.fields, records)
        same = self._same("local", ids, image) & ~_among(ids, asked)
        rest = pa.array(~same)
        return Sifted(records.filter(rest), ids.filter(rest), int(same.sum()))

    def of_local(self, sifted: Sifted, asked: Decided) -> Planned:
        """What local records mean that belong to no pair planned before."""
        return self._planned(self._local_rows(sifted, asked), sifted.unchanged)

    def of_vanished_external(self, ids: pa.Array) -> Planned:
        """What linked external records mean that were not listed: gone, or out of the filter."""
        links = self.meeting.links_of("external", ids)
        known = flags(self.decided.holds(links.local_id))
        gone = links.there & ~known & self._left(ids, "external")
        ids, links = ids.filter(pa.array(gone)), links.filter(gone)
        if not len(ids):
            return Planned(None, 0)
        held = self.meeting.local.of_ids(links.local_id)
        local = held.beside(links.local_id)
        return self._planned(
            Rows(
                external_ids=ids,
                local_ids=links.local_id,
                external=self.meeting.external.held([]).beside(ids),
                local=local,
                external_there=np.zeros(len(ids), np.bool_),
                local_there=flags(held.holds(links.local_id)),
                links=links.as_records(),
                of_local=False,
                new_external_ids=self.meeting.new_external_ids(links.local_id, self._sent(local)),
            )
        )

    def of_vanished_local(self, ids: pa.Array) -> Planned:
        """What linked local records mean that were not listed."""
        links = self.meeting.links_of("local", ids)
        known = flags(self.decided.holds(ids))
        gone = links.there & ~known & self._left(ids, "local")
        ids, links = ids.filter(pa.array(gone)), links.filter(gone)
        if not len(ids):
            return Planned(None, 0)
        held = self.meeting.external.of_ids(links.external_id)
        return self._planned(
            Rows(
                external_ids=links.external_id,
                local_ids=ids,
                external=held.beside(links.external_id),
                local=self.meeting.local.held([]).beside(ids),
                external_there=flags(held.holds(links.external_id)),
                local_there=np.zeros(len(ids), np.bool_),
                links=links.as_records(),
                of_local=True,
                refused=_unreadable(links.external_id, held.unreadable),
            )
        )

    @cached_property
    def meeting(self) -> Meeting:
        """Finds partners."""
        return Meeting(self.job, self.bound)

    @cached_property
    def _pairing(self) -> Pairing:
        return Pairing(self.job, self.bound, self.replaces)

    def _hashes(self, image: Image) -> pa.Array:
        return image_hashes(self.bound.fields, image.texts)

    def _same(self, side: str, ids: pa.Array, image: Image) -> Flags:
        """Which records of that side are as they were agreed on."""
        hashes = self._hashes(image)
        if self.known:
            return self.known.same(side, ids, hashes)
        links = self.meeting.links_of(side, ids)
        return _same(links.base_hash if side == "external" else links.local_hash, hashes)

    def _planned(self, rows: Rows | None, unchanged: int = 0) -> Planned:
        if rows is None:
            return Planned(None, unchanged)
        plan = self._pairing.plan(rows)
        self.decided.add(rows.local_ids)
        return Planned(plan, unchanged)

    def _external_rows(self, sifted: Sifted, asked: Decided) -> Rows | None:
        records, ids = sifted.records, sifted.ids
        if not len(ids):
            return None
        links = self.meeting.links_of("external", ids)
        resolved, waits = self._resolved(records)
        new = local_ids(self.bound, Mapped(resolved, ids, {}), self.meeting.scope)
        unlinked = ~links.there
        met = self._met_locally(ids, resolved, new, unlinked)
        moved = _moved_keys(self.bound, links, new)
        links = links.or_else(met.links)
        partners = pc.coalesce(links.local_id, met.partners)
        local_id = pc.coalesce(partners, new)
        held = self.meeting.local.of_ids(partners)
        there = flags(held.holds(local_id)) & flags(partners.is_valid())
        return Rows(
            external_ids=ids,
            local_ids=local_id,
            external=records,
            local=held.beside(chosen((~there, _none(ids)), otherwise=local_id)),
            external_there=np.ones(len(ids), np.bool_),
            local_there=there,
            links=links.as_records(),
            of_local=False,
            refused={
                **_unreadable(partners, held.unreadable),
                **met.refused,
                **self._waiting(waits, unlinked),
                **sifted.refused,
                **moved,
            },
            decided=_decisions(ids, asked),
            in_scope=self._uploaded(partners, there),
        )

    def _local_rows(self, sifted: Sifted, asked: Decided) -> Rows | None:
        fresh = ~flags(self.decided.holds(sifted.ids))
        records, ids = _where(fresh, sifted.records), _where(fresh, sifted.ids)
        links = self.meeting.links_of("local", ids)
        mine = links.there | ~self.meeting.owned_by_others(ids)
        records, ids, links = _where(mine, records), _where(mine, ids), links.filter(mine)
        if not len(ids):
            return None
        sent = self._sent(records)
        new = self.meeting.new_external_ids(ids, sent)
        unlinked = ~links.there
        met = self._met_externally(ids, sent, new, unlinked)
        links = links.or_else(met.links)
        partners = pc.coalesce(links.external_id, met.partners)
        held = self.meeting.external.of_ids(partners)
        there = flags(held.holds(partners))
        return Rows(
            external_ids=partners,
            new_external_ids=new,
            local_ids=ids,
            external=held.beside(partners),
            local=records,
            external_there=there,
            local_there=np.ones(len(ids), np.bool_),
            links=links.as_records(),
            of_local=True,
            refused={
                **self._unanswered(ids, unlinked & ~there),
                **_unreadable(partners, held.unreadable),
                **met.refused,
            },
            decided=_decisions(ids, asked),
        )

    def _resolved(self, records: pa.RecordBatch) -> tuple[dict[str, pa.Array], Flags]:
        """External records in local fields, lookups resolved, and where a key's lookup waits."""
        image = external_image(self.bound.fields, records)
        keys = {*self.bound.match_fields, *self.bound.local.key}
        waits = np.zeros(records.num_rows, np.bool_)
        values = {f.name: image.values[f.name] for f in self.bound.fields if f.local}
        for one in self.bound.fields:
            if one.reference and one.name in keys:
                texts = image.texts[one.name]
                partners = local_partners(self.job, one.reference, texts)
                waits |= flags(pc.and_(texts.is_valid(), partners.is_null()))
                values[one.name] = fit(partners, one.target, required=False).values
        return values, waits

    def _sent(self, records: pa.RecordBatch) -> dict[str, pa.Array]:
        """Local records in the external fields that they are matched by."""
        image = local_image(self.bound.fields, records)
        wanted = {*self.meeting.external_match_fields, *self.bound.external.key}
        sent: dict[str, pa.Array] = {}
        for one in self.bound.fields:
            if one.local and wanted & {external.name for external in one.externals}:
                values = image.values[one.name]
                if one.reference:
                    values = external_partners(self.job, one.reference, id_text(values))
                sent |= sent_values(one, values)[0]
        return sent

    def _met_locally(
        self, ids: pa.Array, resolved: Mapping[str, pa.Array], new: pa.Array, unlinked: Flags
    ) -> Met:
        mask = pa.array(unlinked)
        values = {name: column.filter(mask) for name, column in resolved.items()}
        met = self.meeting.local_partners(ids.filter(mask), values, new.filter(mask))
        return _spread(met, unlinked)

    def _met_externally(
        self, ids: pa.Array, sent: Mapping[str, pa.Array], new: pa.Array, unlinked: Flags
    ) -> Met:
        asked = np.zeros_like(unlinked) if self.external_is_known or self.replaces else unlinked
        mask = pa.array(asked)
        values = {name: column.filter(mask) for name, column in sent.items()}
        met = self.meeting.external_partners(ids.filter(mask), values, new.filter(mask))
        return _spread(met, asked)

    def _left(self, ids: pa.Array, name: str) -> Flags:
        """Which of these records are gone or, where that counts, out of the filter."""
        mapping = self.bound.mapping
        side = self.meeting.external if name == "external" else self.meeting.local
        condition = mapping.download_filter if name == "external" else mapping.upload_filter
        held = side.of_ids(ids)
        there = flags(held.holds(ids)) | _among(ids, held.unreadable)
        left = ~there & (mapping.deletes == "propagate")
        if condition and mapping.filter_exit == "delete":
            left |= there & ~flags(side.of_ids(ids, condition).holds(ids))
        return left

    def _uploaded(self, partners: pa.Array, there: Flags) -> Flags:
        """Which local partners may be uploaded: those that the upload filter lets through."""
        condition = self.bound.mapping.upload_filter
        if condition is None or not self.bound.is_uploaded:
            return there
        return flags(self.meeting.local.of_ids(partners, condition).holds(partners))

    def _waiting(self, waits: Flags, unlinked: Flags) -> dict[int, Refusal]:
        reason = "a lookup in its key waits for its partner"
        rows = np.flatnonzero(waits & unlinked).tolist()
        return {row: Refusal(reason, waits=True) for row in rows}

    def _unanswered(self, ids: pa.Array, alone: Flags) -> dict[int, Refusal]:
        """Records whose create was sent without an answer, where nothing can tell what it did."""
        if self.meeting.finds_external:
            return {}
        entity = self.bound.mapping.external
        sent = self.job.state.sent_creates(entity, "external", ids.filter(pa.array(alone)))
        rows = np.flatnonzero(flags(pc.is_in(ids, value_set=sent["record_id"])) & alone).tolist()
        return {row: Refusal(_UNANSWERED, waits=False, of_local=True) for row in rows}


_UNANSWERED: Final = (
    "it was sent to be created and the answer was lost; see whether it is there, remove it there "
    "if so, and retry"
)


def _same(base: pa.Array, hashes: pa.Array) -> Flags:
    return flags(pc.fill_null(pc.equal(base, hashes), False))


def _where(rows: Flags, values: Any) -> Any:
    return values if rows.all() else values.filter(pa.array(rows))


def _among(ids: pa.Array, known: Mapping[str, object]) -> Flags:
    if not known:
        return np.zeros(len(ids), np.bool_)
    return flags(pc.is_in(ids, value_set=pa.array(list(known), pa.string())))


def _none(ids: pa.Array) -> pa.Array:
    return pa.nulls(len(ids), pa.string())


def _spread(met: Met, rows: Flags) -> Met:
    """What was found for some rows, laid beside all of them."""
    places = np.flatnonzero(rows)
    at = np.full(len(rows), -1)
    at[places] = np.arange(len(places))
    index = pa.array(at, pa.int64(), mask=at < 0)
    refused = {int(places[row]): refusal for row, refusal in met.refused.items()}
    return Met(met.partners.take(index), met.links.take(index), met.held, refused)


def _moved_keys(bound: BoundMapping, links: Links, new: pa.Array) -> dict[int, Refusal]:
    """Linked records whose local key would change: it is what others refer to."""
    if not bound.maps_local_key:
        return {}
    moved = flags(pc.fill_null(pc.not_equal(links.local_id, new), False))
    reason = "its local key would change; its local record is {}"
    return {
        row: Refusal(reason.format(links.local_id[row].as_py()), waits=False)
        for row in np.flatnonzero(moved).tolist()
    }


def _unreadable(ids: pa.Array, reasons: Mapping[str, str]) -> dict[int, Refusal]:
    rows = np.flatnonzero(_among(ids, reasons)).tolist()
    return {
        row: Refusal(f"its partner cannot be read: {reasons[ids[row].as_py()]}", waits=True)
        for row in rows
    }


def _decisions(ids: pa.Array, asked: Decided) -> dict[int, int]:
    policies = {id_: _WINNERS[policy] for id_, policy in asked.items() if policy}
    rows = np.flatnonzero(_among(ids, policies)).tolist()
    return {row: policies[ids[row].as_py()] for row in rows}
