"""Pairs laid out for the planner: both records beside each other, and what links know of them."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.decided import Choices
from tandem.core.fields import BoundField
from tandem.core.fit import fit
from tandem.core.ids import id_text
from tandem.core.images import (
    Image,
    external_image,
    image_hashes,
    images_of,
    local_image,
    once_agreed,
)
from tandem.core.mapping import BoundMapping
from tandem.core.merge import EXTERNAL, LOCAL, NOBODY, FieldPair, Flags, Winners, chosen, flags
from tandem.core.pairs import Pairs, Rules, Seen, Stand
from tandem.core.two_way import PairPlan, plan_pairs
from tandem.core.uploads import sent_values
from tandem.sync.changed_mapping.believed import Believed
from tandem.sync.job import Job
from tandem.sync.pairs.cut_counts import cuts_of
from tandem.sync.pairs.echoes import Echoes
from tandem.sync.pairs.pair_batch import Rows, Sides, pair_batch
from tandem.sync.sides.lookups import external_partners, local_partners, unless_new


@dataclass(frozen=True)
class Pairing:
    """Makes plans for the pairs of one entity mapping."""

    job: Job
    bound: BoundMapping
    replaces: bool = False
    """First sync that replaces local records."""
    cuts: Counter[str] = field(default_factory=Counter)
    """Field → how many values were cut to fit in the plans made so far."""

    def plan(self, rows: Rows) -> pa.RecordBatch:
        """The plan of these pairs, in the columns of `sync.columns`."""
        fields = self.bound.fields
        external = external_image(fields, rows.external, rows.external_there)
        local = local_image(fields, rows.local)
        linked = flags(rows.links.column("external_id").is_valid())
        sides = self._sides(rows, external, local)
        pairs = Pairs(
            external=self._external_stand(rows, external, linked),
            local=self._local_stand(rows, local, linked),
            linked=linked,
            fields=sides.fields,
            external_problems=external.problems,
            local_problems=sides.local_problems,
            refused=rows.refused,
            newer=self._newer(rows),
            in_scope=linked | True if rows.in_scope is None else rows.in_scope,
            decided=_winners(rows),
            choices=_choices(rows),
        )
        rules = self.rules
        if rows.gone_on_purpose:
            rules = replace(rules, propagates_deletes=True)
        plan = plan_pairs(fields, pairs, rules)
        if self._made:
            self._make_again(rows, sides, plan)
            plan = plan_pairs(fields, pairs, rules)
        self.cuts.update(cuts_of(self.bound, rows.external, sides.after, plan))
        return pair_batch(self.bound, rows, sides, plan)

    @cached_property
    def _made(self) -> tuple[BoundField, ...]:
        """The fields of which something that is sent is made by transforms."""
        return tuple(one for one in self.bound.fields if one.sendings)

    def _make_again(self, rows: Rows, sides: Sides, plan: PairPlan) -> None:
        """What is sent is made of the local records as they will be, with what is downloaded."""
        columns = dict(zip(rows.local.schema.names, rows.local.columns, strict=True))
        for one in self.bound.downloads:
            taken = plan.fields[one.name].to_local
            columns[one.name] = chosen(
                (taken, sides.to_local[one.name]), otherwise=columns[one.name]
            )
        sides.after = pa.RecordBatch.from_pydict(columns)
        made = local_image([one for one in self._made if one.made], sides.after)
        for name in made.texts:
            sides.local.texts[name], sides.local.values[name] = made.texts[name], made.values[name]
            sides.local.unsendable[name] = made.unsendable.get(name, {})
        for one in self._made:
            sides.fields[one.name] = self._field(one, sides)

    @cached_property
    def _believed(self) -> Believed:
        return Believed(self.job, self.bound)

    @cached_property
    def _echoes(self) -> Echoes:
        return Echoes(self.job, self.bound)

    @cached_property
    def rules(self) -> Rules:
        """What the mapping and this run allow."""
        mapping, job = self.bound.mapping, self.job
        policy = mapping.on_conflict or job.integration.on_conflict
        return Rules(
            on_conflict="local_wins" if mapping.direction == "upload_only" else policy,
            propagates_deletes=mapping.deletes == "propagate" and job.syncs_all,
            downloads=self.bound.is_downloaded and job.downloads,
            uploads=self.bound.is_uploaded and job.uploads,
            replaces=self.replaces,
        )

    def _external_stand(self, rows: Rows, image: Image, linked: Flags) -> Stand:
        """Where nothing is downloaded, the external side's edits do not count."""
        base = rows.links.column("base_hash") if self.bound.is_downloaded else None
        return _stand(rows.external_there, linked, self._hashes(image, base), base)

    def _local_stand(self, rows: Rows, image: Image, linked: Flags) -> Stand:
        base = rows.links.column("local_hash") if self.bound.is_uploaded else None
        return _stand(rows.local_there, linked, self._hashes(image, base), base)

    def _hashes(self, image: Image, base: pa.Array | None) -> pa.Array | None:
        return None if base is None else image_hashes(self.bound.fields, image.texts)

    def _sides(self, rows: Rows, external: Image, local: Image) -> Sides:
        texts = self._believed.bases(rows.links.column("external_id"))
        alike = [one for one in self.bound.fields if not one.turns]
        agreed = self._echoes.agreed(
            {"external": rows.external_ids, "local": rows.local_ids},
            {"external": external, "local": local},
            once_agreed(alike, images_of(self.bound.fields, texts)),
        )
        sides = Sides(external, local, agreed, rows.local)
        for one in self.bound.fields:
            sides.fields[one.name] = self._field(one, sides)
        return sides

    def _field(self, one: BoundField, sides: Sides) -> FieldPair:
        theirs, ours = sides.external.texts[one.name], sides.local.texts[one.name]
        from_external, from_local = theirs, ours
        external_waits = local_waits = np.zeros(len(theirs), np.bool_)
        to_local, to_external = sides.external.values[one.name], sides.local.values[one.name]
        if one.reference:
            partners = local_partners(self.job, one.reference, theirs)
            external_waits = flags(pc.and_(theirs.is_valid(), partners.is_null()))
            to_local = fit(partners, one.target, required=False).values
            from_external = id_text(to_local)
            from_local = to_external = external_partners(self.job, one.reference, ours)
            local_waits = flags(pc.and_(ours.is_valid(), from_local.is_null()))
        if one.local:
            sides.to_local[one.local.name] = to_local
        if one.uploads:
            sent, problems = self._sent(one, to_external, sides.after)
            sides.to_external[one.name] = sent
            sides.local_problems[one.name] = {
                **problems,
                **sides.local.unsendable.get(one.name, {}),
            }
        return FieldPair(
            external=theirs,
            local=ours,
            from_external=from_external,
            from_local=from_local,
            external_waits=external_waits,
            local_waits=local_waits,
            external_base=sides.agreed[0][one.name],
            local_base=sides.agreed[1][one.name],
        )

    def _sent(
        self, one: BoundField, values: pa.Array, beside: pa.RecordBatch
    ) -> tuple[dict[str, pa.Array], dict[int, str]]:
        if not (one.reference and self.job.expected):
            columns = {name: beside.column(name) for name in one.reads_locally}
            return sent_values(one, values, columns)
        known = unless_new(values)  # a preview knows that there will be a partner, but not its id
        sent, problems = sent_values(one, known)
        return sent, {
            r: why for r, why in problems.items() if not values[r].is_valid or known[r].is_valid
        }

    def _newer(self, rows: Rows) -> Winners:
        """Which record of each pair was changed last; nobody where one side does not say."""
        ages = self.bound.ages
        policies = {self.rules.on_conflict, *(field.on_conflict for field in self.bound.fields)}
        if ages is None or "newest_wins" not in policies:
            return np.zeros(rows.external.num_rows, np.int8)
        external, local = rows.external.column(ages[0]), rows.local.column(ages[1])
        later = flags(pc.fill_null(pc.greater(external, local), False))
        earlier = flags(pc.fill_null(pc.less(external, local), False))
        return np.select([later, earlier], [np.int8(EXTERNAL), np.int8(LOCAL)], np.int8(NOBODY))


def _stand(there: Flags, linked: Flags, hashes: pa.Array | None, base: pa.Array | None) -> Stand:
    if hashes is None or base is None:
        edited = ~linked
    else:
        edited = ~flags(pc.fill_null(pc.equal(hashes, base), False))
    return np.select(
        [there & edited, there, linked],
        [np.int8(Seen.EDITED), np.int8(Seen.SAME), np.int8(Seen.GONE)],
        np.int8(Seen.NEVER),
    )


def _winners(rows: Rows) -> Winners:
    winners = np.zeros(rows.external.num_rows, np.int8)
    for row, decision in rows.decided.items():
        if isinstance(decision, int):
            winners[row] = decision
    return winners


def _choices(rows: Rows) -> dict[int, Choices]:
    return {row: one for row, one in rows.decided.items() if not isinstance(one, int)}
