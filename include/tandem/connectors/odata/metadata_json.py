"""Metadata documents in JSON (OData CSDL JSON 4.01) → Csdl."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from tandem.connectors.odata.csdl import (
    Csdl,
    EntitySet,
    Facets,
    Names,
    Navigation,
    Property,
    StructuredType,
    invalid,
    no_metadata,
    number,
    other_version,
    refuse_primitive,
)

_Json = dict[str, Any]
_Reader = Callable[[_Json, str, Names, Csdl], None]

_MOST_VALUES: Final = 2_000_000
"""Counted by the commas between them."""


def parse_json(body: bytes) -> Csdl:
    """What the document defines. Raises ConfigurationError if it is no CSDL JSON 4, or beyond all
    measure.
    """
    if body.count(b",") > _MOST_VALUES:
        raise invalid(f"it has more than {_MOST_VALUES:,} values")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise no_metadata(f"it is not JSON ({error})") from None
    if not isinstance(document, dict) or "$Version" not in document:
        raise no_metadata("it is JSON that states no $Version")
    if not str(document["$Version"]).startswith("4"):
        raise other_version(str(document["$Version"]))
    try:
        return _read(document)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise invalid(f"it is not CSDL JSON ({type(error).__name__}: {error})") from None


def _read(document: _Json) -> Csdl:
    schemas = {name: value for name, value in document.items() if not name.startswith("$")}
    names = Names(_aliases(document, schemas))
    csdl = Csdl()
    for namespace, schema in schemas.items():
        for name, element in schema.items():
            kind = element.get("$Kind") if isinstance(element, dict) else None
            if reader := _READERS.get(str(kind)):
                _read_one(reader, element, f"{namespace}.{name}", names, csdl)
        for target, found in schema.get("$Annotations", {}).items():
            annotations = csdl.annotations.setdefault(names.target(target), {})
            annotations.update(_annotations(found, names))
    return csdl


def _read_one(reader: _Reader, element: _Json, name: str, names: Names, csdl: Csdl) -> None:
    try:
        reader(element, name, names, csdl)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise invalid(f"{name} is not written as CSDL JSON is ({reason})") from None


def _aliases(document: _Json, schemas: _Json) -> dict[str, str]:
    included = [
        (include.get("$Alias"), include["$Namespace"])
        for reference in document.get("$Reference", {}).values()
        for include in reference.get("$Include", [])
    ]
    own = [(schema.get("$Alias"), namespace) for namespace, schema in schemas.items()]
    return {alias: namespace for alias, namespace in included + own if alias}


def _structured_type(element: _Json, name: str, names: Names, csdl: Csdl) -> None:
    members = [(member, value) for member, value in _members(element) if isinstance(value, dict)]
    csdl.types[name] = StructuredType(
        name=name,
        base=names.full(element["$BaseType"]) if "$BaseType" in element else None,
        key=tuple(_key_path(ref) for ref in element.get("$Key", [])),
        properties=tuple(
            _property(member, value, names)
            for member, value in members
            if value.get("$Kind", "Property") == "Property"
        ),
        navigations=tuple(
            _navigation(member, value, names)
            for member, value in members
            if value.get("$Kind") == "NavigationProperty"
        ),
        annotations=_annotations(element, names),
        abstract=element.get("$Abstract") is True,
    )


def _property(name: str, element: _Json, names: Names) -> Property:
    facets, annotations = _facets(element, "$Type", names), _annotations(element, names)
    return Property(name, facets, annotations, "$DefaultValue" in element)


def _key_path(reference: str | dict[str, str]) -> str:
    """A key property; with an alias it stands as {alias: path} (CSDL JSON 4.01, 6.5)."""
    if isinstance(reference, str):
        return reference
    if len(reference) != 1 or not isinstance(path := next(iter(reference.values())), str):
        raise invalid("a $Key has a part that names no property")
    return path


def _facets(element: _Json, type_member: str, names: Names) -> Facets:
    """A type that is not stated is Edm.String, and Nullable is false (CSDL JSON 4.01, 7.1, 7.2.1):
    unlike in XML.
    """
    return Facets(
        names.full(element.get(type_member, "Edm.String")),
        element.get("$Collection", False),
        element.get("$Nullable", False),
        number(element.get("$MaxLength")),
        number(element.get("$Precision")),
        number(element.get("$Scale")),
    )


def _navigation(name: str, element: _Json, names: Names) -> Navigation:
    type_name = names.full(element["$Type"])
    refuse_primitive(name, type_name)
    constraints = tuple(_texts(element, "$ReferentialConstraint"))
    contains = element.get("$ContainsTarget") is True
    return Navigation(name, type_name, element.get("$Collection", False), constraints, contains)


def _enum(element: _Json, name: str, _names: Names, csdl: Csdl) -> None:
    members = tuple(member for member, _ in _members(element))
    csdl.enums[name] = () if element.get("$IsFlags") is True else members


def _definition(element: _Json, name: str, names: Names, csdl: Csdl) -> None:
    csdl.definitions[name] = _facets(element, "$UnderlyingType", names)
    csdl.annotations.setdefault(name, {}).update(_annotations(element, names))


def _container(element: _Json, name: str, names: Names, csdl: Csdl) -> None:
    csdl.annotations.setdefault(name, {}).update(_annotations(element, names))
    for set_name, value in _members(element):
        if isinstance(value, dict) and value.get("$Collection") is True:
            csdl.sets.append(
                EntitySet(
                    set_name,
                    name,
                    names.full(value["$Type"]),
                    dict(_texts(value, "$NavigationPropertyBinding")),
                    _annotations(value, names),
                )
            )


_READERS: Final[dict[str, _Reader]] = {
    "EntityType": _structured_type,
    "ComplexType": _structured_type,
    "EnumType": _enum,
    "TypeDefinition": _definition,
    "EntityContainer": _container,
}


def _members(element: _Json) -> Iterator[tuple[str, Any]]:
    """What has a name of its own: neither facets (`$…`) nor annotations (`@…`, `Member@…`)."""
    if "" in element:
        raise invalid("a name is empty")
    return ((name, value) for name, value in element.items() if name[0] != "$" and "@" not in name)


def _texts(element: _Json, member: str) -> Iterator[tuple[str, str]]:
    """What a member says of paths, each with a text."""
    for name, value in _members(element.get(member, {})):
        if not isinstance(value, str):
            raise invalid(f"{member} of {name!r} is no text")
        yield name, value


def _annotations(element: _Json, names: Names) -> _Json:
    found: _Json = {}
    for name, value in element.items():
        if name.startswith("@"):
            term, mark, qualifier = name[1:].partition("#")
            found[f"{names.full(term)}{mark}{qualifier}"] = value
    return found
