"""Names of the columns that staged plans carry beside the local fields."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

ACTION: Final = "@action"
EXTERNAL_ID: Final = "@external_id"
LOCAL_ID: Final = "@local_id"
BASE_HASH: Final = "@base_hash"
"""What the link agreed on when the plan was made."""
HASH: Final = "@hash"
EXTERNAL_VERSION: Final = "@external_version"
REASON: Final = "@reason"
WAITS: Final = "@waits"
"""Whether a rejected record only waits for the partner of a lookup."""
_DEFERRED: Final = "@deferred:"

UNREADABLE: Final = pa.schema([(name, pa.string()) for name in ("id", "reason", "payload")])


def deferred_column(field: str) -> str:
    """The column with the values of that lookup field whose partner is missing."""
    return _DEFERRED + field


def deferred_fields(batch: pa.RecordBatch) -> list[str]:
    """The lookup fields of a plan that may be deferred."""
    names = batch.schema.names
    return [name.removeprefix(_DEFERRED) for name in names if name.startswith(_DEFERRED)]


def value_fields(batch: pa.RecordBatch) -> list[str]:
    """The local fields of a plan."""
    return [name for name in batch.schema.names if not name.startswith("@")]


# Plans of pairs: what is done to each side, and what each side looked like.
TO_LOCAL: Final = "@to_local"
"""create, update, delete or null."""
TO_EXTERNAL: Final = "@to_external"
LOCAL_HASH: Final = "@local_hash"
OF_LOCAL: Final = "@of_local"
"""Whether the pair was planned because of its local record, or that one is rejected."""
ACCOUNTED: Final = "@accounted"
"""Whether the link is written or removed once this is done."""
UNLINKS: Final = "@unlinks"
"""Whether both records are gone."""
CLASHES: Final = "@clashes"
"""The fields that both sides changed, as JSON text; null if none."""
MOVED_FROM: Final = "@moved_from"
"""The external id that the link had before; null where it stays."""
ETAG: Final = "@external_etag"
"""The etag that the external record has once all is done, where it is known."""
LOCAL: Final = "local"
"""What is written to the local side: a struct of local fields."""
LOCAL_GIVEN: Final = "local_given"
"""Which of these fields are written."""
LOCAL_SEEN: Final = "local_seen"
"""What the local record was."""
EXTERNAL: Final = "external"
EXTERNAL_GIVEN: Final = "external_given"
EXTERNAL_SEEN: Final = "external_seen"
LOCAL_AFTER: Final = "local_after"
"""The image of the local record once all is done: a struct of texts by field."""
EXTERNAL_AFTER: Final = "external_after"


def struct_of(columns: Mapping[str, pa.Array], rows: int) -> pa.StructArray:
    """The columns as one column; without any, of `rows` empty records."""
    if not columns:
        return pa.array([{}] * rows, pa.struct([]))
    return pa.StructArray.from_arrays(list(columns.values()), names=list(columns))


def records_of(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """A column made by `struct_of` as records."""
    return pa.RecordBatch.from_struct_array(batch.column(name))


def fields_of(batch: pa.RecordBatch, name: str) -> dict[str, pa.Array]:
    """A column made by `struct_of`, by field."""
    records = records_of(batch, name)
    return dict(zip(records.schema.names, records.columns, strict=True))


def replaced(batch: pa.RecordBatch, changes: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """The batch with these columns in place of its own."""
    own = dict(zip(batch.schema.names, batch.columns, strict=True))
    return pa.RecordBatch.from_pydict({**own, **changes})
