"""$metadata as XML (OData CSDL XML 4.01)."""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tandem.demo.metadata import (
    CONTAINER,
    VOCABULARIES,
    VOCABULARY_ROOT,
    Annotations,
    facets,
    nullable,
    of_each_set,
    of_the_container,
    type_name,
)
from tandem.demo.model import ComplexProperty, EntitySet, EnumType, Property, ServiceModel

EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"


def csdl_xml(model: ServiceModel, *, capabilities: bool = True) -> bytes:
    """$metadata as XML; with or without what the service says that it can do."""
    edmx = Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": EDMX})
    for namespace, alias in VOCABULARIES.items():
        uri = f"{VOCABULARY_ROOT}/{namespace}.xml"
        reference = SubElement(edmx, "edmx:Reference", {"Uri": uri})
        SubElement(reference, "edmx:Include", {"Namespace": namespace, "Alias": alias})
    services = SubElement(edmx, "edmx:DataServices")
    schema = SubElement(services, "Schema", {"Namespace": model.namespace, "xmlns": EDM})
    for enum_type in model.enum_types:
        _enum_xml(schema, enum_type)
    for complex_type in model.complex_types:
        element = SubElement(schema, "ComplexType", {"Name": complex_type.name})
        for part in complex_type.properties:
            _property_xml(element, model, part)
    for entity_set in model.entity_sets:
        _entity_type_xml(schema, model, entity_set)
    _container_xml(schema, model, capabilities=capabilities)
    indent(edmx)
    text: bytes = tostring(edmx, encoding="utf-8", xml_declaration=True)
    return text


def _container_xml(schema: Element, model: ServiceModel, *, capabilities: bool) -> None:
    container = SubElement(schema, "EntityContainer", {"Name": CONTAINER})
    for entity_set in model.entity_sets:
        element = _entity_set_xml(container, model, entity_set)
        if capabilities:
            _annotations_xml(element, of_each_set())
    if capabilities:
        _annotations_xml(container, of_the_container())


def _enum_xml(schema: Element, enum_type: EnumType) -> None:
    element = SubElement(schema, "EnumType", {"Name": enum_type.name})
    for value, member in enumerate(enum_type.members):
        SubElement(element, "Member", {"Name": member, "Value": str(value)})


def _property_xml(
    parent: Element, model: ServiceModel, property_: Property | ComplexProperty
) -> None:
    attributes = {"Name": property_.name, "Type": type_name(model, property_)}
    attributes |= {name: str(value) for name, value in facets(property_).items()}
    if not nullable(property_):
        attributes["Nullable"] = "false"
    element = SubElement(parent, "Property", attributes)
    if isinstance(property_, Property) and property_.computed:
        SubElement(element, "Annotation", {"Term": "Core.Computed", "Bool": "true"})


def _entity_type_xml(schema: Element, model: ServiceModel, entity_set: EntitySet) -> None:
    element = SubElement(schema, "EntityType", {"Name": entity_set.type_name})
    key = SubElement(element, "Key")
    for path in entity_set.key:
        SubElement(key, "PropertyRef", {"Name": path})
    for property_ in entity_set.properties:
        _property_xml(element, model, property_)
    for reference in entity_set.references:
        target = model.by_name[reference.target]
        navigation = SubElement(
            element,
            "NavigationProperty",
            {"Name": reference.name, "Type": f"{model.namespace}.{target.type_name}"},
        )
        SubElement(
            navigation,
            "ReferentialConstraint",
            {"Property": reference.property, "ReferencedProperty": target.key[0]},
        )


def _entity_set_xml(container: Element, model: ServiceModel, entity_set: EntitySet) -> Element:
    entity_type = f"{model.namespace}.{entity_set.type_name}"
    attributes = {"Name": entity_set.name, "EntityType": entity_type}
    element = SubElement(container, "EntitySet", attributes)
    for reference in entity_set.references:
        binding = {"Path": reference.name, "Target": reference.target}
        SubElement(element, "NavigationPropertyBinding", binding)
    if entity_set.row_version:
        term = SubElement(element, "Annotation", {"Term": "Core.OptimisticConcurrency"})
        collection = SubElement(term, "Collection")
        SubElement(collection, "PropertyPath").text = entity_set.row_version
    return element


def _annotations_xml(parent: Element, annotations: Annotations) -> None:
    for term, values in annotations.items():
        record = SubElement(SubElement(parent, "Annotation", {"Term": term}), "Record")
        for name, value in values.items():
            if isinstance(value, bool):
                text = str(value).lower()
                SubElement(record, "PropertyValue", {"Property": name, "Bool": text})
            else:
                collection = SubElement(
                    SubElement(record, "PropertyValue", {"Property": name}), "Collection"
                )
                for item in value:
                    SubElement(collection, "String").text = item
