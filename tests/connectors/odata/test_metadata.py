"""What a metadata document says about entities, in XML and in JSON."""

import json
from typing import Any

import pytest

from tandem.connectors.odata.csdl import LIMIT
from tandem.connectors.odata.metadata import parse_metadata
from tandem.errors import ConfigurationError
from tandem.model.schema import Deletes, Entity, Kind, Schema

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"

REFERENCES = """
<edmx:Reference Uri="core"><edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/>
</edmx:Reference>
<edmx:Reference Uri="cap"><edmx:Include Namespace="Org.OData.Capabilities.V1" Alias="Cap"/>
</edmx:Reference>
<edmx:Reference Uri="common">
  <edmx:Include Namespace="com.sap.vocabularies.Common.v1" Alias="Common"/>
</edmx:Reference>
"""


def xml(schema: str, version: str = "4.0") -> bytes:
    return f"""<?xml version="1.0" encoding="utf-8"?>
    <edmx:Edmx xmlns:edmx="{EDMX}" xmlns="{EDM}" Version="{version}">{REFERENCES}
    <edmx:DataServices><Schema Namespace="My.App" Alias="app">{schema}</Schema></edmx:DataServices>
    </edmx:Edmx>""".encode()


def one_type(inside: str, in_set: str = "", more: str = "") -> Entity:
    """The entity of a document with one set, `Things`, whose type has these parts."""
    schema = f"""
    <EntityType Name="Thing">
      <Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32" Nullable="false"/>
      {inside}
    </EntityType>{more}
    <EntityContainer Name="Container">
      <EntitySet Name="Things" EntityType="app.Thing">{in_set}</EntitySet>
    </EntityContainer>"""
    return parse_metadata(xml(schema)).entity("Things")


def from_json(**schema: Any) -> Schema:
    document = {"$Version": "4.01", "My.App": schema, "$EntityContainer": "My.App.Container"}
    return parse_metadata(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        ("Edm.String", Kind.STRING),
        ("Edm.Duration", Kind.STRING),
        ("Edm.Boolean", Kind.BOOLEAN),
        ("Edm.Byte", Kind.INT64),
        ("Edm.SByte", Kind.INT64),
        ("Edm.Int16", Kind.INT64),
        ("Edm.Int32", Kind.INT64),
        ("Edm.Int64", Kind.INT64),
        ("Edm.Decimal", Kind.DECIMAL),
        ("Edm.Single", Kind.FLOAT64),
        ("Edm.Double", Kind.FLOAT64),
        ("Edm.Date", Kind.DATE),
        ("Edm.TimeOfDay", Kind.TIME),
        ("Edm.DateTimeOffset", Kind.INSTANT),
        ("Edm.Guid", Kind.GUID),
        ("Edm.Binary", Kind.BINARY),
        ("Edm.GeographyPoint", Kind.JSON),
        ("Edm.Untyped", Kind.JSON),
        ("Collection(Edm.String)", Kind.JSON),
    ],
)
def test_each_type_has_its_kind(type_name: str, kind: Kind) -> None:
    entity = one_type(f'<Property Name="x" Type="{type_name}"/>')
    assert entity.field("x").kind is kind
    assert entity.field("x").type_name == type_name


def test_streams_are_left_out() -> None:
    assert "photo" not in one_type('<Property Name="photo" Type="Edm.Stream"/>').by_name


def test_facets_are_kept_and_words_in_place_of_numbers_mean_no_limit() -> None:
    entity = one_type(
        """<Property Name="name" Type="Edm.String" MaxLength="40" Nullable="false"/>
        <Property Name="note" Type="Edm.String" MaxLength="max"/>
        <Property Name="price" Type="Edm.Decimal" Precision="19" Scale="4"/>
        <Property Name="rate" Type="Edm.Decimal" Scale="Variable"/>
        <Property Name="total" Type="Edm.Decimal"/>"""
    )
    name, note = entity.field("name"), entity.field("note")
    assert (name.max_length, name.nullable) == (40, False)
    assert (note.max_length, note.nullable) == (None, True)
    assert (entity.field("price").precision, entity.field("price").scale) == (19, 4)
    assert entity.field("rate").scale is None
    assert entity.field("total").scale is None


def test_a_key_is_never_null_whatever_the_document_says() -> None:
    """Dataverse leaves Nullable out on all its keys."""
    entity = parse_metadata(
        xml(
            """<EntityType Name="A"><Key><PropertyRef Name="id"/></Key>
            <Property Name="id" Type="Edm.Guid"/></EntityType>
            <EntityContainer Name="C"><EntitySet Name="As" EntityType="app.A"/></EntityContainer>"""
        )
    ).entity("As")
    assert entity.key == ("id",)
    assert not entity.field("id").nullable


def test_alias_and_namespace_mean_the_same() -> None:
    entity = one_type(
        '<Property Name="a" Type="app.Mood"/><Property Name="b" Type="My.App.Mood"/>',
        more='<EnumType Name="Mood"><Member Name="Good"/><Member Name="Bad"/></EnumType>',
    )
    for name in ("a", "b"):
        assert entity.field(name).kind is Kind.STRING
        assert entity.field(name).options == ("Good", "Bad")
        assert entity.field(name).type_name == "My.App.Mood"


