"""The pairs that records of one side make, with all that is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.decided import Decision, decision_of
from tandem.core.fit import fit
from tandem.core.id_set import IdSet
from tandem.core.ids import id_text
from tandem.core.images import external_image, local_image
from tandem.core.mapping import BoundMapping, Mapped, local_ids
from tandem.core.matching import key_texts
from tandem.core.merge import Flags, chosen, flags
from tandem.core.pairs import Refusal
from tandem.core.uploads import sent_values
from tandem.sync.job import Job
from tandem.sync.pairs.meeting import Links, Meeting, Met
from tandem.sync.pairs.pair_batch import Rows
from tandem.sync.pairs.unmet import among, in_use, moved_keys, unreadable, waiting
from tandem.sync.sides.lookups import external_partners, local_partners

Decided = Mapping[str, str | None]
"""Id of a record that has to be looked at, changed or not → what a person decided, as
`tandem.core.decided` keeps it."""


@dataclass(frozen=True)
class Candidates:
    """Lays out the pairs of one entity mapping's records."""

    job: Job
    bound: BoundMapping
    external_is_known: bool
    """All external records are looked at in this run: no other can be a partner."""

    @cached_property
    def meeting(self) -> Meeting:
        """Finds partners."""
        return Meeting(self.job, self.bound)

    def of_external(
        self, records: pa.RecordBatch, ids: pa.Array, refused: Mapping[int, Refusal], asked: Decided
    ) -> Rows:
        """The pairs of these external records."""
        links = self.meeting.links_of("external", ids)
        linked_rows = links.there
        resolved, waits = self._resolved(records)
        new = local_ids(self.bound, Mapped(resolved, ids, {}), self.meeting.scope)
        linked = self.meeting.local.of_ids(links.local_id)
        # Where the linked one is gone, it may have been made anew with the same primary key.
        gone = links.there & ~flags(linked.holds(links.local_id))
        gone &= ~among(links.local_id, linked.unreadable)
        alone = ~links.there | gone
        met = self._met_locally(ids, resolved, new, alone)
        moved = moved_keys(self.bound, links, new)
        partners = pc.coalesce(met.partners, links.local_id)
        links = links.or_else(met.links)
        held = self.meeting.local.of_ids(partners)
        there = flags(held.holds(partners))
        return Rows(
            external_ids=ids,
            local_ids=pc.coalesce(partners, _unless(met.refused, new)),
            external=records,
            local=held.beside(partners),
            external_there=np.ones(len(ids), np.bool_),
            local_there=there,
            links=links.as_records(),
            of_local=False,
            refused={
                **self._may_be_unanswered(resolved, ~links.there & ~there),
                **unreadable(partners, held.unreadable),
                **met.refused,
                **waiting(waits, alone),
                **{row: why for row, why in refused.items() if not linked_rows[row]},
                **moved,
            },
            decided=_decisions(ids, asked),
            in_scope=self._in_scope(partners, there),
        )

    def of_local(
        self, records: pa.RecordBatch, ids: pa.Array, asked: Decided, planned: IdSet
    ) -> Rows:
        """The pairs of these local records; `planned` are external records that have one."""
        links = self.meeting.links_of("local", ids)
        mine = links.there | ~self.meeting.owned_by_others(ids)
        records, ids, links = _where(mine, records), _where(mine, ids), links.filter(mine)
        sent = self._sent(records)
        new = self.meeting.new_external_ids(ids, sent)
        met = self._met_externally(ids, records, sent, new, ~links.there)
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
                **self._unanswered(ids, sent, new, ~links.there & ~there),
                **unreadable(partners, held.unreadable),
                **in_use(partners, planned),
                **met.refused,
            },
            decided=_decisions(ids, asked),
        )

    def of_vanished_external(self, ids: pa.Array, links: Links) -> Rows:
        """The pairs of these linked external records, which are gone."""
        held = self.meeting.local.of_ids(links.local_id)
        local = held.beside(links.local_id)
        return Rows(
            external_ids=ids,
            new_external_ids=self.meeting.new_external_ids(links.local_id, self._sent(local)),
            local_ids=links.local_id,
            external=self.meeting.external.held([]).beside(ids),
            local=local,
            external_there=np.zeros(len(ids), np.bool_),
            local_there=flags(held.holds(links.local_id)),
            links=links.as_records(),
            of_local=False,
            refused=unreadable(links.local_id, held.unreadable),
            gone_on_purpose=True,
            in_scope=self._in_scope(links.local_id, flags(held.holds(links.local_id))),
        )

    def of_vanished_local(self, ids: pa.Array, links: Links) -> Rows:
        """The pairs of these linked local records, which are gone."""
        held = self.meeting.external.of_ids(links.external_id)
        return Rows(
            external_ids=links.external_id,
            local_ids=ids,
            external=held.beside(links.external_id),
            local=self.meeting.local.held([]).beside(ids),
            external_there=flags(held.holds(links.external_id)),
            local_there=np.zeros(len(ids), np.bool_),
            links=links.as_records(),
            of_local=True,
            refused=unreadable(links.external_id, held.unreadable),
            gone_on_purpose=True,
        )

    def _in_scope(self, partners: pa.Array, there: Flags) -> Flags:
        """Which local partners may be uploaded: those that the upload filter lets through."""
        condition = self.bound.mapping.upload_filter
        if condition is None or not self.bound.is_uploaded:
            return np.ones(len(there), np.bool_)
        return flags(self.meeting.local.of_ids(partners, condition).holds(partners))

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
            if (one.local or one.made) and wanted & {e.name for e in one.receivers}:
                values = image.values[one.name]
                if one.reference:
                    values = external_partners(self.job, one.reference, id_text(values))
                beside = {name: records.column(name) for name in one.reads_locally}
                sent |= sent_values(one, values, beside)[0]
        return sent

    def _met_locally(
        self, ids: pa.Array, resolved: Mapping[str, pa.Array], new: pa.Array, alone: Flags
    ) -> Met:
        mask = pa.array(alone)
        values = {name: column.filter(mask) for name, column in resolved.items()}
        met = self.meeting.local_partners(ids.filter(mask), values, new.filter(mask))
        return _spread(met, alone)

    def _met_externally(
        self,
        ids: pa.Array,
        records: pa.RecordBatch,
        sent: Mapping[str, pa.Array],
        new: pa.Array,
        alone: Flags,
    ) -> Met:
        """Local records with the same primary key as another one meet nobody."""
        twins = self.meeting.twins(ids, records, alone)
        asked = np.zeros_like(alone) if self.external_is_known else alone
        mask = pa.array(asked)
        values = {name: column.filter(mask) for name, column in sent.items()}
        met = self.meeting.external_partners(ids.filter(mask), values, new.filter(mask))
        met = _spread(met, asked)
        return replace(met, refused={**met.refused, **twins})

    def _unanswered(
        self, ids: pa.Array, sent: Mapping[str, pa.Array], new: pa.Array, alone: Flags
    ) -> dict[int, Refusal]:
        """Records whose create was sent without an answer, where nothing can tell what it did."""
        blind = alone & ~self.meeting.can_be_found(sent, new)
        if not blind.any():
            return {}
        entity = self.bound.mapping.external
        lost = self.job.state.sent_creates(entity, "external", ids.filter(pa.array(blind)))
        rows = np.flatnonzero(flags(pc.is_in(ids, value_set=lost["record_id"])) & blind).tolist()
        return {row: Refusal(_UNANSWERED, waits=False, of_local=True) for row in rows}

    def _may_be_unanswered(
        self, resolved: Mapping[str, pa.Array], alone: Flags
    ) -> dict[int, Refusal]:
        """New external records, as long as one may be what a create without answer has made."""
        if self.bound.match_fields:
            alone = alone & flags(key_texts(resolved, self.bound.match_fields).is_null())
        if not self.bound.is_uploaded or not alone.any():
            return {}
        if not self.job.state.has_blind_creates(self.bound.mapping.external):
            return {}
        rows = np.flatnonzero(alone).tolist()
        return {row: Refusal(_MAY_BE_UNANSWERED, waits=True) for row in rows}


