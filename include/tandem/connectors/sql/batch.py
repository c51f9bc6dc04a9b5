"""The rows of a batch that a database can take at all, with the numbers they were given with."""

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.sql.dialect import Dialect
from tandem.core.fit import fit
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of what was given."""

    records: pa.RecordBatch
    rows: pa.Array
    """Their numbers in the batch as it was given, ascending."""

    def among(self, rows: Collection[int]) -> "Batch":
        """Those of these numbers."""
        return self._filtered(pc.is_in(self.rows, pa.array(sorted(rows), pa.int64())))

    def without(self, rows: Collection[int]) -> "Batch":
        """All but those of these numbers."""
        if not rows:
            return self
        return self._filtered(pc.invert(pc.is_in(self.rows, pa.array(sorted(rows), pa.int64()))))

    def select(self, names: Collection[str]) -> "Batch":
        """The same rows with these columns only."""
        return Batch(self.records.select(list(names)), self.rows)

    def _filtered(self, chosen: pa.Array) -> "Batch":
        return Batch(self.records.filter(chosen), self.rows.filter(chosen))


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows that fit their fields, and why the others do not, by row number."""

    batch: Batch
    rejected: dict[int, str]


def checked(entity: Entity, records: pa.RecordBatch, dialect: Dialect) -> Checked:
    """Put aside what the column types would refuse, or keep otherwise than it was given."""
    columns = []
    rejected: dict[int, str] = {}
    for name, values in zip(records.schema.names, records.columns, strict=True):
        field = entity.field(name)
        fitted = fit(values, field)
        columns.append(fitted.values)
        rejected = {**fitted.problems, **rejected}
        for reason, bad in dialect.refused(fitted.values, field):
            for row in pc.indices_nonzero(pc.fill_null(bad, fill_value=False)).to_pylist():
                rejected.setdefault(row, f"field {name!r}: {reason}")
    fitting = pa.RecordBatch.from_arrays(columns, names=records.schema.names)
    whole = Batch(fitting, pa.array(range(records.num_rows), pa.int64()))
    return Checked(whole.without(rejected), rejected)


def check_key(entity: Entity, records: pa.RecordBatch) -> None:
    """Without its key a record could be any record."""
    lacking = [name for name in entity.key if name not in records.schema.names]
    if lacking or not entity.key:
        raise ConfigurationError(
            f"Records of {entity.name!r} cannot be written without "
            f"{', '.join(lacking) or 'a primary key'}.",
            remedy="Give the table a primary key, and map or generate its columns.",
        )