def test_base_types_give_fields_and_key() -> None:
    schema = parse_metadata(
        xml(
            """<EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="id"/></Key>
            <Property Name="id" Type="Edm.Guid"/></EntityType>
            <EntityType Name="Middle" BaseType="app.Base"><Property Name="m" Type="Edm.Date"/>
            </EntityType>
            <EntityType Name="Leaf" BaseType="My.App.Middle"><Property Name="l" Type="Edm.Date"/>
            </EntityType>
            <EntityContainer Name="C"><EntitySet Name="Leaves" EntityType="app.Leaf"/>
            <Singleton Name="Me" Type="app.Leaf"/></EntityContainer>"""
        )
    )
    leaves = schema.entity("Leaves")
    assert leaves.key == ("id",)
    assert [field.name for field in leaves.fields] == ["id", "m", "l"]
    assert list(schema.by_name) == ["Leaves"]


def test_a_type_that_inherits_from_itself_is_invalid() -> None:
    with pytest.raises(ConfigurationError, match="inherits from itself"):
        parse_metadata(
            xml(
                """<EntityType Name="A" BaseType="app.B"/><EntityType Name="B" BaseType="app.A"/>
                <EntityContainer Name="C"><EntitySet Name="As" EntityType="app.A"/>
                </EntityContainer>"""
            )
        )


def test_complex_types_are_flattened() -> None:
    entity = one_type(
        '<Property Name="address" Type="app.Address"/>',
        more="""<ComplexType Name="Address">
        <Property Name="city" Type="Edm.String" Nullable="false"/>
        <Property Name="country" Type="app.Country"/></ComplexType>
        <ComplexType Name="Country"><Property Name="code" Type="Edm.String" MaxLength="2"/>
        </ComplexType>""",
    )
    assert entity.field("address/country/code").max_length == 2
    assert entity.field("address/city").nullable  # the address may be null


def test_a_complex_type_within_itself_ends_as_json() -> None:
    entity = one_type(
        '<Property Name="node" Type="app.Node" Nullable="false"/>',
        more="""<ComplexType Name="Node"><Property Name="name" Type="Edm.String"/>
        <Property Name="next" Type="app.Node"/></ComplexType>""",
    )
    assert entity.field("node/name").kind is Kind.STRING
    assert entity.field("node/next").kind is Kind.JSON


def test_type_definitions_stand_for_the_type_beneath() -> None:
    entity = one_type(
        '<Property Name="code" Type="app.Code"/><Property Name="short" Type="app.Code" '
        'MaxLength="3"/>',
        more='<TypeDefinition Name="Code" UnderlyingType="Edm.String" MaxLength="10"/>',
    )
    assert entity.field("code").kind is Kind.STRING
    assert entity.field("code").type_name == "Edm.String"
    assert entity.field("code").max_length == 10
    assert entity.field("short").max_length == 3


LOOKUP = """
<Property Name="parent_ID" Type="Edm.Int32"/>
<NavigationProperty Name="parent" Type="app.Thing">
  <ReferentialConstraint Property="parent_ID" ReferencedProperty="ID"/>
</NavigationProperty>
"""


def test_a_lookup_leads_where_its_binding_says() -> None:
    binding = '<NavigationPropertyBinding Path="parent" Target="app.Container/Others"/>'
    targets = one_type(LOOKUP, binding).field("parent_ID").lookup
    assert [target.entity for target in targets] == ["Others"]


def test_a_lookup_without_binding_leads_to_the_sets_of_its_type() -> None:
    assert [t.entity for t in one_type(LOOKUP).field("parent_ID").lookup] == ["Things"]


def test_several_navigation_properties_on_one_field_are_several_targets() -> None:
    """Dataverse's polymorphic lookups."""
    entity = one_type(
        """<Property Name="customer" Type="Edm.Guid"/>
        <NavigationProperty Name="customer_a" Type="app.Thing">
        <ReferentialConstraint Property="customer" ReferencedProperty="ID"/></NavigationProperty>
        <NavigationProperty Name="customer_b" Type="app.Thing">
        <ReferentialConstraint Property="customer" ReferencedProperty="ID"/></NavigationProperty>
        """,
        """<NavigationPropertyBinding Path="customer_a" Target="accounts"/>
        <NavigationPropertyBinding Path="customer_b" Target="contacts"/>""",
    )
    assert [t.entity for t in entity.field("customer").lookup] == ["accounts", "contacts"]


def test_a_part_of_a_composite_reference_is_no_lookup() -> None:
    """Business Central's item variant: by its id, and by the number of the item."""
    variants = """<EntityType Name="Variant"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.Guid"/><Property Name="itemNumber" Type="Edm.String"/>
    </EntityType><EntityContainer Name="More"><EntitySet Name="Variants" EntityType="app.Variant"/>
    </EntityContainer>"""
    entity = one_type(
        """<Property Name="variantId" Type="Edm.Guid"/><Property Name="number" Type="Edm.String"/>
        <NavigationProperty Name="variant" Type="app.Variant" ContainsTarget="true">
        <ReferentialConstraint Property="variantId" ReferencedProperty="id"/>
        <ReferentialConstraint Property="number" ReferencedProperty="itemNumber"/>
        </NavigationProperty>""",
        more=variants,
    )
    assert [t.entity for t in entity.field("variantId").lookup] == ["Variants"]
    assert entity.field("number").lookup == ()


