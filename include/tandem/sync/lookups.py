"""Lookups: from what an external record refers to, to the local record it means."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Query
from tandem.core.fit import fit
from tandem.core.ids import key_columns, record_ids
from tandem.core.mapping import BoundMapping, mapped_value
from tandem.core.values import canonical_text
from tandem.model.integration import Lookup
from tandem.sync.job import PARTNERS, Job, Run


def local_partners(job: Job, lookup: Lookup, texts: pa.Array) -> pa.Array:
    """The local id that each of these texts, written as ids are, refers to; null for none (yet)."""
    found = _partners(job, lookup, pc.unique(texts).drop_null())
    at = pc.index_in(texts, value_set=found["value"])
    return found["local_id"].combine_chunks().take(at)


def _partners(job: Job, lookup: Lookup, wanted: pa.Array) -> pa.Table:
    """The partners that these texts have: value and local_id."""
    target = job.bound(lookup.entity)
    if (lookup.field,) != target.external.key:
        return _by_local_field(job, target, lookup.field, wanted)
    links = job.state.links(lookup.entity, "external", wanted)
    found = links.select(["external_id", "local_id"]).rename_columns(PARTNERS.names)
    expected = job.expected.get(lookup.entity, PARTNERS.empty_table())
    return pa.concat_tables([found, expected])


def _by_local_field(job: Job, target: BoundMapping, field: str, wanted: pa.Array) -> pa.Table:
    """Where the lookup names no key: linked local records whose mapped field has that value."""
    local = target.local.field(target.local_name(field))
    existing = job.schemas["existing"].by_name.get(target.local.name)
    if existing is None or local.name not in existing.by_name:
        return PARTNERS.empty_table()
    values = mapped_value(target, field, wanted)
    fields = tuple(dict.fromkeys([*target.local.key, local.name]))
    keys = pa.RecordBatch.from_arrays([values], names=[local.name])
    pages = job.local.find(Query(target.local, fields, job.now()), keys)
    found = pa.concat_tables(
        [PARTNERS.empty_table(), *(_partner_page(p.records, target, local.name) for p in pages)]
    )
    owned = job.state.links(target.mapping.external, "local", found["local_id"].combine_chunks())
    linked = found.filter(pc.is_in(found["local_id"], value_set=owned["local_id"]))
    counts = linked.group_by("value").aggregate([("local_id", "count"), ("local_id", "min")])
    single = counts.filter(pc.equal(counts["local_id_count"], 1)).combine_chunks()
    at = pc.index_in(canonical_text(values), value_set=single["value"])
    pairs = pa.table([wanted, single["local_id_min"].combine_chunks().take(at)], schema=PARTNERS)
    return pairs.filter(pairs["local_id"].is_valid())


def _partner_page(records: pa.RecordBatch, target: BoundMapping, field: str) -> pa.Table:
    values = canonical_text(records.column(field))
    return pa.Table.from_arrays([values, record_ids(records, target.local.key)], schema=PARTNERS)


def complete_lookups(run: Run, entities: Iterable[str]) -> int:
    """Write the lookups that waited for their partner and whose partner is there now."""
    return sum(_complete(run, run.bound(entity)) for entity in entities)


def _complete(run: Run, bound: BoundMapping) -> int:
    lookups = {d.local.name: d.mapping.lookup for d in bound.downloads if d.mapping.lookup}
    done = 0
    for field, lookup in lookups.items():
        for waiting in run.state.deferred(bound.mapping.external, field):
            partners = local_partners(run, lookup, waiting["value"].combine_chunks())
            found = waiting.append_column("partner", partners).filter(partners.is_valid())
            done += _write(run, bound, field, found) if found.num_rows else 0
    return done


def _write(run: Run, bound: BoundMapping, field: str, found: pa.Table) -> int:
    local = bound.local
    keys = key_columns(found["local_id"].combine_chunks(), local)
    values = fit(found["partner"].combine_chunks(), local.field(field), required=False).values
    written = run.writer.update(local, keys.append_column(field, values))
    refused = {*written.rejected, *written.missing}
    applied = pa.array([row not in refused for row in range(found.num_rows)])
    with run.state.account(bound.mapping.external) as account:
        account.settle(found.filter(applied)["external_id"].combine_chunks(), field)
    return int(found.num_rows - len(refused))
