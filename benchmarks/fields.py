"""The twenty fields of a benchmark record, and their types in each place. Standard library only."""

import re
from dataclasses import dataclass

ENTITY = "Orders"
TABLE = "orders"
KEY = "ID"
VERSION = "rowVersion"
MODIFIED = "modifiedAt"


@dataclass(frozen=True, slots=True)
class Column:
    """One field. `edm` holds the attributes of its Property element in `$metadata`."""

    name: str
    edm: str
    postgres: str
    sqlite: str

    @property
    def local(self) -> str:
        """The column's name in the target: snake_case, as dlt names it too."""
        return "id" if self.name == KEY else re.sub(r"[A-Z]", r"_\g<0>", self.name).lower()

    @property
    def sent_as_string(self) -> bool:
        """A string in the `IEEE754Compatible=true` form (OData JSON Format 4.01, 3.2)."""
        return 'Type="Edm.Int64"' in self.edm or 'Type="Edm.Decimal"' in self.edm


def _string(name: str, length: int, *, nullable: bool = False) -> Column:
    edm = f'Type="Edm.String" MaxLength="{length}"{"" if nullable else REQUIRED}'
    return Column(name, edm, "text", "TEXT")


def _decimal(name: str, precision: int, scale: int, *, nullable: bool = False) -> Column:
    edm = f'Type="Edm.Decimal" Precision="{precision}" Scale="{scale}"'
    return Column(
        name, edm + ("" if nullable else REQUIRED), f"numeric({precision},{scale})", "REAL"
    )


REQUIRED = ' Nullable="false"'

COLUMNS = (
    Column(KEY, f'Type="Edm.Guid"{REQUIRED}', "uuid", "TEXT"),
    Column(VERSION, f'Type="Edm.Int64"{REQUIRED}', "bigint", "INTEGER"),
    _string("orderNo", 20),
    _string("customerName", 100),
    _string("email", 120),
    _string("city", 60, nullable=True),
    _string("country", 2),
    _string("status", 20),
    _string("notes", 250, nullable=True),
    Column("externalRef", f'Type="Edm.Int64"{REQUIRED}', "bigint", "INTEGER"),
    Column("quantity", f'Type="Edm.Int32"{REQUIRED}', "integer", "INTEGER"),
    _decimal("amount", 18, 2),
    _decimal("tax", 18, 2, nullable=True),
    _decimal("balance", 28, 6, nullable=True),
    Column("weight", 'Type="Edm.Double"', "double precision", "REAL"),
    Column("isActive", f'Type="Edm.Boolean"{REQUIRED}', "boolean", "INTEGER"),
    Column("isPaid", 'Type="Edm.Boolean"', "boolean", "INTEGER"),
    Column("orderDate", f'Type="Edm.Date"{REQUIRED}', "date", "TEXT"),
    Column("dueDate", 'Type="Edm.Date"', "date", "TEXT"),
    Column(MODIFIED, f'Type="Edm.DateTimeOffset" Precision="3"{REQUIRED}', "timestamptz", "TEXT"),
)
