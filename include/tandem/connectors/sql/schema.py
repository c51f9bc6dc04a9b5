"""Reflection: the tables and views of the default schema as entities."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedForeignKeyConstraint
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.exc import SAWarning

from tandem.connectors.sql.dialect import Dialect, Rights
from tandem.connectors.sql.types import facets_of
from tandem.connectors.versions import version_fields
from tandem.model.schema import Capabilities, Deletes, Entity, Field, LookupTarget, Schema

BATCH_ROWS: Final = 50_000
"""Rows that a write takes at once."""


def reflect(connection: Connection, dialect: Dialect) -> Schema:
    """All tables and views that the connection's user sees without naming a schema, with what of
    them the user may read. ConfigurationError where there is no schema.
    """
    dialect.refuse_no_place(connection)
    inspector = inspect(connection)
    with warnings.catch_warnings():
        # SQLAlchemy does not know every type; the database's own words for them are read below.
        warnings.simplefilter("ignore", SAWarning)
        found = inspector.get_multi_columns(kind=ObjectKind.ANY)
    known = _Catalogue.of(connection, dialect)
    columns = {
        at: readable
        for at, described in found.items()
        if (readable := known.readable(at[1], described))
    }
    keys = inspector.get_multi_pk_constraint()
    references = inspector.get_multi_foreign_keys()
    names = {name: [c["name"] for c in described] for (_, name), described in columns.items()}
    entities = []
    for at, described in sorted(columns.items()):
        constraint = keys.get(at)
        key = tuple(constraint["constrained_columns"]) if constraint else ()
        key = key if {*key} <= {*names[at[1]]} else ()
        lookups = _lookups(references.get(at, ()), names)
        entities.append(_Reflection(dialect, known).entity(at[1], key, described, lookups))
    return Schema(entities=_with_unique(entities))


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """What the database's own catalogue says beside SQLAlchemy."""

    internal: Collection[str]
    declared: Mapping[tuple[str, str], str]
    numbered: Collection[tuple[str, str]]
    options: Mapping[tuple[str, str], tuple[str, ...]]
    rights: Rights | None

    @staticmethod
    def of(connection: Connection, dialect: Dialect) -> "_Catalogue":
        return _Catalogue(
            dialect.internal(connection),
            dialect.declared_types(connection),
            dialect.numbered(connection),
            dialect.options(connection),
            dialect.rights(connection),
        )

    def readable(self, table: str, columns: Sequence[ReflectedColumn]) -> list[ReflectedColumn]:
        """The columns that the user may read; none of a table that is the database's own means."""
        if table in self.internal:
            return []
        rights = self.rights
        return [c for c in columns if rights is None or (table, c["name"]) in rights.select]


@dataclass(frozen=True, slots=True)
class _Reflection:
    """Tables with their columns → entities."""

    dialect: Dialect
    known: _Catalogue

    def entity(
        self,
        name: str,
        key: tuple[str, ...],
        columns: Sequence[ReflectedColumn],
        lookups: Mapping[str, tuple[LookupTarget, ...]],
    ) -> Entity:
        fields = [self._field(name, column, key, lookups) for column in columns]
        return Entity(
            name=name, key=key, fields=tuple(fields), capabilities=self._able(name, key, fields)
        )

    def _able(self, table: str, key: tuple[str, ...], fields: Sequence[Field]) -> Capabilities:
        """What can be done; views and tables without a key are for reading."""
        read_only = {field.name for field in fields if field.read_only}
        rights, columns = self.known.rights, {(table, field.name) for field in fields}
        creates = bool(key) and (rights is None or bool(rights.insert & columns))
        return Capabilities(
            version_fields=version_fields(fields),
            deletes=Deletes.KEY_SWEEP if key else Deletes.NONE,
            creates=creates,
            updates=bool(key) and (rights is None or bool(rights.update & columns)),
            removes=bool(key) and (rights is None or table in rights.delete),
            client_keys=creates and not read_only & set(key),
            batch_size=BATCH_ROWS,
            concurrent_writes=self.dialect.concurrent_writes,
        )

    def _field(
        self,
        table: str,
        column: ReflectedColumn,
        key: tuple[str, ...],
        lookups: Mapping[str, tuple[LookupTarget, ...]],
    ) -> Field:
        name = column["name"]
        declared = self.known.declared.get((table, name))
        type_name = str(column["type"]) if declared is None else declared
        facets: dict[str, Any] = facets_of(type_name, self.dialect.kinds)
        listed = tuple(getattr(column["type"], "enums", ())) or self.known.options.get(
            (table, name), ()
        )
        return Field(
            name=name,
            nullable=bool(column["nullable"]) and name not in key,
            label=column.get("comment") or "",
            defaulted=self._is_defaulted(table, column),
            lookup=lookups.get(name, ()),
            options=listed,
            **self._writing(table, column, key, type_name),
            **facets,
        )

    def _writing(
        self, table: str, column: ReflectedColumn, key: tuple[str, ...], type_name: str
    ) -> dict[str, bool]:
        """Whether the field is read-only, and whether it may be given to new records only.

        What only new records may have counts as read-only, but for the key.
        """
        at = (table, column["name"])
        rights = self.known.rights
        inserted = rights is None or at in rights.insert
        updated = rights is None or at in rights.update
        identity = column.get("identity")
        made = "computed" in column or bool(identity and identity["always"])
        immutable = inserted and not updated and not made
        return {
            "immutable": immutable,
            "read_only": made
            or type_name.endswith("[]")
            or not (inserted or updated)
            or (immutable and at[1] not in key),
        }

    def _is_defaulted(self, table: str, column: ReflectedColumn) -> bool:
        stated = column.get("default") is not None or column.get("identity") is not None
        return stated or (table, column["name"]) in self.known.numbered


def _with_unique(entities: Sequence[Entity]) -> tuple[Entity, ...]:
    """The entities, with what foreign keys lead to: it is unique, or databases refuse them."""
    led_to = {
        (target.entity, target.field)
        for entity in entities
        for field in entity.fields
        for target in field.lookup
    }
    return tuple(
        entity.model_copy(
            update={
                "fields": tuple(
                    field.model_copy(update={"unique": True})
                    if (entity.name, field.name) in led_to and entity.key != (field.name,)
                    else field
                    for field in entity.fields
                )
            }
        )
        for entity in entities
    )


def _lookups(
    constraints: Sequence[ReflectedForeignKeyConstraint], tables: Mapping[str, Sequence[str]]
) -> dict[str, tuple[LookupTarget, ...]]:
    """Column → the tables that a foreign key of that one column leads to.

    Foreign keys of several columns say what these refer to together, and none of them alone: they
    are no lookups of a field. Nor are those that lead to tables of other schemas, which are not
    among the entities.
    """
    found: dict[str, tuple[LookupTarget, ...]] = {}
    for constraint in constraints:
        table = _spelled(constraint["referred_table"], tables)
        if constraint["referred_schema"] or table is None:
            continue
        fields = [_spelled(name, tables[table]) for name in constraint["referred_columns"]]
        if len(constraint["constrained_columns"]) == 1 and fields and fields[0]:
            column = constraint["constrained_columns"][0]
            target = LookupTarget(entity=table, field=fields[0])
            found[column] = (*found.get(column, ()), target)
    return found


def _spelled(name: str, known: Collection[str]) -> str | None:
    """The name as it was defined: SQLite takes references in any case."""
    if name in known:
        return name
    return next((other for other in known if other.lower() == name.lower()), None)