ALTERNATE_KEYS = """<Annotation Term="{}.AlternateKeys"><Collection>
<Record><PropertyValue Property="Key"><Collection><Record>
<PropertyValue Property="Alias" String="x"/><PropertyValue Property="Name" PropertyPath="no"/>
</Record></Collection></PropertyValue></Record>
<Record><PropertyValue Property="Key"><Collection>
<Record><PropertyValue Property="Name" PropertyPath="a"/></Record>
<Record><PropertyValue Property="Name" PropertyPath="b"/></Record>
</Collection></PropertyValue></Record></Collection></Annotation>"""


@pytest.mark.parametrize("vocabulary", ["OData.Community.Keys.V1", "Org.OData.Core.V1"])
def test_a_field_that_is_an_alternate_key_alone_is_unique(vocabulary: str) -> None:
    names = ("no", "a", "b")
    entity = one_type(
        "".join(f'<Property Name="{name}" Type="Edm.String"/>' for name in names)
        + ALTERNATE_KEYS.format(vocabulary)
    )
    assert [name for name in names if entity.field(name).unique] == ["no"]


def test_constraints_of_collections_are_ignored() -> None:
    """Business Central writes them the wrong way round."""
    entity = one_type(
        """<NavigationProperty Name="lines" Type="Collection(app.Thing)">
        <ReferentialConstraint Property="ID" ReferencedProperty="parentId"/>
        </NavigationProperty>"""
    )
    assert [t.entity for t in entity.field("ID").lookup] == []


def test_a_lookup_within_a_complex_type_is_found() -> None:
    entity = one_type(
        '<Property Name="address" Type="app.Address"/>',
        '<NavigationPropertyBinding Path="address/country" Target="Countries"/>',
        """<ComplexType Name="Address"><Property Name="code" Type="Edm.String"/>
        <NavigationProperty Name="country" Type="app.Thing">
        <ReferentialConstraint Property="code" ReferencedProperty="ID"/></NavigationProperty>
        </ComplexType>""",
    )
    assert [t.entity for t in entity.field("address/code").lookup] == ["Countries"]


@pytest.mark.parametrize(
    ("annotation", "read_only"),
    [
        ('<Annotation Term="Core.Computed"/>', True),
        ('<Annotation Term="Core.Computed" Bool="true"/>', True),
        ('<Annotation Term="Core.Computed" Bool="false"/>', False),
        ('<Annotation Term="Org.OData.Core.V1.Immutable"/>', True),
        ('<Annotation Term="Core.ComputedDefaultValue"/>', False),
        ('<Annotation Term="Core.Permissions" EnumMember="Core.PermissionType/Read"/>', True),
        ('<Annotation Term="Core.Permissions" EnumMember="Core.PermissionType/ReadWrite"/>', False),
        (
            '<Annotation Term="Core.Permissions"><EnumMember>Core.PermissionType/Read'
            "</EnumMember></Annotation>",
            True,
        ),
        (
            '<Annotation Term="Core.Permissions"><EnumMember>Core.Permission/Write'
            " Core.Permission/Read</EnumMember></Annotation>",
            False,
        ),
        (
            '<Annotation Term="Core.Permissions"'
            ' EnumMember="Core.Permission/Read Core.Permission/Invoke"/>',
            True,
        ),
        ('<Annotation Term="Core.Permissions" EnumMember="Core.Permission/None"/>', True),
        ('<Annotation Term="Core.Computed" Qualifier="Tablet"/>', False),
    ],
)
def test_what_the_service_sets_is_read_only(annotation: str, read_only: bool) -> None:
    entity = one_type(f'<Property Name="x" Type="Edm.String">{annotation}</Property>')
    assert entity.field("x").read_only is read_only


@pytest.mark.parametrize(
    ("permissions", "read_only"),
    [
        ("Read,Write", False),
        ("Read, Invoke", True),
        ("5", True),
        (1, True),
        (3, False),
        ("", False),
    ],
)
def test_permissions_may_be_several_or_numbers(permissions: object, read_only: bool) -> None:
    member = {"@Org.OData.Core.V1.Permissions": permissions}
    thing = {"$Kind": "EntityType", "$Key": ["ID"], "ID": {"$Type": "Edm.Int32"}, "x": member}
    container = {"$Kind": "EntityContainer", "S": {"$Collection": True, "$Type": "My.App.Thing"}}
    field = from_json(Thing=thing, Container=container).entity("S").field("x")
    assert field.read_only is read_only


def test_a_set_that_cannot_be_read_as_a_list_is_no_entity() -> None:
    restriction = """<Annotation Term="Cap.ReadRestrictions"><Record>
      <PropertyValue Property="Readable" Bool="{}"/></Record></Annotation>"""
    assert one_type("", restriction.format("true")).name == "Things"
    with pytest.raises(ConfigurationError, match="no entity 'Things'"):
        one_type("", restriction.format("false"))


def test_annotations_may_stand_apart() -> None:
    entity = one_type(
        '<Property Name="x" Type="Edm.String"/>',
        more="""<Annotations Target="app.Thing/x"><Annotation Term="Core.Computed"/>
        <Annotation Term="Common.Label" String="Ex"/></Annotations>
        <Annotations Target="My.App.Container/Things">
        <Annotation Term="Cap.FilterRestrictions"><Record>
        <PropertyValue Property="Filterable" Bool="false"/></Record></Annotation>
        <Annotation Term="Core.Description" String="All things"/></Annotations>""",
    )
    assert entity.field("x").read_only
    assert entity.field("x").label == "Ex"
    assert entity.label == "All things"
    assert not entity.capabilities.filter


