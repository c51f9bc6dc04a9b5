"""What a Dataverse table is: columns, lookups, choices and alternate keys.

Names and types as in the metadata documents that Dataverse publishes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

from tandem.demo.model import Edm, EntitySet, Property, Reference

TEXTS: Final = "dataverse"
"""The collation of text columns."""


class OnDelete(StrEnum):
    """What becomes of a row when the one that it refers to is deleted.

    Microsoft Learn, "Table relationship behavior".
    """

    REMOVE_LINK = "RemoveLink"
    RESTRICT = "Restrict"
    CASCADE = "Cascade"


@dataclass(frozen=True, slots=True)
class Target:
    """One table that a lookup can lead to, and the navigation property that leads there."""

    navigation: str
    table: str
    """Logical name."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A column that refers to a row; read as `_name_value`, written by its navigation property."""

    name: str
    targets: tuple[Target, ...]
    on_delete: OnDelete = OnDelete.REMOVE_LINK
    abstract: str | None = None
    """The table that all targets descend from: the type of the one navigation property."""
    set_by_service: bool = False

    @property
    def column(self) -> str:
        """The property that holds the id."""
        return f"_{self.name}_value"

    @property
    def type_column(self) -> str:
        """Where the logical name of the target is kept; no property of the service."""
        return f"{self.column}@type"


@dataclass(frozen=True)
class Table:
    """A table with the row version, the time of the last change and its primary key."""

    logical_name: str
    set_name: str
    label: str
    primary_id: str
    primary_name: str
    columns: tuple[Property, ...]
    lookups: tuple[Lookup, ...] = ()
    choices: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Column → value → label."""
    defaults: Mapping[str, int] = field(default_factory=dict)
    """Choices of a new row that names none."""
    money: tuple[str, ...] = ()
    alternate_keys: tuple[tuple[str, ...], ...] = ()
    principal: bool = False
    """Whether it is a kind of `principal`, whose key `ownerid` it inherits."""
    tracks_changes: bool = True
    in_bulk: bool = True
    """Whether it has CreateMultiple and its like."""
    read_only: bool = False

    @property
    def key(self) -> str:
        """The key of the entity type; of principals not the primary id column, but equal to it."""
        return "ownerid" if self.principal else self.primary_id

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that hold the id of a row; they always come."""
        return (self.primary_id, "ownerid") if self.principal else (self.primary_id,)

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The columns that the service shows, in the order of the rows."""
        return tuple(path for path in self.entity_set.paths if "@" not in path)

    @cached_property
    def by_navigation(self) -> dict[str, list[tuple[Lookup, Target]]]:
        """Navigation property → the lookup and the targets behind it."""
        found: dict[str, list[tuple[Lookup, Target]]] = {}
        for lookup in self.lookups:
            for target in lookup.targets:
                found.setdefault(target.navigation, []).append((lookup, target))
        return found

    @cached_property
    def by_column(self) -> dict[str, Lookup]:
        """`_name_value` → its lookup."""
        return {lookup.column: lookup for lookup in self.lookups}

    @cached_property
    def entity_set(self) -> EntitySet:
        """The table as the store keeps it."""
        return EntitySet(
            name=self.set_name,
            type_name=self.logical_name,
            key=(self.key,),
            properties=(
                *(Property(name, Edm.GUID, nullable=False) for name in self.ids),
                *self.columns,
                *self._lookup_columns(),
                Property("createdon", Edm.DATE_TIME_OFFSET, computed=True),
                Property("modifiedon", Edm.DATE_TIME_OFFSET, computed=True),
                Property("versionnumber", Edm.INT64, computed=True),
            ),
            references=tuple(
                Reference(target.navigation, _set_of(target.table), lookup.column, enforced=False)
                for lookup in self.lookups
                if lookup.abstract is None
                for target in lookup.targets
            ),
            row_version="versionnumber",
            modified_at="modifiedon",
        )

    def _lookup_columns(self) -> Iterator[Property]:
        for lookup in self.lookups:
            yield Property(lookup.column, Edm.GUID, computed=True)
            if len(lookup.targets) > 1:
                yield Property(lookup.type_column, computed=True)


def _set_of(logical_name: str) -> str:
    """Entity sets of this organization are plurals in the plain way (of others not always)."""
    return f"{logical_name}s" if not logical_name.endswith("y") else f"{logical_name[:-1]}ies"


def text(name: str, length: int) -> Property:
    """A column of text."""
    return Property(name, max_length=length, collation=TEXTS)


def choice(name: str) -> Property:
    """A choice, or any whole number."""
    return Property(name, Edm.INT32)


def amount(name: str) -> Property:
    """A column of money."""
    return Property(name, Edm.DECIMAL, precision=19, scale=4)
