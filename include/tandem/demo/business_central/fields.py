"""Short ways to write down properties; none is null (a blank stands for nothing)."""

from typing import Final

from tandem.demo.model import Edm, EntitySet, EnumType, Property


def text(name: str, length: int | None = None, *, computed: bool = False) -> Property:
    """A text of at most that many characters."""
    return Property(name, nullable=False, max_length=length, computed=computed)


def guid(name: str, *, computed: bool = False) -> Property:
    """A guid, blank where all of it is zero."""
    return Property(name, Edm.GUID, nullable=False, computed=computed)


def amount(name: str, *, computed: bool = False) -> Property:
    """A decimal."""
    return Property(name, Edm.DECIMAL, nullable=False, computed=computed)


def flag(name: str, *, computed: bool = False) -> Property:
    """Yes or no."""
    return Property(name, Edm.BOOLEAN, nullable=False, computed=computed)


def day(name: str) -> Property:
    """A date."""
    return Property(name, Edm.DATE, nullable=False)


def choice(name: str, type_: EnumType, *, computed: bool = False) -> Property:
    """A member of an enumeration."""
    return Property(name, type_, nullable=False, computed=computed)


def moment(name: str) -> Property:
    """A point in time that the service sets, to the millisecond."""
    return Property(name, Edm.DATE_TIME_OFFSET, nullable=False, precision=3, computed=True)


def whole(name: str, type_: Edm = Edm.INT32, *, computed: bool = False) -> Property:
    """A whole number."""
    return Property(name, type_, nullable=False, computed=computed)


ROW_VERSION: Final = whole("#rowVersion", Edm.INT64, computed=True)
"""Kept for etags; pages do not show it."""


def entity(
    name: str, type_name: str, *properties: Property, modified: str = "lastModifiedDateTime"
) -> EntitySet:
    """An entity set with the key `id`, etags, and the time of the last change if it has one."""
    return EntitySet(
        name,
        type_name,
        ("id",),
        (guid("id", computed=True), *properties, ROW_VERSION),
        row_version=ROW_VERSION.name,
        modified_at=modified if any(item.name == modified for item in properties) else None,
    )


MODIFIED: Final = moment("lastModifiedDateTime")


def address(prefix: str = "") -> tuple[Property, ...]:
    """The parts of an address; those of orders have a prefix, and names of their own."""
    names = ("addressLine1", "addressLine2", "city", "state", "country", "postalCode")
    if prefix:
        names = ("AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode")
    lengths = {"city": 30, "state": 30, "country": 10, "postalcode": 20, "postcode": 20}
    lengths |= {"addressline1": 100, "addressline2": 50}
    return tuple(text(f"{prefix}{name}", lengths[name.lower()]) for name in names)