def test_the_values_that_are_allowed_are_options() -> None:
    """SAP CAP's way to write an enumeration."""
    entity = one_type(
        """<Property Name="x" Type="Edm.String"><Annotation
        Term="Org.OData.Validation.V1.AllowedValues"><Collection>
        <Record><PropertyValue Property="Value" String="open"/></Record>
        <Record><PropertyValue Property="Value" String="done"/></Record>
        </Collection></Annotation></Property>"""
    )
    assert entity.field("x").options == ("open", "done")


FUNCTIONS = """<Annotation Term="Cap.FilterFunctions"><Collection>{}</Collection></Annotation>"""


def test_functions_of_conditions_are_those_of_the_set_or_else_of_the_container() -> None:
    assert one_type("").capabilities.filter_functions is None
    all_sets = FUNCTIONS.format("<String>contains</String><String>startswith</String>")
    apart = f'<Annotations Target="app.Container">{all_sets}</Annotations>'
    listed = one_type("", more=apart).capabilities.filter_functions
    assert listed == ("contains", "startswith")
    assert one_type("", FUNCTIONS.format(""), apart).capabilities.filter_functions == ()


def test_sorting_may_be_refused() -> None:
    entity = one_type(
        "",
        """<Annotation Term="Cap.SortRestrictions"><Record>
        <PropertyValue Property="Sortable"><Bool>false</Bool></PropertyValue></Record>
        </Annotation>""",
    )
    assert not entity.capabilities.sort
    assert entity.capabilities.filter


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"modifiedon": "DateTimeOffset", "versionnumber": "Int64"},
            ("versionnumber", "modifiedon"),
        ),
        ({"modifiedAt": "DateTimeOffset"}, ("modifiedAt",)),
        ({"changed_at": "DateTimeOffset"}, ("changed_at",)),
        ({"lastModifiedDateTime": "DateTimeOffset"}, ("lastModifiedDateTime",)),
        (
            {"SystemModifiedAt": "DateTimeOffset", "SystemRowVersion": "Int64"},
            ("SystemRowVersion", "SystemModifiedAt"),
        ),
        ({"RowVersionNumber": "Decimal"}, ("RowVersionNumber",)),
        ({"rowversion": "Binary", "modifiedAt": "String"}, ()),
        ({"createdAt": "DateTimeOffset"}, ()),
    ],
)
def test_fields_that_order_changes_are_found(
    fields: dict[str, str], expected: tuple[str, ...]
) -> None:
    inside = "".join(f'<Property Name="{n}" Type="Edm.{t}"/>' for n, t in fields.items())
    assert one_type(inside).capabilities.version_fields == expected


@pytest.mark.parametrize(("type_name", "counts"), [("DateTimeOffset", True), ("Int32", False)])
def test_a_timestamp_that_makes_the_etag_orders_changes(type_name: str, counts: bool) -> None:
    entity = one_type(
        f'<Property Name="stamp" Type="Edm.{type_name}"/>',
        """<Annotation Term="Core.OptimisticConcurrency"><Collection>
        <PropertyPath>stamp</PropertyPath></Collection></Annotation>""",
    )
    assert entity.capabilities.version_fields == (("stamp",) if counts else ())


def test_what_is_not_said_to_be_impossible_is_tried() -> None:
    capabilities = one_type("").capabilities
    assert capabilities.writes
    assert capabilities.client_keys
    assert capabilities.batch_size == 1_000
    assert not capabilities.optimistic_concurrency


def test_what_takes_neither_new_records_nor_changes_is_not_written() -> None:
    restrictions = """
    <Annotation Term="Cap.InsertRestrictions"><Record>
      <PropertyValue Property="Insertable" Bool="false"/></Record></Annotation>
    <Annotation Term="Cap.UpdateRestrictions"><Record>
      <PropertyValue Property="Updatable" Bool="false"/></Record></Annotation>"""
    capabilities = one_type("", restrictions).capabilities
    assert not capabilities.writes
    assert not capabilities.client_keys


KEY_IS = """<Annotations Target="app.Thing/ID"><Annotation Term="Core.{}"/></Annotations>"""


@pytest.mark.parametrize(
    ("term", "chosen"), [("Computed", False), ("Immutable", True), ("ComputedDefaultValue", True)]
)
def test_keys_are_chosen_by_us_unless_the_service_computes_them(term: str, chosen: bool) -> None:
    entity = one_type("", more=KEY_IS.format(term))
    assert entity.capabilities.client_keys is chosen
    assert entity.field("ID").read_only is not chosen


@pytest.mark.parametrize("term", ["Core.Immutable", "Org.OData.Core.V1.Immutable"])
def test_what_only_new_records_take_is_immutable(term: str) -> None:
    entity = one_type(
        f'<Property Name="x" Type="Edm.String"><Annotation Term="{term}"/></Property>'
        '<Property Name="y" Type="Edm.String"/>'
    )
    assert (entity.field("x").immutable, entity.field("x").read_only) == (True, True)
    assert (entity.field("y").immutable, entity.field("y").read_only) == (False, False)


ADDRESS = """<ComplexType Name="Address"><Property Name="city" Type="Edm.String"/>
<Property Name="zip" Type="Edm.String"/></ComplexType>"""


