"""Lookups: from what an external record refers to, to the local record it means."""

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import Query
from tandem.core.fit import fit
from tandem.core.ids import key_columns, record_ids
from tandem.core.mapping import BoundMapping
from tandem.core.values import arrow_type, canonical_text
from tandem.model.integration import Lookup
from tandem.sync.job import Job, Run


def local_partners(job: Job, lookup: Lookup, values: pa.Array) -> pa.Array:
    """The local id that each value refers to; null where there is none (yet)."""
    texts = canonical_text(values)
    wanted = pc.unique(texts).drop_null()
    found = _partners(job, lookup, wanted)
    ids = pd.Series(texts.to_pandas()).map(found).astype("str")  # also where none is found
    return pa.array(ids, pa.string())


def _partners(job: Job, lookup: Lookup, wanted: pa.Array) -> "pd.Series[str]":
    """Value → local id, for the values that have a partner."""
    target = job.bound(lookup.entity)
    if (lookup.field,) == target.external.key:
        links = job.state.links(lookup.entity, "external", wanted).to_pandas()
        return pd.Series(links["local_id"].to_numpy(), index=links["external_id"])
    return _by_local_field(job, target, lookup.field, wanted)


def _by_local_field(
    job: Job, target: BoundMapping, field: str, wanted: pa.Array
) -> "pd.Series[str]":
    """Where the lookup names no key: the local records whose mapped field has that value."""
    local = target.local.field(target.local_name(field))
    keys = pa.RecordBatch.from_arrays([fit(wanted, local).values], names=[local.name])
    fields = tuple(dict.fromkeys([*target.local.key, local.name]))
    pages = job.local.find(Query(target.local, fields, job.now()), keys)
    frames = [
        pd.DataFrame(
            {
                "value": canonical_text(page.records.column(local.name)).to_pandas(),
                "local_id": record_ids(page.records, target.local.key).to_pandas(),
            }
        )
        for page in pages
    ]
    found = pd.concat([pd.DataFrame({"value": [], "local_id": []}), *frames])
    distinct = found[~found.duplicated("value", keep=False)]
    return distinct.set_index("value")["local_id"]


def complete_lookups(run: Run, entities: Iterable[str]) -> int:
    """Write the lookups that waited for their partner and whose partner is there now."""
    return sum(_complete(run, run.bound(entity)) for entity in entities)


def _complete(run: Run, bound: BoundMapping) -> int:
    entity = bound.mapping.external
    waiting = run.state.deferred(entity)
    lookups = {d.local.name: d.mapping.lookup for d in bound.downloads if d.mapping.lookup}
    done = 0
    for field, lookup in lookups.items():
        mine = waiting.filter(pc.equal(waiting["field"], field)).combine_chunks()
        if mine.num_rows:
            partners = local_partners(run, lookup, mine["value"].combine_chunks())
            found = mine.append_column("partner", partners).filter(partners.is_valid())
            done += _write(run, bound, field, found) if found.num_rows else 0
    return done


def _write(run: Run, bound: BoundMapping, field: str, found: pa.Table) -> int:
    local = bound.local
    keys = key_columns(found["local_id"].combine_chunks(), local)
    values = found["partner"].combine_chunks().cast(arrow_type(local.field(field)))
    written = run.writer.update(local, keys.append_column(field, values))
    refused = {*written.rejected, *written.missing}
    applied = pa.array([row not in refused for row in range(found.num_rows)])
    with run.state.account(bound.mapping.external) as account:
        account.settle(found.filter(applied)["external_id"].combine_chunks(), field)
    return int(found.num_rows - len(refused))
