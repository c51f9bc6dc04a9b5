"""Lookups: from what an external record refers to, to the local record it means."""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Query
from tandem.core.fields import Reference
from tandem.core.fit import fit
from tandem.core.ids import id_text, joined_ids, key_columns, record_ids, split_ids
from tandem.core.mapping import BoundMapping, mapped_value
from tandem.core.uploads import sent_values
from tandem.core.values import canonical_text
from tandem.sync import columns
from tandem.sync.expected import NEW, PARTNERS
from tandem.sync.job import Job, Run


def local_partners(job: Job, reference: Reference, texts: pa.Array) -> pa.Array:
    """The local id that each of these texts, written as ids are, refers to; null for none (yet)."""
    found = _partners(job, reference, pc.unique(texts).drop_null())
    at = pc.index_in(texts, value_set=found["value"])
    return found["local_id"].combine_chunks().take(at)


def _partners(job: Job, reference: Reference, wanted: pa.Array) -> pa.Table:
    """The partners that these texts have: value and local_id."""
    target = job.bound(reference.entity)
    if set(reference.fields) != set(target.external.key):
        return _by_local_fields(job, target, reference.fields, wanted)
    parts = split_ids(wanted, len(reference.fields))
    by_field = dict(zip(reference.fields, parts, strict=True))
    ids = joined_ids([by_field[name] for name in target.external.key])
    links = job.state.links(reference.entity, "external", ids)
    return _pairs(wanted, ids, _linked(job, reference.entity, links))


def _linked(job: Job, entity: str, links: pa.Table) -> pa.Table:
    """These links and those that are only expected, as PARTNERS."""
    known = links.select(["external_id", "local_id"]).rename_columns(PARTNERS.names)
    expected = job.expected.get(entity)
    return pa.concat_tables([known, expected.partners]) if expected else known


def external_partners(job: Job, reference: Reference, local_ids: pa.Array) -> pa.Array:
    """What the external side calls the record that each of these local ids means, as the text of
    the lookup's external fields; null for none (yet).
    """
    target = job.bound(reference.entity)
    wanted = pc.unique(local_ids).drop_null()
    links = _linked(job, reference.entity, job.state.links(reference.entity, "local", wanted))
    links = links.filter(pc.is_in(links["local_id"], value_set=wanted))
    known = links["local_id"].combine_chunks()
    if set(reference.fields) == set(target.external.key):
        parts = split_ids(links["value"].combine_chunks(), len(target.external.key))
        by_field = dict(zip(target.external.key, parts, strict=True))
        texts = joined_ids([by_field[name] for name in reference.fields])
    else:
        known, texts = _held_externally(job, target, reference.fields, known)
    return texts.take(pc.index_in(local_ids, value_set=known))


def unless_new(texts: pa.Array) -> pa.Array:
    """The texts, null for a partner whose id is not known before it is created."""
    new = pc.fill_null(pc.match_substring(texts, NEW), fill_value=False)
    return pc.if_else(new, pa.scalar(None, pa.string()), texts)


def _held_externally(
    job: Job, target: BoundMapping, names: tuple[str, ...], local_ids: pa.Array
) -> tuple[pa.Array, pa.Array]:
    """Local ids, and what the mapping makes of their records in these external fields."""
    fields = {f.external.name: f for f in target.fields if f.external and f.local}
    chosen = [fields[name] for name in names]
    read = [name for field in chosen for name in field.reads_locally]
    asked = tuple(dict.fromkeys([*target.local.key, *read]))
    query = Query(target.local, asked, job.now())
    pages = list(job.local.find(query, key_columns(local_ids, target.local)))
    if not pages:
        return pa.array([], pa.string()), pa.array([], pa.string())
    records = pa.Table.from_batches([page.records for page in pages]).combine_chunks()
    columns = {name: records[name].combine_chunks() for name in read}
    parts = [
        id_text(sent_values(field, columns[field.name], columns)[0][name])
        for name, field in zip(names, chosen, strict=True)
    ]
    batch = pa.RecordBatch.from_pydict({n: records[n].combine_chunks() for n in target.local.key})
    return record_ids(batch, target.local.key), joined_ids(parts)