def excepting(term: str, member: str, *paths: str) -> str:
    """A Capabilities annotation that excepts these properties."""
    listed = "".join(f"<PropertyPath>{path}</PropertyPath>" for path in paths)
    return f"""<Annotation Term="Cap.{term}"><Record><PropertyValue Property="{member}">
    <Collection>{listed}</Collection></PropertyValue></Record></Annotation>"""


def test_properties_that_no_update_takes_are_immutable_and_keys_stay_ours() -> None:
    entity = one_type(
        '<Property Name="x" Type="Edm.String"/><Property Name="address" Type="app.Address"/>',
        excepting("UpdateRestrictions", "NonUpdatableProperties", "ID", "x", "address/zip"),
        ADDRESS,
    )
    immutable = [field.name for field in entity.fields if field.immutable]
    assert immutable == ["ID", "x", "address/zip"]
    assert [field.name for field in entity.fields if field.read_only] == ["x", "address/zip"]
    assert entity.capabilities.client_keys


def test_properties_that_no_write_takes_are_read_only() -> None:
    names = ("NonInsertableProperties", "NonUpdatableProperties")
    restrictions = zip(("InsertRestrictions", "UpdateRestrictions"), names, strict=True)
    in_set = "".join(excepting(term, member, "x") for term, member in restrictions)
    field = one_type('<Property Name="x" Type="Edm.String" Nullable="false"/>', in_set).field("x")
    assert field.read_only
    assert not field.is_required


def test_what_new_records_do_not_take_is_not_required_of_them() -> None:
    field = one_type(
        '<Property Name="x" Type="Edm.String" Nullable="false"/>',
        excepting("InsertRestrictions", "NonInsertableProperties", "x"),
    ).field("x")
    assert (field.defaulted, field.read_only, field.is_required) == (True, False, False)


def test_conditions_are_evaluated_but_on_what_is_excepted_and_on_what_is_no_single_value() -> None:
    entity = one_type(
        """<Property Name="x" Type="Edm.String"/><Property Name="xy" Type="Edm.String"/>
        <Property Name="tags" Type="Collection(Edm.String)"/>
        <Property Name="place" Type="Edm.GeographyPoint"/>
        <Property Name="address" Type="app.Address"/>""",
        excepting("FilterRestrictions", "NonFilterableProperties", "x", "address", "parent/name"),
        ADDRESS,
    )
    filterable = [field.name for field in entity.fields if field.filterable]
    assert filterable == ["ID", "xy"]


def test_changes_are_not_found_by_a_field_that_conditions_cannot_use() -> None:
    entity = one_type(
        '<Property Name="modifiedAt" Type="Edm.DateTimeOffset"/>',
        excepting("FilterRestrictions", "NonFilterableProperties", "modifiedAt"),
    )
    assert entity.capabilities.version_fields == ()


def test_a_container_may_say_what_holds_of_all_its_sets() -> None:
    apart = """<Annotations Target="app.Container"><Annotation Term="Cap.DefaultCapabilities">
    <Record><PropertyValue Property="DeleteRestrictions"><Record>
      <PropertyValue Property="Deletable" Bool="false"/></Record></PropertyValue>
    <PropertyValue Property="InsertRestrictions"><Record>
      <PropertyValue Property="Insertable" Bool="false"/></Record></PropertyValue>
    </Record></Annotation></Annotations>"""
    own = """<Annotation Term="Cap.InsertRestrictions"><Record>
      <PropertyValue Property="Insertable" Bool="true"/></Record></Annotation>"""
    able = one_type("", own, apart).capabilities
    assert (able.creates, able.updates, able.removes) == (True, True, False)


def test_a_set_that_only_may_be_read_is_not_written() -> None:
    permission = '<Annotation Term="Core.Permissions" EnumMember="Core.Permission/Read"/>'
    able = one_type("", permission).capabilities
    assert (able.creates, able.updates, able.removes) == (False, False, False)


@pytest.mark.parametrize(
    ("facet", "annotation"),
    [('DefaultValue="new"', ""), ("", '<Annotation Term="Core.ComputedDefaultValue"/>')],
)
def test_what_the_service_fills_is_not_required(facet: str, annotation: str) -> None:
    entity = one_type(
        f'<Property Name="x" Type="Edm.String" Nullable="false" {facet}>{annotation}</Property>'
        '<Property Name="y" Type="Edm.String" Nullable="false"/>'
        '<Property Name="tags" Type="Collection(Edm.String)" Nullable="false"/>'
    )
    required = [field.name for field in entity.fields if field.is_required]
    assert required == ["ID", "y"]


def test_annotations_of_one_set_or_of_a_path_hold_only_there() -> None:
    computed = '<Annotation Term="Core.Computed"/>'
    schema = parse_metadata(
        xml(
            f"""<EntityType Name="Thing"><Key><PropertyRef Name="ID"/></Key>
            <Property Name="ID" Type="Edm.Int32"/><Property Name="x" Type="Edm.String"/>
            <Property Name="home" Type="app.Address"/><Property Name="office" Type="app.Address"/>
            </EntityType>{ADDRESS}
            <EntityContainer Name="C"><EntitySet Name="Ones" EntityType="app.Thing"/>
            <EntitySet Name="Others" EntityType="app.Thing"/></EntityContainer>
            <Annotations Target="app.C/Ones/x">{computed}</Annotations>
            <Annotations Target="app.C/Ones/office/zip">{computed}</Annotations>
            <Annotations Target="app.Thing/home/city">{computed}</Annotations>"""
        )
    )
    read_only = {e.name: [f.name for f in e.fields if f.read_only] for e in schema.entities}
    assert read_only == {"Ones": ["x", "home/city", "office/zip"], "Others": ["home/city"]}


