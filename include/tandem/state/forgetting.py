"""Making Tandem forget what it believes, so that the systems are asked again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import delete

from tandem.core.changed_mapping.restating import NO_HASH, without_fields
from tandem.state import anchors, link_mappings, transactions
from tandem.state.links import Links
from tandem.state.scope import Scope
from tandem.state.tables import deferred, link

_PART_ROWS: Final = 10_000
_BASE = "base"


def fields(scope: Scope, names: Sequence[str]) -> None:
    """What both sides agreed on in these fields, by their local names; all is read again."""
    links, after = Links(scope), None
    while (part := links.after(after, _PART_ROWS)).num_rows:
        ids = part["external_id"].combine_chunks()
        texts = links.bases(ids)[_BASE].to_pylist()
        said = [text and without_fields(text, names) for text in texts]
        no_hash = pa.repeat(pa.scalar(NO_HASH, pa.binary()), len(ids))
        columns: dict[str, Any] = {
            "external_id": ids,
            _BASE: pa.array(said, pa.string()),
            "base_hash": no_hash,
            "local_hash": no_hash,
        }
        links.restate(pa.table(columns))
        after = ids[-1].as_py()
    anchors.drop(scope, "external", "local")


def links(scope: Scope, *, at: datetime) -> None:
    """Which records belong together, and all that waits because of it."""
    for table in (link, deferred):
        scope.connection.execute(delete(table).where(*scope.mine(table)))
    transactions.archive(scope, ("pending",), None, at=at)
    anchors.drop(scope, "external", "local")
    link_mappings.drop(scope)
