"""Of the records that a service finds by keys those that have just these keys: services compare
texts each in a way of its own, and upper and lower case may be one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, Page, Query
from tandem.connectors.odata.dialects.dialect import Reach, form_of
from tandem.connectors.odata.dialects.families import dialect_of
from tandem.core.ids import record_ids
from tandem.model.schema import Entity, Kind


@dataclass(frozen=True, slots=True)
class ExactKeys:
    """What is looked for, and whether it has to be looked at here."""

    query: Query
    keys: pa.RecordBatch

    @property
    def asked(self) -> Query:
        """The query, with the fields that have to be looked at."""
        if not self._loose:
            return self.query
        fields = dict.fromkeys([*self.query.fields, *self.keys.schema.names])
        return replace(self.query, fields=tuple(fields))

    def of(self, pages: Iterable[Page]) -> Iterator[Page]:
        """The pages without the records that were not looked for."""
        if not self._loose:
            yield from pages
            return
        names = tuple(self.keys.schema.names)
        wanted = record_ids(self.keys, names)
        for page in pages:
            found = pc.is_in(record_ids(page.records, names), wanted, skip_nulls=True)
            etags = [ETAG] if ETAG in page.records.schema.names else []
            records = page.records.filter(found).select([*self.query.fields, *etags])
            if len(records) or page.unreadable:
                yield replace(page, records=records)

    @property
    def _loose(self) -> bool:
        return any(_is_loose(self.query.entity, name) for name in self.keys.schema.names)


def _is_loose(entity: Entity, name: str) -> bool:
    field = entity.field(name)
    reach = dialect_of(entity).reach.get(form_of(field), {})
    return field.kind is Kind.STRING and reach.get("eq") is not Reach.EXACT