_UNANSWERED: Final = (
    "it was sent to be created and the answer was lost; see whether it is there, remove it there "
    "if so, and retry"
)
_MAY_BE_UNANSWERED: Final = (
    "it may be what a create without answer has made; deal with the rejected local record first"
)


def _at(length: int, rows: Mapping[int, object]) -> Flags:
    found = np.zeros(length, np.bool_)
    found[list(rows)] = True
    return found


def _unless(refused: Mapping[int, Refusal], ids: pa.Array) -> pa.Array:
    """The ids, but for rows that are refused: they may be those of another record."""
    return chosen((_at(len(ids), refused), pa.nulls(len(ids), ids.type)), otherwise=ids)


def _where(rows: Flags, values: Any) -> Any:
    return values if rows.all() else values.filter(pa.array(rows))


def _spread(met: Met, rows: Flags) -> Met:
    """What was found for some rows, laid beside all of them."""
    places = np.flatnonzero(rows)
    at = np.full(len(rows), -1)
    at[places] = np.arange(len(places))
    index = pa.array(at, pa.int64(), mask=at < 0)
    refused = {int(places[row]): refusal for row, refusal in met.refused.items()}
    return Met(met.partners.take(index), met.links.take(index), refused)


def _decisions(ids: pa.Array, asked: Decided) -> dict[int, Decision]:
    policies = {id_: policy for id_, policy in asked.items() if policy}
    rows = np.flatnonzero(among(ids, policies)).tolist()
    return {row: decision_of(policies[ids[row].as_py()]) for row in rows}
