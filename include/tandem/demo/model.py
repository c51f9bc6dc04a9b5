"""What a service offers: entity sets, their properties and types. Tables and $metadata follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Edm(StrEnum):
    """The primitive types that the service knows (OData CSDL 4.01, 3.3)."""

    STRING = "Edm.String"
    GUID = "Edm.Guid"
    BOOLEAN = "Edm.Boolean"
    INT32 = "Edm.Int32"
    INT64 = "Edm.Int64"
    DECIMAL = "Edm.Decimal"
    DOUBLE = "Edm.Double"
    DATE = "Edm.Date"
    TIME_OF_DAY = "Edm.TimeOfDay"
    DATE_TIME_OFFSET = "Edm.DateTimeOffset"


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration; a member's value is its place in the list."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """A primitive or enumeration property."""

    name: str
    type: Edm | EnumType = Edm.STRING
    nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    """Digits of a decimal; digits after the second of a time."""
    scale: int | None = None
    """Digits after the point of a decimal; None: any number of them."""
    computed: bool = False
    """Set by the service; ignored when it is sent."""
    collation: str | None = None
    """How the database compares the texts; None: by code points."""


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A group of properties without a key."""

    name: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class ComplexProperty:
    """A property whose value is an object, never null."""

    name: str
    type: ComplexType


@dataclass(frozen=True, slots=True)
class Reference:
    """A navigation property: `property` holds the one key value of a `target` entity."""

    name: str
    target: str
    property: str
    enforced: bool = True
    """Whether the database itself sees to it that there is such an entity."""


@dataclass(frozen=True)
class EntitySet:
    """A set of entities of one type."""

    name: str
    type_name: str
    key: tuple[str, ...]
    properties: tuple[Property | ComplexProperty, ...]
    references: tuple[Reference, ...] = ()
    row_version: str | None = None
    """Int64 property that each write raises; the etag is made of it."""
    modified_at: str | None = None
    """DateTimeOffset property that each write sets."""

    @cached_property
    def paths(self) -> dict[str, Property]:
        """The primitive properties by path (`name`, `address/city`), which is also their column."""
        return dict(self._paths())

    def _paths(self) -> Iterator[tuple[str, Property]]:
        for property_ in self.properties:
            if isinstance(property_, Property):
                yield property_.name, property_
            else:
                for part in property_.type.properties:
                    yield f"{property_.name}/{part.name}", part


@dataclass(frozen=True)
class ServiceModel:
    """All that one service offers."""

    namespace: str
    entity_sets: tuple[EntitySet, ...]

    @cached_property
    def by_name(self) -> dict[str, EntitySet]:
        """The entity sets by their names."""
        return {entity_set.name: entity_set for entity_set in self.entity_sets}

    @property
    def complex_types(self) -> list[ComplexType]:
        """The complex types in use, each once."""
        types = [
            property_.type
            for entity_set in self.entity_sets
            for property_ in entity_set.properties
            if isinstance(property_, ComplexProperty)
        ]
        return list(dict.fromkeys(types))

    @property
    def enum_types(self) -> list[EnumType]:
        """The enumeration types in use, each once."""
        types = [
            property_.type
            for entity_set in self.entity_sets
            for property_ in entity_set.paths.values()
            if isinstance(property_.type, EnumType)
        ]
        return list(dict.fromkeys(types))