def _by_local_fields(
    job: Job, target: BoundMapping, names: tuple[str, ...], wanted: pa.Array
) -> pa.Table:
    """Where the lookup names no key: linked local records whose mapped fields have those values."""
    local = [target.local.field(target.local_name(name)) for name in names]
    parts = split_ids(wanted, len(names))
    values = [mapped_value(target, *pair) for pair in zip(names, parts, strict=True)]
    keys = pa.RecordBatch.from_arrays(values, names=[field.name for field in local])
    linked = pa.concat_tables([_stored(job, target, keys), _expected(job, target, keys)])
    counts = linked.group_by("value").aggregate([("local_id", "count"), ("local_id", "min")])
    single = counts.filter(pc.equal(counts["local_id_count"], 1)).combine_chunks()
    known = pa.Table.from_arrays([single["value"], single["local_id_min"]], schema=PARTNERS)
    return _pairs(wanted, _joined(keys), known)


def _stored(job: Job, target: BoundMapping, keys: pa.RecordBatch) -> pa.Table:
    """The linked local records that have these values, as PARTNERS."""
    existing = job.schemas["existing"].by_name.get(target.local.name)
    if existing is None or not set(keys.schema.names) <= existing.by_name.keys():
        return PARTNERS.empty_table()
    fields = tuple(dict.fromkeys([*target.local.key, *keys.schema.names]))
    pages = job.local.find(Query(target.local, fields, job.now()), keys)
    found = pa.concat_tables(
        [PARTNERS.empty_table(), *(_partner_page(p.records, target, keys) for p in pages)]
    )
    ids = found["local_id"].combine_chunks()
    known = _linked(job, target.mapping.external, _links(job, target, ids))
    return found.filter(pc.is_in(ids, value_set=known["local_id"]))


def _links(job: Job, target: BoundMapping, local_ids: pa.Array) -> pa.Table:
    return job.state.links(target.mapping.external, "local", local_ids)


def _expected(job: Job, target: BoundMapping, keys: pa.RecordBatch) -> pa.Table:
    """The local records of a preview's own plan, as PARTNERS."""
    names, expected = keys.schema.names, job.expected.get(target.mapping.external)
    created = expected.created(names) if expected else None
    if created is None:
        return PARTNERS.empty_table()
    ids = created.column(columns.LOCAL_ID)
    return pa.Table.from_arrays([_joined(created.select(names)), ids], schema=PARTNERS)


def _pairs(wanted: pa.Array, as_known: pa.Array, known: pa.Table) -> pa.Table:
    """The texts that have a partner among the known ones, under the name that these have there."""
    partners = known["local_id"].combine_chunks()
    found = partners.take(pc.index_in(as_known, value_set=known["value"]))
    pairs = pa.table([wanted, found], schema=PARTNERS)
    return pairs.filter(pairs["local_id"].is_valid())


def _partner_page(records: pa.RecordBatch, target: BoundMapping, keys: pa.RecordBatch) -> pa.Table:
    values = _joined(records.select(keys.schema.names))
    return pa.Table.from_arrays([values, record_ids(records, target.local.key)], schema=PARTNERS)


def _joined(values: pa.RecordBatch) -> pa.Array:
    return joined_ids([canonical_text(column) for column in values.columns])


def complete_lookups(run: Run, entities: Iterable[str]) -> int:
    """Write the lookups that waited for their partner and whose partner is there now."""
    return sum(_complete(run, run.bound(entity)) for entity in entities)


def _complete(run: Run, bound: BoundMapping) -> int:
    references = {field.name: field.reference for field in bound.downloads if field.reference}
    done = 0
    for field, reference in references.items():
        for waiting in run.state.deferred(bound.mapping.external, field):
            partners = local_partners(run, reference, waiting["value"].combine_chunks())
            found = waiting.append_column("partner", partners).filter(partners.is_valid())
            done += _write(run, bound, field, found) if found.num_rows else 0
    return done


def _write(run: Run, bound: BoundMapping, field: str, found: pa.Table) -> int:
    local = bound.local
    keys = key_columns(found["local_id"].combine_chunks(), local)
    values = fit(found["partner"].combine_chunks(), local.field(field), required=False).values
    written = run.writer("local").update(local, keys.append_column(field, values)).whole()
    refused = {*written.rejected, *written.missing}
    applied = pa.array([row not in refused for row in range(found.num_rows)])
    with run.state.account(bound.mapping.external) as account:
        account.settle(found.filter(applied)["external_id"].combine_chunks(), field)
    return int(found.num_rows - len(refused))
