"""What a Business Central publishes: pages (entity sets) of a service root, and companies."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from tandem.demo.model import Edm, EntitySet, EnumType, Property, ServiceModel
from tandem.demo.values import Stored

NO_GUID: Final = "00000000-0000-0000-0000-000000000000"
NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_BLANKS: Final[dict[Edm, Stored]] = {
    Edm.STRING: "",
    Edm.GUID: NO_GUID,
    Edm.BOOLEAN: 0,
    Edm.INT32: 0,
    Edm.INT64: 0,
    Edm.DECIMAL: "0",
    Edm.DOUBLE: 0.0,
    Edm.DATE: "0001-01-01",
    Edm.TIME_OF_DAY: "00:00:00",
    Edm.DATE_TIME_OFFSET: "0001-01-01T00:00:00",
}


def blank(property_: Property) -> Stored:
    """What stands for nothing: the tables have no null (Microsoft Learn, "Data types in AL")."""
    return 0 if isinstance(property_.type, EnumType) else _BLANKS[property_.type]


@dataclass(frozen=True, slots=True)
class Navigation:
    """A navigation property: the records of `target` whose `theirs` is the record's `own`."""

    name: str
    target: str
    own: str
    theirs: str = "id"
    many: bool = False
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """How lines hang on their headers."""

    headers: str
    property: str = "documentId"
    order: str = "sequence"


@dataclass(frozen=True)
class Page:
    """One entity set of a service root."""

    entity_set: EntitySet
    navigations: tuple[Navigation, ...] = ()
    relations: tuple[Navigation, ...] = ()
    """References that hold, though no navigation property tells of them."""
    required: tuple[str, ...] = ()
    """What a new record cannot be without; Nullable is false for it, as for the key."""
    fixed: tuple[str, ...] = ()
    """What only a new record takes."""
    series: str = ""
    """A property that gets the next number where none is sent."""
    streams: tuple[str, ...] = ()
    initial: tuple[tuple[str, Stored], ...] = ()
    """What a new record has where nothing is sent, if it is not blank."""
    lines_of: Document | None = None

    @property
    def name(self) -> str:
        """The name of the entity set."""
        return self.entity_set.name

    def navigation(self, name: str) -> Navigation | None:
        """The navigation property of that name."""
        return next((item for item in self.navigations if item.name == name), None)


@dataclass(frozen=True, slots=True)
class Company:
    """One of the companies, each with records of its own."""

    id: str
    name: str
    display_name: str = ""
    modified: datetime = NEVER


@dataclass(frozen=True)
class Root:
    """A service root: what is published below one URL."""

    name: str
    path: str
    """Below `/v2.0/{tenant}/{environment}/`, with a slash at the end."""
    namespace: str
    companies: EntitySet
    company_name: str
    """The property that holds the name of a company."""
    pages: tuple[Page, ...]

    @cached_property
    def model(self) -> ServiceModel:
        """Everything as one model, the companies first."""
        return ServiceModel(
            self.namespace, (self.companies, *(page.entity_set for page in self.pages))
        )

    @cached_property
    def by_name(self) -> dict[str, Page]:
        """The pages by the names of their entity sets, that of the companies among them."""
        everything = (Page(self.companies), *self.pages)
        return {page.name: page for page in everything}
