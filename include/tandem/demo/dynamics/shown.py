"""Rows as JSON: which columns come, and the annotations beside them.

Microsoft Learn, "Select columns using OData": the primary key always comes, money brings its
currency along, formatted values and lookup properties come where they are preferred.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from tandem.demo.conditions import column
from tandem.demo.dynamics.errors import bad_url
from tandem.demo.dynamics.schema import BY_NAME, NAMESPACE
from tandem.demo.dynamics.tables import Lookup, Table
from tandem.demo.model import Edm
from tandem.demo.read import Selection, etag_sql
from tandem.demo.values import json_sql

FORMATTED: Final = "OData.Community.Display.V1.FormattedValue"
TARGET_TYPE: Final = f"{NAMESPACE}.lookuplogicalname"
NAVIGATION: Final = f"{NAMESPACE}.associatednavigationproperty"


@dataclass(frozen=True, slots=True)
class Shown(Selection):
    """Rows of a table with the annotations that are wanted (patterns, `*` in them)."""

    annotations: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """Whose rows they are."""
        return BY_NAME[self.entity_set.type_name]

    @property
    def sql(self) -> str:
        """SQL that gives the row as JSON text; annotations of nulls are left out."""
        members = [f"""'"@odata.etag":' || json_quote({etag_sql("versionnumber")})"""]
        if self.context:
            context = self.context.replace("'", "''")
            members.insert(0, f"""'"@odata.context":' || json_quote('{context}')""")
        for path in self.paths:
            value = json_sql(self.entity_set.paths[path], column(path), ieee754=self.ieee754)
            annotations = "".join(f"{sql} || " for sql in self._beside(path))
            members.append(f"""{annotations}'"{path}":' || json_quote({value})""")
        return "'{' || " + " || ',' || ".join(members) + " || '}'"

    def wants(self, name: str) -> bool:
        """Whether the annotation is asked for."""
        return any(fnmatchcase(name, pattern) for pattern in self.annotations)

    def _beside(self, path: str) -> list[str]:
        lookup = self.table.by_column.get(path)
        found = [(FORMATTED, self._formatted(path, lookup))]
        if lookup:
            found += [
                (NAVIGATION, _case(lookup, "navigation")),
                (TARGET_TYPE, _case(lookup, "table")),
            ]
        return [
            f"""CASE WHEN {column(path)} IS NULL THEN '' """
            f"""ELSE '"{path}@{name}":' || json_quote({sql}) || ',' END"""
            for name, sql in found
            if sql and self.wants(name)
        ]

    def _formatted(self, path: str, lookup: Lookup | None) -> str:
        """As in en-US and UTC; empty where a column has no such value."""
        name = column(path)
        if lookup:
            return _name_of_target(lookup)
        if labels := self.table.choices.get(path):
            cases = " ".join(f"WHEN {value} THEN {_text(label)}" for value, label in labels.items())
            return f"CASE {name} {cases} ELSE CAST({name} AS TEXT) END"
        match self.entity_set.paths[path].type:
            case Edm.BOOLEAN:
                return f"CASE {name} WHEN 1 THEN 'Yes' ELSE 'No' END"
            case Edm.DECIMAL:
                return f"format('$%,.2f', {name})"
            case Edm.DATE_TIME_OFFSET | Edm.DATE:
                return _american(name)
        return ""


def _case(lookup: Lookup, what: str) -> str:
    """The navigation property or the logical name of what the lookup of a row refers to."""
    if len(lookup.targets) == 1:
        return _text(getattr(lookup.targets[0], what))
    cases = " ".join(
        f"WHEN {_text(target.table)} THEN {_text(getattr(target, what))}"
        for target in lookup.targets
    )
    return f"CASE {column(lookup.type_column)} {cases} END"


def _name_of_target(lookup: Lookup) -> str:
    names = [
        f'(SELECT "its/name" FROM (SELECT {column(table.key)} AS "its/key", '  # noqa: S608 names of the model
        f'{column(table.primary_name)} AS "its/name" FROM "{table.set_name}") '
        f'WHERE "its/key" = {column(lookup.column)})'
        for table in (BY_NAME[target.table] for target in lookup.targets)
    ]
    return f"coalesce({', '.join([*names, _text('')])})"


def _american(name: str) -> str:
    day = f"ltrim(strftime('%m/', {name}), '0') || ltrim(strftime('%d/%Y', {name}), '0')"
    time = f"ltrim(strftime('%I:%M %p', {name}), '0')"
    return f"{day} || CASE WHEN {name} LIKE '%T%' THEN ' ' || {time} ELSE '' END"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def chosen(select: str | None, table: Table) -> tuple[str, ...]:
    """The columns to show, in the order of the rows, the ids at the end if nobody asked."""
    if select is None or select.strip() == "*":
        return table.shown
    asked = dict.fromkeys(part.strip() for part in select.split(","))
    if unknown := [name for name in asked if name not in table.shown]:
        raise bad_url(
            f"Could not find a property named '{unknown[0]}' on type "
            f"'{NAMESPACE}.{table.logical_name}'."
        )
    if set(table.money) & asked.keys():
        asked["_transactioncurrencyid_value"] = None
    kept = [path for path in table.shown if path in asked]
    return (*kept, *(name for name in table.ids if name not in asked))
