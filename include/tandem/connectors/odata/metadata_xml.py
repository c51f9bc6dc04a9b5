"""Metadata documents in XML (OData CSDL XML 4.01) → Csdl."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from xml.etree.ElementTree import Element

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
from tandem.xml_source import NotXml, RefusedXml, xml_tree

EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX: Final = "{http://docs.oasis-open.org/odata/ns/edmx}"


def parse_xml(body: bytes) -> Csdl:
    """What the document defines. Raises ConfigurationError: not XML, OData 2 or 3, a
    DOCTYPE, or beyond all measure.
    """
    root = _tree(body)
    _refuse_other_versions(root)
    schemas = root.findall(f"{EDMX}DataServices/{EDM}Schema")
    names = Names(_aliases(root, schemas))
    csdl = Csdl()
    for schema in schemas:
        namespace = _needed(schema, "Namespace")
        for element in schema:
            if reader := _READERS.get(element.tag):
                reader(element, f"{namespace}.{element.get('Name')}", names, csdl)
    return csdl


def _tree(body: bytes) -> Element:
    try:
        return xml_tree(body)
    except NotXml as error:
        raise no_metadata(str(error)) from None
    except RefusedXml as error:
        raise invalid(str(error)) from None


def _refuse_other_versions(root: Element) -> None:
    if root.tag.rpartition("}")[2] != "Edmx":
        raise no_metadata(f"it begins with <{root.tag.rpartition('}')[2]}>, not with <edmx:Edmx>")
    if root.tag != f"{EDMX}Edmx" or not root.get("Version", "").startswith("4"):
        services = next((e for e in root.iter() if e.tag.endswith("}DataServices")), root)
        stated = (v for name, v in services.items() if name.endswith("}DataServiceVersion"))
        raise other_version(next(stated, "2 or 3"))


def _aliases(root: Element, schemas: list[Element]) -> dict[str, str]:
    included = [(e.get("Alias"), e.get("Namespace")) for e in root.iter(f"{EDMX}Include")]
    own = [(schema.get("Alias"), schema.get("Namespace")) for schema in schemas]
    return {alias: namespace for alias, namespace in included + own if alias and namespace}


def _structured_type(element: Element, name: str, names: Names, csdl: Csdl) -> None:
    keys = element.findall(f"{EDM}Key")
    if len(keys) > 1:
        raise invalid(f"entity type {name} has {len(keys)} keys, where one is allowed")
    base = element.get("BaseType")
    csdl.types[name] = StructuredType(
        name=name,
        base=names.full(base) if base else None,
        key=tuple(_needed(ref, "Name") for key in keys for ref in key.findall(f"{EDM}PropertyRef")),
        properties=tuple(_property(e, names) for e in element.findall(f"{EDM}Property")),
        navigations=tuple(
            _navigation(e, names) for e in element.findall(f"{EDM}NavigationProperty")
        ),
        annotations=_annotations(element, names),
        abstract=element.get("Abstract") == "true",
    )


def _property(element: Element, names: Names) -> Property:
    return Property(
        _needed(element, "Name"),
        _facets(element, _needed(element, "Type"), names),
        _annotations(element, names),
        element.get("DefaultValue") is not None,
    )


def _facets(element: Element, type_text: str, names: Names) -> Facets:
    """Nullable is true unless said otherwise (CSDL XML 4.01, 7.2.1).

    A Decimal without Scale is taken as variable, though the default is 0: the OData demo service
    itself states none and sends 99.99.
    """
    type_name, collection = names.type(type_text)
    get = element.get
    return Facets(
        type_name,
        collection,
        get("Nullable") != "false",
        number(get("MaxLength")),
        number(get("Precision")),
        number(get("Scale")),
    )


def _navigation(element: Element, names: Names) -> Navigation:
    name = _needed(element, "Name")
    type_name, collection = names.type(_needed(element, "Type"))
    refuse_primitive(name, type_name)
    constraints = tuple(
        (_needed(e, "Property"), _needed(e, "ReferencedProperty"))
        for e in element.findall(f"{EDM}ReferentialConstraint")
    )
    contains = element.get("ContainsTarget") == "true"
    return Navigation(name, type_name, collection, constraints, contains)


def _enum(element: Element, name: str, _names: Names, csdl: Csdl) -> None:
    members = tuple(_needed(e, "Name") for e in element.findall(f"{EDM}Member"))
    csdl.enums[name] = () if element.get("IsFlags") == "true" else members


def _definition(element: Element, name: str, names: Names, csdl: Csdl) -> None:
    csdl.definitions[name] = _facets(element, _needed(element, "UnderlyingType"), names)
    csdl.annotations.setdefault(name, {}).update(_annotations(element, names))


def _container(element: Element, name: str, names: Names, csdl: Csdl) -> None:
    csdl.annotations.setdefault(name, {}).update(_annotations(element, names))
    for entity_set in element.findall(f"{EDM}EntitySet"):
        bindings = {
            _needed(e, "Path"): _needed(e, "Target")
            for e in entity_set.findall(f"{EDM}NavigationPropertyBinding")
        }
        set_name = _needed(entity_set, "Name")
        type_name = names.full(_needed(entity_set, "EntityType"))
        csdl.sets.append(
            EntitySet(set_name, name, type_name, bindings, _annotations(entity_set, names))
        )


def _out_of_line(element: Element, _name: str, names: Names, csdl: Csdl) -> None:
    target = names.target(_needed(element, "Target"))
    qualifier = element.get("Qualifier")
    found = _annotations(element, names)
    suffix = f"#{qualifier}" if qualifier else ""
    csdl.annotations.setdefault(target, {}).update(
        {f"{term}{suffix}": value for term, value in found.items()}
    )


_READERS: Final[dict[str, Callable[[Element, str, Names, Csdl], None]]] = {
    f"{EDM}EntityType": _structured_type,
    f"{EDM}ComplexType": _structured_type,
    f"{EDM}EnumType": _enum,
    f"{EDM}TypeDefinition": _definition,
    f"{EDM}EntityContainer": _container,
    f"{EDM}Annotations": _out_of_line,
}


def _annotations(element: Element, names: Names) -> dict[str, Any]:
    return dict(_each_annotation(element, names))


def _each_annotation(element: Element, names: Names) -> Iterator[tuple[str, Any]]:
    for annotation in element.findall(f"{EDM}Annotation"):
        qualifier = annotation.get("Qualifier")
        term = names.full(_needed(annotation, "Term"))
        yield f"{term}#{qualifier}" if qualifier else term, _value(annotation)


def _value(element: Element) -> Any:
    """The constant that an annotation, a property value or an item states, as CSDL JSON has it.

    True where there is none: that is what a tagging term means.
    """
    for attribute, convert in _CONSTANTS.items():
        if (text := element.get(attribute)) is not None:
            return convert(text)
    for child in element:
        if child.tag == f"{EDM}Collection":
            return [_item(item) for item in child]
        if child.tag != f"{EDM}Annotation":
            return _item(child)
    return True


def _item(element: Element) -> Any:
    if element.tag == f"{EDM}Record":
        values = element.findall(f"{EDM}PropertyValue")
        return {_needed(value, "Property"): _value(value) for value in values}
    text, tag = element.text or "", element.tag.rpartition("}")[2]
    return text if tag == "String" else _CONSTANTS.get(tag, str)(text.strip())


def _members(text: str) -> str:
    """`Ns.Permission/Read Ns.Permission/Invoke` → `Read,Invoke`, as CSDL JSON has it."""
    return ",".join(member.rpartition("/")[2] for member in text.split())


_CONSTANTS: Final[dict[str, Callable[[str], Any]]] = {
    "Bool": lambda text: text == "true",
    "String": str,
    "EnumMember": _members,
    "PropertyPath": str,
    "Path": str,
    "Int": str,
}


def _needed(element: Element, attribute: str) -> str:
    value = element.get(attribute)
    if value is None:
        tag = element.tag.rpartition("}")[2]
        raise invalid(f"a <{tag}> ({element.get('Name') or 'nameless'}) has no {attribute}")
    return value
