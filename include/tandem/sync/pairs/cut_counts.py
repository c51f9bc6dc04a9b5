"""How many values of what is written were cut to fit, by transforms that the user asked for."""

import pyarrow as pa

from tandem.core.fields import BoundField
from tandem.core.mapping import BoundMapping, cut_texts
from tandem.core.merge import flags
from tandem.core.two_way import PairPlan
from tandem.core.uploads import cut_when_sent


def cuts_of(
    bound: BoundMapping, external: pa.RecordBatch, local: pa.RecordBatch, plan: PairPlan
) -> dict[str, int]:
    """Field that is written → how many of its values are cut. Both records of each pair are
    given, the local ones as they will be.
    """
    found: dict[str, int] = {}
    down, up = flags(plan.local.is_valid()), flags(plan.external.is_valid())
    for one in bound.fields:
        if one.downloads and one.cuts:
            taken = pa.array(down & plan.fields[one.name].to_local)
            found |= cut_texts([one], external, taken)
        if one.sendings:
            sent = pa.array(up & plan.fields[one.name].to_external)
            found |= _sent(one, local, sent)
    return found


def _sent(one: BoundField, records: pa.RecordBatch, rows: pa.Array) -> dict[str, int]:
    counts = {}
    for sending in one.sendings:
        columns = {name: records.column(name).filter(rows) for name in sending.reads}
        counts[sending.external.name] = cut_when_sent(sending, columns, one.functions)
    return {name: count for name, count in counts.items() if count}
