"""A document means the same in XML and in JSON, whatever it says."""

import json
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tandem.connectors.odata.metadata import parse_metadata

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
NAMESPACE, ALIAS = "My.App", "app"
Json = dict[str, Any]

CORE = "Org.OData.Core.V1."
CAPABILITIES = "Org.OData.Capabilities.V1."
PROPERTIES = ("a", "b", "_c_value", "modifiedAt", "žluť")
ENTITY_TYPES = ("E0", "E1", "E2", "E3")
COMPLEX_TYPES = ("C0", "C1")
SETS = ("S0", "S1", "S2")
PATHS = (*PROPERTIES, "key", "a/b", "b/a/modifiedAt")


def optional(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Members that may be left out; `_Name` stands for `$Name`."""
    named = {name.replace("_", "$", 1): strategy for name, strategy in strategies.items()}
    return st.fixed_dictionaries({}, optional=named)


def qualified(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    prefixes = st.sampled_from((NAMESPACE, ALIAS))
    return st.builds(lambda prefix, name: f"{prefix}.{name}", prefixes, st.sampled_from(names))


def record(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=members)


paths = st.lists(st.sampled_from(PATHS), max_size=2)
texts = st.text("aB<&\"' ž", max_size=4)
values = st.lists(st.fixed_dictionaries({"Value": texts | st.integers(0, 9)}), max_size=2)

of_property = st.fixed_dictionaries(
    {},
    optional={
        f"@{CORE}Computed": st.booleans(),
        f"@{CORE}Immutable": st.booleans(),
        f"@{CORE}ComputedDefaultValue": st.booleans(),
        f"@{CORE}Permissions": st.sampled_from(("Read", "ReadWrite", "None")),
        f"@{CORE}Description": texts,
        f"@{CORE}Computed#Tablet": st.booleans(),
        "@Org.OData.Validation.V1.AllowedValues": values,
    },
)
of_set = st.fixed_dictionaries(
    {},
    optional={
        f"@{CORE}OptimisticConcurrency": paths,
        f"@{CAPABILITIES}InsertRestrictions": record(
            Insertable=st.booleans(), NonInsertableProperties=paths
        ),
        f"@{CAPABILITIES}UpdateRestrictions": record(
            Updatable=st.booleans(), NonUpdatableProperties=paths
        ),
        f"@{CAPABILITIES}DeleteRestrictions": record(Deletable=st.booleans()),
        f"@{CAPABILITIES}FilterRestrictions": record(
            Filterable=st.booleans(), NonFilterableProperties=paths
        ),
        f"@{CAPABILITIES}FilterFunctions": st.lists(texts, max_size=2),
        f"@{CAPABILITIES}ChangeTracking": record(Supported=st.booleans()),
    },
)
of_container = st.fixed_dictionaries(
    {},
    optional={
        f"@{CAPABILITIES}BatchSupported": st.booleans(),
        f"@{CAPABILITIES}DefaultCapabilities": record(
            SortRestrictions=record(Sortable=st.booleans()),
            InsertRestrictions=record(Insertable=st.booleans()),
        ),
    },
)

primitives = st.sampled_from(
    ("Edm.String", "Edm.Int32", "Edm.Decimal", "Edm.DateTimeOffset", "Edm.Guid", "Edm.Stream")
)
facets = optional(
    _Nullable=st.booleans(),
    _Collection=st.booleans(),
    _MaxLength=st.integers(1, 99),
    _Precision=st.integers(1, 9),
    _Scale=st.integers(0, 4) | st.just("variable"),
    _DefaultValue=texts,
)


def merged(*parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.tuples(*parts).map(lambda found: {k: v for part in found for k, v in part.items()})


def typed(types: st.SearchStrategy[str], member: str = "$Type") -> st.SearchStrategy[Json]:
    return types.map(lambda name: {member: name})


properties = merged(
    typed(primitives | qualified(COMPLEX_TYPES) | qualified(("N0", "N1", "D0", "unknown"))),
    facets,
    of_property,
)
navigations = merged(
    typed(qualified(ENTITY_TYPES)),
    st.just({"$Kind": "NavigationProperty"}),
    optional(_Collection=st.booleans(), _ContainsTarget=st.booleans()),
    st.dictionaries(
        st.sampled_from((*PROPERTIES, "key")), st.sampled_from(("key", "a")), min_size=1, max_size=2
    ).map(lambda constraints: {"$ReferentialConstraint": constraints}),
)


def members(extra: Json) -> st.SearchStrategy[Json]:
    own = st.fixed_dictionaries({}, optional=dict.fromkeys(PROPERTIES, properties))
    leads = st.fixed_dictionaries({}, optional={"n1": navigations, "n2": navigations})
    return merged(st.just(extra), optional(_Abstract=st.booleans()), own, leads, of_property)


def entity_type(number: int) -> st.SearchStrategy[Json]:
    """A type with a key, or one that inherits it from one of a lower number."""
    own = {"$Kind": "EntityType", "$Key": ["key"], "key": {"$Type": "Edm.Guid"}}
    lower = [f"{ALIAS}.{name}" for name in ENTITY_TYPES[:number]]
    based = [{"$Kind": "EntityType", "$BaseType": name} for name in lower]
    return st.sampled_from([own, *based]).flatmap(members)


bindings = st.dictionaries(
    st.sampled_from(("n1", "n2", "a/n1")), st.sampled_from(SETS), min_size=1, max_size=2
)
sets = merged(
    st.just({"$Collection": True}),
    typed(qualified(ENTITY_TYPES)),
    optional(_NavigationPropertyBinding=bindings),
    of_set,
)
apart = merged(
    st.dictionaries(
        st.builds("{}/{}".format, qualified(ENTITY_TYPES), st.sampled_from(PATHS)), of_property
    ),
    st.dictionaries(
        st.builds(
            "{}/{}/{}".format, qualified(("Box",)), st.sampled_from(SETS), st.sampled_from(PATHS)
        ),
        of_property,
    ),
    st.dictionaries(
        st.builds("{}/{}".format, qualified(("Box",)), st.sampled_from(SETS)), of_set, max_size=2
    ),
)
documents = st.fixed_dictionaries(
    {
        "$Alias": st.just(ALIAS),
        **{name: entity_type(number) for number, name in enumerate(ENTITY_TYPES)},
        **{name: members({"$Kind": "ComplexType"}) for name in COMPLEX_TYPES},
        "N0": optional(_IsFlags=st.booleans()).map(
            lambda flags: {"$Kind": "EnumType", **flags, "x": 0, "y": 1}
        ),
        "D0": merged(
            st.just({"$Kind": "TypeDefinition"}),
            typed(primitives, "$UnderlyingType"),
            optional(_MaxLength=st.integers(1, 9), _Scale=st.integers(0, 4)),
            of_property,
        ),
        "Box": merged(
            st.just({"$Kind": "EntityContainer"}),
            of_container,
            st.dictionaries(st.sampled_from(SETS), sets, min_size=1),
        ),
        "$Annotations": apart,
    }
)


def as_xml(schema: Json) -> bytes:
    """The document in XML (CSDL XML 4.01)."""
    root = Element(f"{{{EDMX}}}Edmx", Version="4.01")
    services = SubElement(root, f"{{{EDMX}}}DataServices")
    element = SubElement(services, _edm("Schema"), Namespace=NAMESPACE, Alias=ALIAS)
    for name, value in schema.items():
        if not name.startswith("$"):
            _child(element, value.get("$Kind", "Property"), name, value)
    for target, annotations in schema["$Annotations"].items():
        _annotate(SubElement(element, _edm("Annotations"), Target=target), annotations)
    return ElementTree.tostring(root, "utf-8")


def _edm(tag: str) -> str:
    return f"{{{EDM}}}{tag}"


def _child(parent: Element, kind: str, name: str, value: Json) -> None:
    """An element with all that is in it; Nullable is false in JSON unless said otherwise."""
    element = SubElement(parent, _edm(kind), Name=name)
    collection = value.get("$Collection")
    for member, said in value.items():
        if member in ATTRIBUTES:
            element.set(member[1:], str(said).lower() if isinstance(said, bool) else str(said))
    if kind == "EntitySet":
        element.set("EntityType", value["$Type"])
    elif "$Type" in value:
        element.set("Type", f"Collection({value['$Type']})" if collection else value["$Type"])
        element.set("Nullable", "true" if value.get("$Nullable") else "false")
    _references(element, value)
    _annotate(element, value)
    for member, below in value.items():
        if member[0] not in "$@":
            _member(element, kind, member, below)


ATTRIBUTES = (
    *("$Abstract", "$BaseType", "$IsFlags", "$UnderlyingType", "$ContainsTarget"),
    *("$MaxLength", "$Precision", "$Scale", "$DefaultValue"),
)


def _member(element: Element, kind: str, name: str, value: Any) -> None:
    if kind == "EnumType":
        SubElement(element, _edm("Member"), Name=name, Value=str(value))
    elif kind == "EntityContainer":
        _child(element, "EntitySet", name, value)
    else:
        _child(element, value.get("$Kind", "Property"), name, value)


def _references(element: Element, value: Json) -> None:
    if "$Key" in value:
        key = SubElement(element, _edm("Key"))
        for name in value["$Key"]:
            SubElement(key, _edm("PropertyRef"), Name=name)
    for own, referenced in value.get("$ReferentialConstraint", {}).items():
        both = {"Property": own, "ReferencedProperty": referenced}
        SubElement(element, _edm("ReferentialConstraint"), both)
    for path, target in value.get("$NavigationPropertyBinding", {}).items():
        SubElement(element, _edm("NavigationPropertyBinding"), Path=path, Target=target)


def _annotate(element: Element, value: Json) -> None:
    for name, said in value.items():
        if name.startswith("@"):
            term, _, qualifier = name[1:].partition("#")
            annotation = SubElement(element, _edm("Annotation"), Term=term)
            if qualifier:
                annotation.set("Qualifier", qualifier)
            _say(annotation, said)


def _say(element: Element, said: Any) -> None:
    """The value as an attribute, or below the element where it is a collection or a record."""
    if isinstance(said, list):
        collection = SubElement(element, _edm("Collection"))
        for item in said:
            _item(collection, item)
    elif isinstance(said, dict):
        _item(element, said)
    elif isinstance(said, bool):
        element.set("Bool", "true" if said else "false")
    else:
        element.set("Int" if isinstance(said, int) else "String", str(said))


def _item(parent: Element, said: Any) -> None:
    if isinstance(said, dict):
        record = SubElement(parent, _edm("Record"))
        for name, value in said.items():
            _say(SubElement(record, _edm("PropertyValue"), Property=name), value)
    else:
        SubElement(parent, _edm("String")).text = said


@settings(deadline=None)
@given(documents)
def test_xml_and_json_give_the_same_schema(schema: Json) -> None:
    document = {"$Version": "4.01", "$EntityContainer": f"{NAMESPACE}.Box", NAMESPACE: schema}
    from_json = parse_metadata(json.dumps(document).encode())
    assert parse_metadata(as_xml(schema)) == from_json
    lookups = sum(len(f.lookup) for entity in from_json.entities for f in entity.fields)
    event(f"lookups: {min(lookups, 3)}")
    assert from_json.entities
    for entity in from_json.entities:
        assert set(entity.key) <= entity.by_name.keys()
        assert set(entity.capabilities.version_fields) <= entity.by_name.keys()
        for field in entity.fields:
            assert not (field.by_navigation and (field.read_only or not field.lookup))
            assert {target.entity for target in field.lookup} <= set(SETS)
