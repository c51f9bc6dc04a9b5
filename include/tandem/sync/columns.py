"""Names of the columns that staged plans carry beside the local fields."""

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
