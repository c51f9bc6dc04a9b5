"""What an organisation's entities are made of, and the tables that follow from it.

Types, facets and base fields: Resco wiki, Resco CRM Connector, and the metadata that Resco's own
TypeScript client reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from typing import Final

from tandem.demo.model import Edm, EntitySet, Property, Reference

TARGET: Final = "#target"
"""What the column that keeps the target of a lookup has at the end of its name."""


class Kind(StrEnum):
    """The types of attributes (Resco wiki, Resco CRM Connector), as far as they are in use."""

    UNIQUE_IDENTIFIER = "UniqueIdentifier"
    STRING = "String"
    INTEGER = "Integer"
    FLOAT = "Float"
    DECIMAL = "Decimal"
    MONEY = "Money"
    DATE_TIME = "DateTime"
    PICKLIST = "Picklist"
    PICKLIST_MAP = "PicklistMap"
    BOOLEAN = "Boolean"
    LOOKUP = "Lookup"
    ROW_VERSION = "RowVersion"


EDM: Final = {
    Kind.UNIQUE_IDENTIFIER: Edm.GUID,
    Kind.STRING: Edm.STRING,
    Kind.INTEGER: Edm.INT32,
    Kind.FLOAT: Edm.DOUBLE,
    Kind.DECIMAL: Edm.DECIMAL,
    Kind.MONEY: Edm.DECIMAL,
    Kind.DATE_TIME: Edm.DATE_TIME_OFFSET,
    Kind.PICKLIST: Edm.INT32,
    Kind.PICKLIST_MAP: Edm.INT32,
    Kind.BOOLEAN: Edm.BOOLEAN,
    Kind.LOOKUP: Edm.GUID,
    Kind.ROW_VERSION: Edm.INT64,
}
"""How OData tells of each type. No document says; these hold the values without loss."""


class LookupForm(Enum):
    """How OData shows lookups: what the real service does is not documented."""

    GUID = "guid"
    """`customerid`: a guid."""
    TYPED = "typed"
    """`customerid`: `account:guid` if `resco.strictlookup=true` is preferred, else a guid."""
    SUFFIXED = "suffixed"
    """`__customerid_id`: a guid, as a public client of a live organisation reads it; `customerid`
    is the navigation property."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of an option set; `state`: the group that a status belongs to."""

    value: int
    label: str
    state: int = 0


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an entity."""

    name: str
    kind: Kind = Kind.STRING
    length: int | None = None
    precision: int | None = None
    """Digits after the point of a decimal."""
    required: bool = False
    targets: tuple[str, ...] = ()
    """Entities that a lookup can refer to."""
    options: tuple[Option, ...] = ()
    computed: bool = False
    """Set by the service; ignored when it is sent."""

    @property
    def polymorphic(self) -> bool:
        """Whether a lookup has more than one target."""
        return len(self.targets) > 1


@dataclass(frozen=True)
class Entity:
    """One entity; its records are known by `id` and shown by `name`."""

    name: str
    label: str
    attributes: tuple[Attribute, ...]
    form: LookupForm = field(default=LookupForm.TYPED, kw_only=True)

    @cached_property
    def by_name(self) -> dict[str, Attribute]:
        """The attributes by their names."""
        return {attribute.name: attribute for attribute in self.attributes}

    @cached_property
    def lookups(self) -> tuple[Attribute, ...]:
        """The attributes that refer to records."""
        return tuple(item for item in self.attributes if item.kind is Kind.LOOKUP)

    def column(self, attribute: Attribute) -> str:
        """The property of an attribute in OData, which is also its column."""
        suffixed = self.form is LookupForm.SUFFIXED and attribute.kind is Kind.LOOKUP
        return f"__{attribute.name}_id" if suffixed else attribute.name

    @cached_property
    def stored(self) -> EntitySet:
        """The set as it is kept: with the columns that tell the targets of lookups."""
        return self._entity_set(tuple(self._properties()), self._references())

    @cached_property
    def shown(self) -> EntitySet:
        """The set as OData tells of it.

        Lookups have navigation properties where their names are free for them.
        """
        properties = tuple(p for p in self._properties() if not p.name.endswith(TARGET))
        suffixed = self.form is LookupForm.SUFFIXED
        return self._entity_set(properties, self._references() if suffixed else ())

    def _entity_set(
        self, properties: tuple[Property, ...], references: tuple[Reference, ...]
    ) -> EntitySet:
        return EntitySet(
            name=self.name,
            type_name=self.name,
            key=("id",),
            properties=properties,
            references=references,
            row_version="versionnumber",
            modified_at="modifiedon",
        )

    def _properties(self) -> Iterator[Property]:
        for attribute in self.attributes:
            name = self.column(attribute)
            yield _property(name, attribute)
            if attribute.polymorphic:
                yield Property(name + TARGET)

    def _references(self) -> tuple[Reference, ...]:
        return tuple(
            Reference(lookup.name, lookup.targets[0], self.column(lookup))
            for lookup in self.lookups
            if not lookup.polymorphic
        )


def _property(name: str, attribute: Attribute) -> Property:
    edm = EDM[attribute.kind]
    decimal = edm is Edm.DECIMAL
    return Property(
        name,
        edm,
        nullable=not attribute.required,
        max_length=attribute.length,
        precision=28 if decimal else 0 if edm is Edm.DATE_TIME_OFFSET else None,
        scale=attribute.precision if decimal else None,
        computed=attribute.computed,
    )
