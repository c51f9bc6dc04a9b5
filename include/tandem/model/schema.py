"""What a system says it has: entities, fields, kinds, and what can be done with them."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from tandem.errors import ConfigurationError, one_of


class Kind(StrEnum):
    """Canonical kinds of value. Every connector speaks these and nothing else."""

    STRING = "string"
    BOOLEAN = "boolean"
    INT64 = "int64"
    DECIMAL = "decimal"
    FLOAT64 = "float64"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    """A point in time, UTC, to the microsecond."""
    LOCAL_DATETIME = "local_datetime"
    """Date and time on a wall clock; means nothing without a zone."""
    GUID = "guid"
    BINARY = "binary"
    JSON = "json"
    """Text of a JSON value: whatever has no canonical kind of its own."""


class Model(BaseModel):
    """Base of the models that programs exchange: frozen, strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; what was worked out from the fields before is not taken along."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class LookupTarget(Model):
    """An entity that a lookup may refer to."""

    entity: str
    field: str = ""
    """The field of the target that the lookup's value is found in; empty: its key."""
    navigation: str = ""
    """Name of the navigation property that leads there, where the system has such."""
    type: str = ""
    """What the system calls records of that entity where a lookup's value says which they are."""


class Field(Model):
    """A field of an entity. Facets that the system does not state are None."""

    name: str
    kind: Kind
    nullable: bool = True
    max_length: int | None = None
    """Characters of a string, bytes of a binary."""
    precision: int | None = None
    scale: int | None = None
    read_only: bool = False
    """The system sets it; it must not be sent."""
    immutable: bool = False
    """It can be given to new records only."""
    defaulted: bool = False
    """The system fills it where a new record does not give it."""
    unique: bool = False
    """No two records have the same value: an alternate key, as the system declares it."""
    filterable: bool = True
    """The system evaluates conditions on it."""
    label: str = ""
    type_name: str = ""
    """The system's own word for the type (`Edm.Guid`, `VARCHAR(40)`), for people."""
    lookup: tuple[LookupTarget, ...] = ()
    """What this field refers to; several where each record says for itself which it is."""
    by_navigation: bool = False
    """This lookup is written by the navigation property of its target, since the field itself
    cannot be (OData's `navigation@odata.bind`)."""
    part_of: str = ""
    """The lookup of several targets whose value this field has where it refers to this field's
    one target; null where it refers to another."""
    options: tuple[str, ...] = ()
    """The values it may take, where the system lists them."""
    option_labels: tuple[str, ...] = ()
    """What people call the options, one for each; empty where the system has no such words."""

    @property
    def is_required(self) -> bool:
        """Whether a new record has to be given a value."""
        return not (self.nullable or self.read_only or self.defaulted)


class ChangeTracking(StrEnum):
    """How changes can be read, the best first."""

    DELTA = "delta"
    VERSION = "version"
    TIMESTAMP = "timestamp"
    SNAPSHOT = "snapshot"


class Deletes(StrEnum):
    """How deletions can be seen."""

    NATIVE = "native"
    KEY_SWEEP = "key_sweep"
    NONE = "none"


class Capabilities(Model):
    """What a connector can do for one entity."""

    filter: bool = True
    """The system evaluates conditions; where it does not, its connector does."""
    filter_functions: tuple[str, ...] | None = None
    """Functions that conditions may use, as the system lists them; None: it does not say."""
    dialect: str = ""
    """Which dialect of its query language the system speaks, for its connector alone."""
    sort: bool = True
    """Records can be ordered by the system."""
    version_fields: tuple[str, ...] = ()
    """Fields that order changes, the best first: increasing integers before timestamps."""
    settled_by: str = ""
    """The version field of which the system tells up to where nothing can come any more."""
    delta: bool = False
    deletes: Deletes = Deletes.KEY_SWEEP
    creates: bool = False
    updates: bool = False
    removes: bool = False
    client_keys: bool = False
    """The key of a new record may be chosen by us."""
    batch_size: int = 1
    """Records a write takes at once."""
    concurrent_writes: int = 1
    """Writes that gain from being under way at the same time."""
    optimistic_concurrency: bool = False

    @property
    def writes(self) -> bool:
        """Whether records can be created or updated."""
        return self.creates or self.updates


class Entity(Model):
    """An entity: a set of records of one shape."""

    name: str
    key: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    label: str = ""
    path: str = ""
    """Where the system keeps the records, if not under the entity's name: for its connector."""
    is_described: bool = False
    """Whether its connector was asked for all that is to be known of it (`Describer`)."""
    capabilities: Capabilities = Capabilities()

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their names."""
        return {field.name: field for field in self.fields}

    def field(self, name: str) -> Field:
        """The field of that name; ConfigurationError if there is none."""
        if name not in self.by_name:
            raise ConfigurationError(
                f"Entity {self.name!r} has no field {name!r}.",
                remedy=_did_you_mean(name, self.by_name) or f"It has {_some(self.by_name)}.",
            )
        return self.by_name[name]


class Schema(Model):
    """The entities of one system, as its metadata tells them."""

    entities: tuple[Entity, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Entity]:
        """The entities by their names."""
        return {entity.name: entity for entity in self.entities}

    def entity(self, name: str) -> Entity:
        """The entity of that name; ConfigurationError if there is none."""
        if name not in self.by_name:
            raise ConfigurationError(
                f"The system has no entity {name!r}.",
                remedy=_did_you_mean(name, self.by_name) or f"It has {_some(self.by_name)}.",
            )
        return self.by_name[name]


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only for people who mistyped

    close = get_close_matches(name.lower(), [k.lower() for k in known], n=3)
    matches = [k for k in known if k.lower() in close]
    return f"Did you mean {one_of(matches)}?" if matches else ""


def _some(known: Iterable[str], limit: int = 12) -> str:
    names = sorted(known)
    if not names:
        return "none at all"
    rest = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + rest
