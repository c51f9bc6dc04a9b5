"""The service document, and what $metadata says in XML and in JSON alike."""

from typing import Any, Final

from tandem.demo.model import ComplexProperty, Edm, Property, ServiceModel

CONTAINER: Final = "Container"
VOCABULARIES: Final = {
    "Org.OData.Core.V1": "Core",
    "Org.OData.Capabilities.V1": "Capabilities",
}
VOCABULARY_ROOT: Final = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies"

BATCH_SUPPORT: Final = {
    "Supported": True,
    "ContinueOnErrorSupported": True,
    "ReferencesInRequestBodiesSupported": False,
    "ReferencesAcrossChangeSetsSupported": False,
    "EtagReferencesSupported": False,
    "RequestDependencyConditionsSupported": False,
    "SupportedFormats": ["application/json", "multipart/mixed"],
}

Annotations = dict[str, dict[str, Any]]
"""Term → record: property → value (a boolean or a list of strings)."""
Facets = dict[str, str | int]


def service_document(model: ServiceModel, root: str) -> dict[str, Any]:
    """The entity sets with their URLs (OData JSON Format 4.01, 5)."""
    return {
        "@odata.context": f"{root}$metadata",
        "value": [{"name": name, "kind": "EntitySet", "url": name} for name in model.by_name],
    }


def of_the_container() -> Annotations:
    """What the service as a whole can do (the Capabilities vocabulary)."""
    return {"Capabilities.BatchSupport": BATCH_SUPPORT}


def of_each_set() -> Annotations:
    """What can be done with an entity set: the same with all of them."""
    return {
        "Capabilities.ChangeTracking": {"Supported": True},
        "Capabilities.InsertRestrictions": {"Insertable": True},
        "Capabilities.UpdateRestrictions": {"Updatable": True, "Upsertable": False},
        "Capabilities.DeleteRestrictions": {"Deletable": True},
    }


def type_name(model: ServiceModel, property_: Property | ComplexProperty) -> str:
    """The qualified name of a property's type."""
    if isinstance(property_.type, Edm):
        return str(property_.type)
    return f"{model.namespace}.{property_.type.name}"


def facets(property_: Property | ComplexProperty) -> Facets:
    """MaxLength, Precision and Scale as far as they are stated."""
    if isinstance(property_, ComplexProperty):
        return {}
    found: Facets = {}
    if property_.max_length is not None:
        found["MaxLength"] = property_.max_length
    if property_.precision is not None:
        found["Precision"] = property_.precision
    if property_.type is Edm.DECIMAL:
        found["Scale"] = "variable" if property_.scale is None else property_.scale
    return found


def nullable(property_: Property | ComplexProperty) -> bool:
    """Whether the property may be null; an object never is."""
    return isinstance(property_, Property) and property_.nullable
