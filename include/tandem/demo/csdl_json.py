"""$metadata as JSON (OData CSDL JSON 4.01)."""

from collections.abc import Iterator
from typing import Any

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
from tandem.demo.model import (
    ComplexProperty,
    ComplexType,
    Edm,
    EntitySet,
    EnumType,
    Property,
    Reference,
    ServiceModel,
)


def csdl_json(model: ServiceModel) -> dict[str, Any]:
    """$metadata as JSON."""
    schema: dict[str, Any] = {
        **{enum_type.name: _enum_json(enum_type) for enum_type in model.enum_types},
        **{item.name: _complex_json(model, item) for item in model.complex_types},
        **{item.type_name: _entity_type_json(model, item) for item in model.entity_sets},
        CONTAINER: _container_json(model),
    }
    return {
        "$Version": "4.0",
        "$EntityContainer": f"{model.namespace}.{CONTAINER}",
        "$Reference": {
            f"{VOCABULARY_ROOT}/{namespace}.json": {
                "$Include": [{"$Namespace": namespace, "$Alias": alias}]
            }
            for namespace, alias in VOCABULARIES.items()
        },
        model.namespace: schema,
    }


def _enum_json(enum_type: EnumType) -> dict[str, Any]:
    return {"$Kind": "EnumType"} | {name: n for n, name in enumerate(enum_type.members)}


def _complex_json(model: ServiceModel, complex_type: ComplexType) -> dict[str, Any]:
    return {"$Kind": "ComplexType", **dict(_properties_json(model, complex_type.properties))}


def _entity_type_json(model: ServiceModel, entity_set: EntitySet) -> dict[str, Any]:
    return {
        "$Kind": "EntityType",
        "$Key": list(entity_set.key),
        **dict(_properties_json(model, entity_set.properties)),
        **{item.name: _navigation_json(model, item) for item in entity_set.references},
    }


def _properties_json(
    model: ServiceModel, properties: tuple[Property | ComplexProperty, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for property_ in properties:
        # Absent $Type means Edm.String, absent $Scale means variable, absent $Nullable means false.
        member: dict[str, Any] = {}
        if property_.type is not Edm.STRING:
            member["$Type"] = type_name(model, property_)
        member |= {f"${name}": value for name, value in facets(property_).items()}
        if nullable(property_):
            member["$Nullable"] = True
        if isinstance(property_, Property) and property_.computed:
            member["@Core.Computed"] = True
        yield property_.name, member


def _navigation_json(model: ServiceModel, reference: Reference) -> dict[str, Any]:
    target = model.by_name[reference.target]
    return {
        "$Kind": "NavigationProperty",
        "$Type": f"{model.namespace}.{target.type_name}",
        "$Nullable": True,
        "$ReferentialConstraint": {reference.property: target.key[0]},
    }


def _container_json(model: ServiceModel) -> dict[str, Any]:
    container: dict[str, Any] = {
        "$Kind": "EntityContainer",
        **_annotations_json(of_the_container()),
    }
    for entity_set in model.entity_sets:
        member: dict[str, Any] = {
            "$Collection": True,
            "$Type": f"{model.namespace}.{entity_set.type_name}",
            **_annotations_json(of_each_set()),
        }
        if entity_set.references:
            bindings = {item.name: item.target for item in entity_set.references}
            member["$NavigationPropertyBinding"] = bindings
        if entity_set.row_version:
            member["@Core.OptimisticConcurrency"] = [entity_set.row_version]
        container[entity_set.name] = member
    return container


def _annotations_json(annotations: Annotations) -> dict[str, Any]:
    return {f"@{term}": record for term, record in annotations.items()}