def test_annotations_of_a_type_hold_for_what_it_inherits_but_not_for_its_siblings() -> None:
    schema = parse_metadata(
        xml(
            """<EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="id"/></Key>
            <Property Name="id" Type="Edm.Guid"/><Property Name="x" Type="Edm.Guid"/></EntityType>
            <EntityType Name="A" BaseType="app.Base"/><EntityType Name="B" BaseType="app.Base"/>
            <EntityContainer Name="C"><EntitySet Name="As" EntityType="app.A"/>
            <EntitySet Name="Bs" EntityType="app.B"/></EntityContainer>
            <Annotations Target="app.A/x"><Annotation Term="Core.Immutable"/></Annotations>"""
        )
    )
    assert schema.entity("As").field("x").immutable
    assert not schema.entity("Bs").field("x").immutable


def test_no_new_record_of_an_abstract_type_can_be_made() -> None:
    schema = parse_metadata(
        xml(
            """<EntityType Name="A" Abstract="true"><Key><PropertyRef Name="id"/></Key>
            <Property Name="id" Type="Edm.Guid"/></EntityType>
            <EntityContainer Name="C"><EntitySet Name="As" EntityType="app.A"/></EntityContainer>"""
        )
    )
    able = schema.entity("As").capabilities
    assert (able.creates, able.updates, able.client_keys) == (False, True, False)


def test_a_lookup_of_an_abstract_type_leads_to_the_sets_of_its_derived_types_too() -> None:
    """Dataverse's owners: users and teams."""
    schema = parse_metadata(
        xml(
            """<EntityType Name="Owner" Abstract="true"><Key><PropertyRef Name="id"/></Key>
            <Property Name="id" Type="Edm.Guid"/></EntityType>
            <EntityType Name="User" BaseType="app.Owner"/>
            <EntityType Name="Team" BaseType="app.Owner"/>
            <EntityType Name="Task"><Key><PropertyRef Name="id"/></Key>
            <Property Name="id" Type="Edm.Guid"/><Property Name="_owner_value" Type="Edm.Guid"/>
            <NavigationProperty Name="Owner" Type="app.Owner">
            <ReferentialConstraint Property="_owner_value" ReferencedProperty="id"/>
            </NavigationProperty></EntityType>
            <EntityContainer Name="C"><EntitySet Name="owners" EntityType="app.Owner"/>
            <EntitySet Name="users" EntityType="app.User"/>
            <EntitySet Name="teams" EntityType="app.Team"/>
            <EntitySet Name="tasks" EntityType="app.Task"/></EntityContainer>"""
        )
    )
    owner = schema.entity("tasks").field("_owner_value")
    targets = [(t.entity, t.field, t.navigation) for t in owner.lookup]
    assert targets == [
        ("owners", "id", "Owner"),
        ("users", "id", "Owner"),
        ("teams", "id", "Owner"),
    ]
    assert owner.by_navigation


def test_what_records_contain_is_no_entity_unless_there_is_a_set_of_it() -> None:
    entity = one_type(
        """<NavigationProperty Name="lines" Type="Collection(app.Line)" ContainsTarget="true"/>
        <NavigationProperty Name="first" Type="app.Line" ContainsTarget="true"/>""",
        more='<EntityType Name="Line"><Property Name="no" Type="Edm.Int32"/></EntityType>',
    )
    assert list(entity.by_name) == ["ID"]


def test_a_key_does_not_refer_to_what_the_record_contains() -> None:
    """Business Central's item and its picture; its currency is contained as well, it says."""
    inside = """<Property Name="currencyId" Type="Edm.Int32"/>
    <NavigationProperty Name="picture" Type="app.Thing" ContainsTarget="true">
    <ReferentialConstraint Property="ID" ReferencedProperty="ID"/></NavigationProperty>
    <NavigationProperty Name="currency" Type="app.Thing" ContainsTarget="true">
    <ReferentialConstraint Property="currencyId" ReferencedProperty="ID"/></NavigationProperty>"""
    assert [f.name for f in one_type(inside).fields if f.lookup] == ["currencyId"]


def test_flags_have_no_options_because_any_of_them_together_is_a_value() -> None:
    entity = one_type(
        '<Property Name="x" Type="app.Rights"/>',
        more='<EnumType Name="Rights" IsFlags="true"><Member Name="Read"/></EnumType>',
    )
    assert (entity.field("x").kind, entity.field("x").options) == (Kind.STRING, ())


def test_type_definitions_may_list_the_values() -> None:
    allowed = """<Annotation Term="Org.OData.Validation.V1.AllowedValues"><Collection><Record>
    <PropertyValue Property="Value" String="a"/></Record></Collection></Annotation>"""
    definition = '<TypeDefinition Name="Code" UnderlyingType="Edm.String">{}</TypeDefinition>'
    entity = one_type('<Property Name="x" Type="app.Code"/>', more=definition.format(allowed))
    assert entity.field("x").options == ("a",)


def test_keys_that_may_not_be_given_to_new_records_are_not_chosen() -> None:
    restrictions = """<Annotation Term="Cap.InsertRestrictions"><Record>
      <PropertyValue Property="NonInsertableProperties"><Collection>
        <PropertyPath>ID</PropertyPath></Collection></PropertyValue></Record></Annotation>"""
    assert not one_type("", restrictions).capabilities.client_keys


