"""PostgreSQL's catalogue: what it says of the columns in the schema that comes first."""

import re
from typing import Final

from sqlalchemy import Connection

from tandem.connectors.sql.dialect import Rights
from tandem.errors import ConfigurationError

_COLUMNS: Final = """
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
"""
_OF_TABLES: Final = "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"

_DOMAINS: Final = """
WITH RECURSIVE step (domain, type, modifier) AS (
  SELECT oid, typbasetype, typtypmod FROM pg_type WHERE typtype = 'd'
  UNION ALL
  SELECT s.domain, t.typbasetype, t.typtypmod
  FROM step s JOIN pg_type t ON t.oid = s.type AND t.typtype = 'd'
), beneath AS (
  SELECT s.domain, s.type, s.modifier
  FROM step s JOIN pg_type t ON t.oid = s.type AND t.typtype <> 'd'
)
"""
"""A domain may be made of a domain; beneath all of them is a type with its length or scale."""

_DECLARED_TYPES: Final = f"""
{_DOMAINS}
SELECT c.relname, a.attname,
       format_type(coalesce(b.type, a.atttypid), coalesce(b.modifier, a.atttypmod))
{_COLUMNS} LEFT JOIN beneath b ON b.domain = a.atttypid
{_OF_TABLES}
"""

_RIGHTS: Final = f"""
SELECT c.relname, a.attname, has_column_privilege(c.oid, a.attnum, 'SELECT'),
       has_column_privilege(c.oid, a.attnum, 'INSERT'),
       has_column_privilege(c.oid, a.attnum, 'UPDATE'), has_table_privilege(c.oid, 'DELETE')
{_COLUMNS} {_OF_TABLES}
"""

_MEMBERS: Final = f"""
{_DOMAINS}
SELECT c.relname, a.attname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
{_COLUMNS} LEFT JOIN beneath b ON b.domain = a.atttypid
     JOIN pg_enum e ON e.enumtypid = coalesce(b.type, a.atttypid)
{_OF_TABLES} GROUP BY c.relname, a.attname
"""

_CHECKS: Final = f"""
SELECT c.relname, a.attname, pg_get_constraintdef(k.oid)
{_COLUMNS} JOIN pg_constraint k ON k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum]
WHERE k.contype = 'c' AND k.convalidated AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)
"""
_LITERAL: Final = re.compile(r"'((?:[^']|'')*)'::(?:text|character varying)")
_NAME: Final = r'(?:\w+|"[^"]+")'
_ONE_OF: Final = re.compile(
    rf"CHECK \(\((?:{_NAME}|\({_NAME}\)::text) = ANY "
    rf"\(\(?ARRAY\[({_LITERAL.pattern}(?:, {_LITERAL.pattern})*)\](?:\)::text\[\])?\)\)\)"
)
"""How PostgreSQL writes that a column is one of some texts. Anything else is not recognised."""


def refuse_no_schema(connection: Connection) -> None:
    """ConfigurationError: none of the search path's schemas is there for the user."""
    if connection.exec_driver_sql("SELECT current_schema()").scalar_one() is not None:
        return
    path = connection.exec_driver_sql("SHOW search_path").scalar_one()
    user = connection.exec_driver_sql("SELECT current_user").scalar_one()
    raise ConfigurationError(
        f"None of the schemas in the search path ({path}) exists and may be used by {user!r}.",
        remedy="Correct `search_path` in the connection's address, or create the schema and grant "
        "USAGE on it.",
    )


def declared_types(connection: Connection) -> dict[tuple[str, str], str]:
    """Table and column → its type; in place of a domain, the type beneath."""
    rows = connection.exec_driver_sql(_DECLARED_TYPES)
    return {(table, column): declared for table, column, declared in rows}


def rights(connection: Connection) -> Rights:
    """What the connection's user may do."""
    rows = list(connection.exec_driver_sql(_RIGHTS))
    readable = {table for table, _, select, *_ in rows if select}
    return Rights(
        select=frozenset((table, column) for table, column, select, *_ in rows if select),
        insert=frozenset((table, column) for table, column, _, insert, _, _ in rows if insert),
        update=frozenset((table, column) for table, column, _, _, update, _ in rows if update),
        delete=frozenset(table for table, *_, delete in rows if delete),
        unreadable=frozenset(table for table, *_ in rows if table not in readable),
    )


def options(connection: Connection) -> dict[tuple[str, str], tuple[str, ...]]:
    """Members of enumerations, and what `CHECK (column IN ('a', 'b'))` lists for a text."""
    members = connection.exec_driver_sql(_MEMBERS)
    return {
        (table, column): tuple(text.replace("''", "'") for text in _LITERAL.findall(listed[1]))
        for table, column, check in connection.exec_driver_sql(_CHECKS)
        if (listed := _ONE_OF.fullmatch(check))
    } | {(table, column): tuple(names) for table, column, names in members}
