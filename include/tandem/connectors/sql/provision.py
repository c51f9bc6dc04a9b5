"""Making the tables and columns that a mapping needs."""

from collections.abc import Sequence

from sqlalchemy import Connection

from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.tables import named
from tandem.connectors.sql.types import declaration
from tandem.errors import ConfigurationError
from tandem.model.schema import Entity, Field, Schema


def missing_fields(wanted: Entity, schema: Schema) -> tuple[Field, ...]:
    """Fields of the wanted entity that its table lacks; one with another type is not missing."""
    known = schema.by_name.get(wanted.name)
    if known is None:
        return wanted.fields
    names = {field.name.lower() for field in known.fields}
    return tuple(field for field in wanted.fields if field.name.lower() not in names)


def steps(wanted: Entity, schema: Schema, dialect: Dialect) -> tuple[str, ...]:
    """What `provision` would do, for people."""
    fields = missing_fields(wanted, schema)
    if fields and wanted.name not in schema.by_name:
        return (f"create table {wanted.name} with {len(fields)} columns",)
    return tuple(
        f"add column {wanted.name}.{field.name} ({declaration(field, dialect.declared)})"
        for field in fields
    )


def statements(
    connection: Connection, wanted: Entity, schema: Schema, dialect: Dialect
) -> list[str]:
    """The SQL that does it."""
    fields = missing_fields(wanted, schema)
    limit = connection.dialect.max_identifier_length
    for name in (wanted.name, *(field.name for field in fields)):
        if len(name.encode()) > limit:
            raise ConfigurationError(
                f"The name {name!r} is longer than the {limit} bytes that the database takes.",
                remedy="Choose a shorter local name in the mapping.",
            )
    quote = connection.dialect.identifier_preparer.quote
    table = quote(named(wanted.name))
    columns = [f"{quote(named(f.name))} {declaration(f, dialect.declared)}" for f in fields]
    if wanted.name in schema.by_name:
        return [f"ALTER TABLE {table} ADD COLUMN {column}" for column in columns]
    return [_create_table(table, fields, columns, [quote(named(name)) for name in wanted.key])]


def _create_table(
    table: str, fields: Sequence[Field], columns: Sequence[str], key: Sequence[str]
) -> str:
    lines = [
        column if field.nullable else f"{column} NOT NULL"
        for field, column in zip(fields, columns, strict=True)
    ]
    if key:
        lines.append(f"PRIMARY KEY ({', '.join(key)})")
    return f"CREATE TABLE {table} ({', '.join(lines)})"