def test_an_empty_list_of_what_makes_the_etag_means_etags() -> None:
    annotation = '<Annotation Term="Core.OptimisticConcurrency"><Collection/></Annotation>'
    assert one_type("", annotation).capabilities.optimistic_concurrency


@pytest.mark.parametrize(
    "annotation",
    [
        '<Annotation Term="Cap.BatchSupported" Bool="false"/>',
        """<Annotation Term="Cap.BatchSupport"><Record>
        <PropertyValue Property="Supported" Bool="false"/></Record></Annotation>""",
    ],
)
def test_without_batches_records_are_written_one_by_one(annotation: str) -> None:
    apart = f'<Annotations Target="app.Container">{annotation}</Annotations>'
    assert one_type("", more=apart).capabilities.batch_size == 1


TEAM = """<NavigationProperty Name="team" Type="app.Team" Nullable="true">
<ReferentialConstraint Property="{0}" ReferencedProperty="{1}"/></NavigationProperty>
<Property Name="{0}" Type="Edm.Guid">{2}</Property>"""
TEAMS = """<EntityType Name="Team"><Key><PropertyRef Name="teamid"/></Key>
<Property Name="teamid" Type="Edm.Guid"/><Property Name="code" Type="Edm.Guid"/></EntityType>
<EntityContainer Name="More"><EntitySet Name="Teams" EntityType="app.Team"/></EntityContainer>"""
COMPUTED = '<Annotation Term="Core.Computed"/>'


@pytest.mark.parametrize(
    ("name", "referenced", "annotation", "by_navigation", "read_only"),
    [
        ("team_ID", "teamid", "", False, False),
        ("team_ID", "teamid", COMPUTED, True, False),
        ("_team_value", "teamid", "", True, False),
        ("_team_value", "code", "", False, True),
        ("team_ID", "teamid", '<Annotation Term="Core.Immutable"/>', False, True),
    ],
)
def test_lookups_that_cannot_be_written_are_written_by_their_navigation_property(
    name: str, referenced: str, annotation: str, by_navigation: bool, read_only: bool
) -> None:
    entity = one_type(TEAM.format(name, referenced, annotation), more=TEAMS)
    field = entity.field(name)
    assert (field.by_navigation, field.read_only) == (by_navigation, read_only)
    assert [target.navigation for target in field.lookup] == ["team"]


def test_a_lookup_of_two_navigation_properties_can_be_written_by_neither() -> None:
    other = """<NavigationProperty Name="crew" Type="app.Team">
    <ReferentialConstraint Property="_team_value" ReferencedProperty="teamid"/>
    </NavigationProperty>"""
    entity = one_type(other + TEAM.format("_team_value", "teamid", ""), more=TEAMS)
    assert entity.field("_team_value").read_only


def test_without_a_key_deletions_cannot_be_seen() -> None:
    schema = parse_metadata(
        xml(
            """<EntityType Name="View"><Property Name="x" Type="Edm.String"/></EntityType>
            <EntityContainer Name="C"><EntitySet Name="Views" EntityType="app.View"/>
            </EntityContainer>"""
        )
    )
    assert schema.entity("Views").capabilities.deletes is Deletes.NONE


def test_json_has_other_defaults_than_xml() -> None:
    schema = from_json(
        Thing={
            "$Kind": "EntityType",
            "$Key": [{"no": "info/number"}],
            "info": {"$Type": "My.App.Info"},
            "name": {},
            "note": {"$Nullable": True, "@Org.OData.Core.V1.Description": "For people"},
            "price": {"$Type": "Edm.Decimal", "$Precision": 10, "$Scale": 2},
            "rate": {"$Type": "Edm.Decimal", "$Scale": "variable"},
            "parent": {
                "$Kind": "NavigationProperty",
                "$Type": "My.App.Thing",
                "$ReferentialConstraint": {"name": "name", "name@Core.Description": "x"},
            },
        },
        Info={"$Kind": "ComplexType", "number": {"$Type": "Edm.Int64"}},
        Container={
            "$Kind": "EntityContainer",
            "Things": {
                "$Collection": True,
                "$Type": "My.App.Thing",
                "@Org.OData.Capabilities.V1.FilterRestrictions": {"Filterable": False},
            },
            "TheThing": {"$Type": "My.App.Thing"},
        },
    )
    things = schema.entity("Things")
    assert list(schema.by_name) == ["Things"]
    assert things.key == ("info/number",)
    assert (things.field("name").kind, things.field("name").nullable) == (Kind.STRING, False)
    assert things.field("note").nullable
    assert things.field("note").label == "For people"
    assert (things.field("price").scale, things.field("rate").scale) == (2, None)
    assert [t.entity for t in things.field("name").lookup] == ["Things"]
    assert not things.capabilities.filter


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not well-formed"),
        (b"<edmx:Edmx", "not well-formed"),
        (b"<feed/>", "begins with <feed>"),
        (xml("<EntityType/>").replace(b"utf-8", b"utf-99"), "not well-formed"),
        (xml('<EntityType Name="A"><Property Name="x"/></EntityType>'), "has no Type"),
        (b'{"$Version": "4.0", "A": ', "not JSON"),
        (b"{" + b'"a":[' * 100_000, "not JSON"),
        (b'{"value": []}', "no \\$Version"),
        (b'{"$Version": "4.0", "A": 1}', "not CSDL JSON"),
        (b'{"$Version": "4.0", "A": {"B": {"$Kind": "EntityType", "$BaseType": 1}}}', "CSDL JSON"),
        (b'{"$Version": "3.0"}', "OData 3.0"),
        (b'<Edmx Version="1.0" xmlns="http://schemas.microsoft.com/ado/2007/06/edmx"/>', "2 or 3"),
        (xml("", version="1.0"), "2 or 3"),
    ],
)
def test_what_is_no_metadata_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        parse_metadata(body)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaa">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "&a;" * 10}">' for i in range(12))
    + "]><x>&a11;</x>"
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "https://evil.example.com/">]><x>&e;</x>',
        xml("").replace(b"?>", b"?><!DOCTYPE edmx>"),
    ],
)
def test_a_document_that_attacks_its_reader_is_refused(body: bytes) -> None:
    with pytest.raises(ConfigurationError, match="DOCTYPE"):
        parse_metadata(body)


