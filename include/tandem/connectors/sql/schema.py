"""Reflection: the tables and views of the default schema as entities."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedForeignKeyConstraint
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.exc import SAWarning

from tandem.connectors.sql.dialect import Dialect
from tandem.connectors.sql.types import facets_of
from tandem.connectors.versions import version_fields
from tandem.model.schema import Capabilities, Deletes, Entity, Field, LookupTarget, Schema

BATCH_ROWS: Final = 50_000
"""Rows that a write takes at once."""


def reflect(connection: Connection, dialect: Dialect) -> Schema:
    """All tables and views that the connection's user sees without naming a schema."""
    inspector = inspect(connection)
    with warnings.catch_warnings():
        # SQLAlchemy does not know every type; the database's own words for them are read below.
        warnings.simplefilter("ignore", SAWarning)
        columns = inspector.get_multi_columns(kind=ObjectKind.ANY)
    keys = inspector.get_multi_pk_constraint()
    references = inspector.get_multi_foreign_keys()
    declared = dialect.declared_types(connection)
    entities = []
    for table, described in sorted(columns.items()):
        key = keys.get(table)
        lookups = _lookups(references.get(table, ()))
        names = tuple(key["constrained_columns"]) if key else ()
        fields = [
            _field(column, declared.get((table[1], column["name"])), names, lookups, dialect)
            for column in described
        ]
        entities.append(_entity(table[1], names, fields, dialect.concurrent_writes))
    return Schema(entities=tuple(entities))


def _entity(
    name: str, key: tuple[str, ...], fields: Sequence[Field], concurrent_writes: int
) -> Entity:
    read_only = {field.name for field in fields if field.read_only}
    writes = bool(key)
    return Entity(
        name=name,
        key=key,
        fields=tuple(fields),
        capabilities=Capabilities(
            version_fields=version_fields(fields),
            deletes=Deletes.KEY_SWEEP if key else Deletes.NONE,
            creates=writes,
            updates=writes,
            removes=writes,
            client_keys=writes and not read_only & set(key),
            batch_size=BATCH_ROWS,
            concurrent_writes=concurrent_writes,
        ),
    )


def _field(
    column: ReflectedColumn,
    declared: str | None,
    key: tuple[str, ...],
    lookups: Mapping[str, tuple[LookupTarget, ...]],
    dialect: Dialect,
) -> Field:
    name = column["name"]
    type_name = str(column["type"]) if declared is None else declared
    facets: dict[str, Any] = facets_of(type_name, dialect.kinds)
    identity = column.get("identity")
    return Field(
        name=name,
        nullable=bool(column["nullable"]) and name not in key,
        read_only="computed" in column
        or bool(identity and identity["always"])
        or type_name.endswith("[]"),
        label=column.get("comment") or "",
        defaulted=column.get("default") is not None or identity is not None,
        lookup=lookups.get(name, ()),
        options=tuple(getattr(column["type"], "enums", ())),
        **facets,
    )


def _lookups(
    constraints: Sequence[ReflectedForeignKeyConstraint],
) -> dict[str, tuple[LookupTarget, ...]]:
    """Column → the tables that a foreign key of that one column leads to."""
    found: dict[str, tuple[LookupTarget, ...]] = {}
    for constraint in constraints:
        if len(constraint["constrained_columns"]) == 1:
            column = constraint["constrained_columns"][0]
            target = LookupTarget(
                entity=constraint["referred_table"], field=constraint["referred_columns"][0]
            )
            found[column] = (*found.get(column, ()), target)
    return found
