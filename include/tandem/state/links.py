"""Links: which local record is which external one, and what both last agreed on."""

from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection, delete, select

from tandem import database
from tandem.state.among import among
from tandem.state.tables import link

LINKS = pa.schema(
    [("external_id", pa.string()), ("local_id", pa.string()), ("base_hash", pa.binary())]
)


class Links:
    """The links of one entity mapping, seen through one connection."""

    def __init__(self, connection: Connection, integration: str, entity: str) -> None:
        self._connection = connection
        self._integration = integration
        self._entity = entity
        self._mine = (link.c.integration == integration, link.c.entity == entity)

    def any(self) -> bool:
        """Whether there is a link at all."""
        query = select(link.c.external_id).where(*self._mine).limit(1)
        return self._connection.execute(query).first() is not None

    def find(self, side: str, ids: pa.Array) -> pa.Table:
        """The links of these ids of that side, as LINKS."""
        if not len(ids) or not self.any():
            return LINKS.empty_table()
        chosen = among(self._connection, link.c[f"{side}_id"], ids)
        query = select(*(link.c[name] for name in LINKS.names)).where(*self._mine, chosen)
        rows = self._connection.execute(query).all()
        columns = list(zip(*rows, strict=True)) or [()] * len(LINKS)
        return pa.table([list(column) for column in columns], schema=LINKS)

    def put(self, links: pa.Table, *, at: datetime, replace: bool) -> None:
        """Make links: the columns of LINKS, and external_version.

        `replace` says that some of the records may have one already.
        """
        for batch in links.to_batches():
            if replace:
                self.remove(batch.column("external_id"))
            rows = {
                "integration": pa.repeat(self._integration, batch.num_rows),
                "entity": pa.repeat(self._entity, batch.num_rows),
                **{name: batch.column(name) for name in batch.schema.names},
                "updated_at": pa.repeat(pa.scalar(at, pa.timestamp("us", "UTC")), batch.num_rows),
            }
            database.insert(self._connection, link, pa.RecordBatch.from_pydict(rows))

    def remove(self, external_ids: pa.Array) -> None:
        """Forget the links of these external records."""
        if self.any():
            chosen = among(self._connection, link.c.external_id, external_ids)
            self._connection.execute(delete(link).where(*self._mine, chosen))
