"""A metadata document (CSDL) as it stands, whether it came as XML or as JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tandem.errors import ConfigurationError

LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a metadata document; Dataverse's has 2.4 million."""

Annotations = Mapping[str, Any]
"""Term (full name, or `term#Qualifier`) → value: bool, text, list or dict of record properties."""


@dataclass(frozen=True, slots=True)
class Facets:
    """A type with its facets; what the document does not state is None."""

    type: str
    """Full name of the type, of the items where it is a collection."""
    collection: bool = False
    nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """A structural property."""

    name: str
    facets: Facets
    annotations: Annotations
    defaulted: bool = False
    """Whether a default value is stated."""


@dataclass(frozen=True, slots=True)
class Navigation:
    """A navigation property; `constraints` are pairs of own property and referenced one."""

    name: str
    type: str
    collection: bool
    constraints: tuple[tuple[str, str], ...] = ()
    contains: bool = False
    """Whether what it leads to is part of the record."""


@dataclass(frozen=True, slots=True)
class StructuredType:
    """An entity type or a complex type, without what it inherits."""

    name: str
    base: str | None
    key: tuple[str, ...]
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...]
    annotations: Annotations
    abstract: bool = False


@dataclass(frozen=True, slots=True)
class EntitySet:
    """An entity set; `bindings` tell which set a navigation path leads to."""

    name: str
    container: str
    type: str
    bindings: Mapping[str, str]
    annotations: Annotations


@dataclass(slots=True)
class Csdl:
    """All that a document defines, by full name."""

    types: dict[str, StructuredType] = field(default_factory=dict)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Member names; none for flags, since their values are any of them together."""
    definitions: dict[str, Facets] = field(default_factory=dict)
    """Type definitions: the type beneath, with facets."""
    sets: list[EntitySet] = field(default_factory=list)
    annotations: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Annotations that stand apart from their target: target → term → value."""


class Names:
    """Resolves aliases: `Alias.Name` and `Namespace.Name` mean the same (CSDL 4.01, 5.1)."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = aliases

    def full(self, name: str) -> str:
        """The name with its namespace in full."""
        prefix, dot, last = name.rpartition(".")
        return f"{self._aliases.get(prefix, prefix)}{dot}{last}"

    def type(self, text: str) -> tuple[str, bool]:
        """Full name of a type, and whether the text means a collection of it."""
        inner = text.removeprefix("Collection(").removesuffix(")")
        return self.full(inner), inner != text

    def target(self, text: str) -> str:
        """The target of annotations: the model element's full name, then its path."""
        head, slash, path = text.partition("/")
        _refuse_bad_target(text)
        return f"{self.full(head)}{slash}{path}"


def invalid(reason: str) -> ConfigurationError:
    """The error for a document that breaks the rules of OData v4 metadata."""
    return ConfigurationError(
        f"The service's $metadata is not valid: {reason}.",
        remedy="Ask whoever runs the service; Tandem reads CSDL 4.0 and 4.01, XML and JSON.",
    )


def no_metadata(reason: str) -> ConfigurationError:
    """The error for what is something else: a page to sign in, a service document, a schema."""
    return ConfigurationError(
        f"What the service gives as its $metadata is not valid OData metadata: {reason}.",
        remedy="Check that the connection's address is the root of an OData 4 service, and that "
        "its user may read `$metadata` there.",
    )


def other_version(version: str) -> ConfigurationError:
    """The error for OData 2 and 3."""
    return ConfigurationError(
        f"The service speaks OData {version}; Tandem speaks OData 4.",
        remedy="Use the service's OData 4 address; many systems offer both.",
    )


def refuse_primitive(navigation: str, type_name: str) -> None:
    """A navigation property leads to entities (CSDL 4.01, 8.1)."""
    if type_name.startswith("Edm.") and type_name != "Edm.EntityType":
        raise invalid(
            f"navigation property {navigation!r} has the type {type_name}, but such a property "
            "leads to an entity type"
        )


def number(text: object) -> int | None:
    """A facet that is a number; `max`, `variable` and `floating` state none, nor do huge ones."""
    return int(str(text)) if re.fullmatch(r"[0-9]{1,10}", str(text)) else None


def _refuse_bad_target(target: str) -> None:
    parameters = re.search(r"\((.*)\)", target)
    if parameters and parameters[1] and "" in parameters[1].split(","):
        raise invalid(f"annotations have the target {target!r}, in which a parameter has no type")