@pytest.mark.parametrize("flood", ["<a/>" * 600_000, "<a>" * 100])
def test_a_document_of_too_many_elements_or_levels_is_refused(flood: str) -> None:
    with pytest.raises(ConfigurationError, match=r"levels or .* elements"):
        parse_metadata(xml(flood))


def test_json_of_too_many_values_is_refused() -> None:
    body = b'{"$Version": "4.01", "My.App": [' + b"[]," * 3_000_000 + b"[]]}"
    with pytest.raises(ConfigurationError, match="more than 2,000,000 values"):
        parse_metadata(body)


def test_a_document_ten_times_as_large_as_any_published_is_read() -> None:
    properties = "".join(f'<Property Name="p{n}" Type="Edm.String"/>' for n in range(250_000))
    kept = parse_metadata(xml(f'<ComplexType Name="Large">{properties}</ComplexType>'))
    assert kept.entities == ()


def test_types_inherit_from_a_number_of_types_that_has_an_end() -> None:
    chain = "".join(
        f'<EntityType Name="T{n}" BaseType="app.T{n - 1}" Abstract="true"/>' for n in range(1, 3000)
    )
    root = """<EntityType Name="T0" Abstract="true"><Key><PropertyRef Name="ID"/></Key>
      <Property Name="ID" Type="Edm.Int32" Nullable="false"/></EntityType>"""
    lookup = """<Property Name="to" Type="Edm.Int32"/>
      <NavigationProperty Name="leads" Type="app.T0">
      <ReferentialConstraint Property="to" ReferencedProperty="ID"/></NavigationProperty>"""
    with pytest.raises(ConfigurationError, match="inherits from more than 100 types"):
        one_type(lookup, more=root + chain)


def test_a_huge_document_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="more than 64 MB"):
        parse_metadata(b" " * (LIMIT + 1))


def nested(levels: int, width: int, last: str) -> str:
    """Complex types, each with so many properties of the next one's type."""
    types = [f"app.Level{n}" for n in range(1, levels)] + [last]
    return "".join(
        f'<ComplexType Name="Level{n}">'
        + "".join(f'<Property Name="p{m}" Type="{kind}"/>' for m in range(width))
        + "</ComplexType>"
        for n, kind in enumerate(types)
    )


@pytest.mark.parametrize("last", ["Edm.String", "Edm.Stream"])
@pytest.mark.parametrize(("levels", "width"), [(12, 10), (100, 1)])
def test_complex_types_of_complex_types_end_somewhere(levels: int, width: int, last: str) -> None:
    flood = '<Property Name="flood" Type="app.Level0"/>'
    with pytest.raises(ConfigurationError, match="Things has more than"):
        one_type(flood, more=nested(levels, width, last))


def test_a_facet_of_thousands_of_digits_states_none() -> None:
    text = f'<Property Name="t" Type="Edm.String" MaxLength="{"9" * 5000}"/>'
    assert one_type(text).field("t").max_length is None


@pytest.mark.parametrize(
    "element",
    [
        {"$Kind": "EntityType", "$Key": [{}]},
        {"$Kind": "EntityType", "$Key": [{"a": "ID", "b": "ID"}]},
        {"$Kind": "EntityType", "$Key": [{"a": 5}]},
        {
            "$Kind": "EntityType",
            "n": {
                "$Kind": "NavigationProperty",
                "$Type": "My.App.Thing",
                "$ReferentialConstraint": {"id": 5},
            },
        },
        {
            "$Kind": "EntityContainer",
            "S": {
                "$Collection": True,
                "$Type": "My.App.Thing",
                "$NavigationPropertyBinding": {"n": 5},
            },
        },
        {"$Kind": "EntityType", "$Key": ["ID"], "": {}},
        {"$Kind": "EntityContainer", "": 1},
        {"$Kind": "EnumType", "": 1},
    ],
)
def test_json_that_is_no_csdl_is_refused(element: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"\$metadata is not valid"):
        from_json(Thing=element)


@pytest.mark.parametrize("name", ["", "a&#10;b", "&#x9b;", "&#x2028;"])
def test_a_name_that_cannot_be_printed_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name"):
        one_type(f'<Property Name="{name}" Type="Edm.String"/>')
    with pytest.raises(ConfigurationError, match="is no name"):
        one_type("", more=f'<EntityContainer Name="More"><EntitySet Name="{name}" '
                 'EntityType="app.Thing"/></EntityContainer>')  # fmt: skip
