"""Files that others wrote: read as far as they can be, refused where they could do harm."""

import pytest

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import LARGEST
from tandem.mapping_files.reading import carried
from tandem.mapping_files.spellings import OURS
from tandem.model.integration import EntityMapping, FieldMapping, Lookup

MINIMAL = """\
<EntityMapping><ExternalName>Ex</ExternalName><LocalName>loc</LocalName>{more}
  <AttributesMapping>
    <AttributeMapping><ExternalName>a</ExternalName><LocalName>b</LocalName>{field}
    </AttributeMapping>
  </AttributesMapping>
</EntityMapping>"""


def ours(key: str, value: str) -> str:
    return f"<t:{key} xmlns:t='{OURS}'>{value}</t:{key}>"


def xml(more: str = "", field: str = "") -> str:
    return MINIMAL.format(more=more, field=field)


def notes(text: str) -> str:
    return " ".join(carried(text.encode()).notes)


def problems(text: str) -> str:
    return " ".join(map(str, carried(text.encode()).problems))


def test_the_published_example_is_read() -> None:
    """The only example of the product that is public."""
    text = """<EntityMapping>
      <IsEnabled>true</IsEnabled>
      <ExternalName>ExternalEntity</ExternalName>
      <LocalName>rc_entity</LocalName>
      <PrimaryKeys><string>ExId</string></PrimaryKeys>
      <AttributesMapping>
        <AttributeMapping><IsEnabled>true</IsEnabled><ExternalName>ExId</ExternalName>
          <LocalName>id</LocalName></AttributeMapping>
        <AttributeMapping><IsEnabled>false</IsEnabled><ExternalName>ExName</ExternalName>
          <LocalName>name</LocalName></AttributeMapping>
      </AttributesMapping>
    </EntityMapping>"""
    found = carried(text.encode())
    (entity,) = found.entities
    assert (entity.external, entity.local, entity.enabled) == ("ExternalEntity", "rc_entity", True)
    assert entity.primary_key == ("ExId",)
    assert [(f.external, f.local, f.enabled) for f in entity.fields] == [
        ("ExId", "id", True),
        ("ExName", "name", False),
    ]
    assert "no direction: download_only is taken" in " ".join(found.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_windows_are_read(encoding: str) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' if encoding == "utf-16" else ""
    (entity,) = carried((text + xml().replace(">a<", ">ž<")).encode(encoding)).entities
    assert entity.fields[0].external == "ž"


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ("Download Only", "download_only"),
        ("DownloadOnly", "download_only"),
        ("UploadOnly", "upload_only"),
        ("upload_only", "upload_only"),
        ("Bidirectional", "bidirectional"),
    ],
)
def test_directions_are_read_in_every_spelling(spelt: str, meant: str) -> None:
    (entity,) = carried(xml(f"<SyncDirection>{spelt}</SyncDirection>").encode()).entities
    assert entity.direction == meant


def test_lookups_and_composite_lookups_are_read() -> None:
    text = xml(
        "<CompositeLookups><string>service order</string></CompositeLookups>"
        "<VersionNumber>RowVersionNumber</VersionNumber>",
        "<TargetExternalEntity>Orders</TargetExternalEntity>"
        "<TargetExternalField>No</TargetExternalField>"
        "<CompositeLookup>service order</CompositeLookup>",
    )
    (entity,) = carried(text.encode()).entities
    assert entity.version_number == "RowVersionNumber"
    assert entity.composite_lookups == ("service_order",)
    assert entity.fields[0].lookup == Lookup(entity="Orders", field="No", composite="service_order")
    assert "'service order' is called service_order now" in notes(text)


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_composite_lookups_have_names_on_disabled_lines_too(enabled: str) -> None:
    lookup = "{entity: A, field: a, composite: service order}"
    line = f"{{external: a, local: b, enabled: {enabled}, lookup: {lookup}}}"
    text = f"entities: [{{external: A, local: b, composite_lookups: [order], fields: [{line}]}}]"
    with pytest.raises(ConfigurationError, match="'service order' is no name"):
        carried(text.encode())


def test_lookups_in_the_first_form_are_read() -> None:
    """`[localEntity].[localField]`, as the product's documentation had it at first."""
    other = xml(field="<Target>[loc].[b]</Target>").replace(">Ex<", ">Other<")
    found = carried(f"<All>{xml()}{other.replace('>loc<', '>here<')}</All>".encode())
    assert found.entities[1].fields[0].lookup == Lookup(entity="Ex", field="a")


def test_what_cannot_be_carried_over_is_listed() -> None:
    text = xml(
        "<SyncDirection>Sideways</SyncDirection><UploadFilter><a>1</a></UploadFilter><Empty/>"
        "<Owner>me</Owner>",
        "<Target>account.integration_bc_pk</Target><ExternalType>String</ExternalType>",
    )
    said = problems(text)
    assert "<SyncDirection> 'Sideways' is unknown" in said
    assert "<UploadFilter> has no counterpart" in said
    assert "names no target that is mapped; it says 'account.integration_bc_pk'" in said
    assert "<Owner> (me) has no counterpart" in notes(text)
    assert "Owner" not in said
    for words in (said, notes(text)):
        assert "Empty" not in words
        assert "ExternalType" not in words


UNCLEAR = "<Target>account.gone</Target>"


def test_a_lookup_without_target_is_no_copy_of_the_foreign_key() -> None:
    (entity,) = carried(xml(field=UNCLEAR).encode()).entities
    assert (entity.fields[0].lookup, entity.fields[0].enabled) == (None, False)


def test_a_target_that_two_mappings_could_mean_is_none() -> None:
    one, two, three = (
        xml(field=more).replace(">Ex<", f">{name}<")
        for name, more in (("A", ""), ("B", ""), ("C", "<Target>loc.b</Target>"))
    )
    assert "names no target" in problems(f"<All>{one}{two}{three}</All>")
    assert "names no target" not in problems(f"<All>{one}{three.replace('>loc<', '>c<')}</All>")


@pytest.mark.parametrize("target", ["account.id", "[account].[id]", "[account].id"])
def test_a_target_may_be_mapped_here_already(target: str) -> None:
    line = FieldMapping(external="No", local="id")
    here = (EntityMapping(external="Customers", local="account", fields=(line,)),)
    text = xml(field=f"<Target>{target}</Target>")
    found = carried(text.encode(), here=here)
    assert found.entities[0].fields[0].lookup == Lookup(entity="Customers", field="No")
    assert found.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        xml("<IsEnabled>false</IsEnabled><DownloadFilter>x</DownloadFilter>", UNCLEAR),
        xml(field=f"<IsEnabled>false</IsEnabled>{UNCLEAR}"),
    ],
)
def test_what_is_disabled_stands_in_no_way(text: str) -> None:
    assert problems(text) == ""
    assert "names no target" in notes(text)


@pytest.mark.parametrize(
    "unclear",
    [
        "<IsEnabled>perhaps</IsEnabled>",
        "<SyncDirection>Sideways</SyncDirection>",
        "<DownloadFilter>x</DownloadFilter>",
        "<Conditions><a>1</a></Conditions>",
        "<OptionMapping><a>1</a></OptionMapping>",
    ],
)
def test_what_would_sync_something_else_stands_in_the_way(unclear: str) -> None:
    assert problems(xml(unclear))
    assert "perhaps" not in unclear or problems(xml(field=unclear))


@pytest.mark.parametrize(
    "text",
    [
        xml("<LocalName>other</LocalName>"),
        xml("<LocalEntity>other</LocalEntity>"),
        xml("<AttributesMapping/>" + "<PrimaryKeys>a</PrimaryKeys>" * 2),
        xml(
            "<AttributesMapping><AttributeMapping><ExternalName>c</ExternalName>"
            "<LocalName>d</LocalName></AttributeMapping></AttributesMapping>"
        ),
        xml(field="<ExternalName>z</ExternalName>"),
        xml(field=ours("default", "1") + ours("default", "2")),
    ],
)
def test_an_element_that_is_there_twice_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is there twice"):
        carried(text.encode())


BEYOND = [
    (ours("lookup", "5"), "", "nothing of Tandem's"),
    ("", ours("lookup", "5"), "nothing of Tandem's"),
    (ours("composite_lookups", "5"), "", "nothing of Tandem's"),
    (ours("fields", "5"), "", "nothing of Tandem's"),
    (ours("enabled", "5"), "", "nothing of Tandem's"),
    ("", ours("entity", "[5]"), "nothing of Tandem's"),
    ("", ours("local_target", "[5]"), "nothing of Tandem's"),
    ("", ours("values", "5"), "entity Ex, field a, values: '5' is not a group of keys"),
    ("", ours("values", "{[1]: 2}"), "no YAML on one line"),
    ("", ours("direction", "{a: 1}"), "entity Ex, field a, direction: .* is not possible here"),
    ("", ours("transform", "[{split: 1}]"), "entity Ex, field a, transform"),
    ("", ours("transform", "trim"), "'trim' is not a list"),
    (ours("overlap", "[]"), "", "entity Ex, overlap"),
    (ours("download_filter", "5"), "", "entity Ex, download_filter"),
    (ours("sweep_every", "0"), "", "is too small"),
]


@pytest.mark.parametrize(("more", "field", "said"), BEYOND)
def test_hostile_elements_of_our_namespace_are_refused(more: str, field: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        carried(xml(more, field).encode())
    assert "Input should" not in str(caught.value)


def test_a_policy_that_is_none_is_refused() -> None:
    text = xml().replace("<EntityMapping>", f'<EntityMapping xmlns:t="{OURS}" t:on_conflict="x">')
    with pytest.raises(ConfigurationError, match="on_conflict: 'x' is not possible here"):
        carried(text.encode())


def test_entities_without_a_partner_are_left_out() -> None:
    alone = "<EntityMapping><ExternalName>Other</ExternalName><LocalName/></EntityMapping>"
    found = carried(f"<A>{xml()}{alone}</A>".encode())
    assert [entity.external for entity in found.entities] == ["Ex"]
    assert "Other: has no partner" in " ".join(found.notes)
    with pytest.raises(ConfigurationError, match="none of its entities is mapped"):
        carried(alone.encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "DOCTYPE"),
        ("<a>" * 100 + "</a>" * 100, "levels"),
        ("<a>", "well-formed"),
        ("<Import/>", "no EntityMapping"),
        (xml(field=ours("default", "{")), "no YAML on one line"),
        (xml(field=ours("y", "1")), "<y> is nothing of Tandem's"),
        ("[" * 100_000, "line 1"),
        ("a: 1", "line 1"),
        ("", "no mappings"),
        ("entities: []", "line 1"),
    ],
)
def test_what_is_no_mapping_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        carried(text.encode())


def test_a_file_beyond_all_measure_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="larger than"):
        carried(b" " * (LARGEST + 1))


def test_a_whole_integration_file_brings_its_mappings() -> None:
    text = """\
name: crm
external: {connector: odata, connection: secret}
local: {connector: sql, connection: secret}
schedule: null
provision: true
entities:
  - {external: A, local: b, fields: [{external: No, local: d}]}
"""
    (entity,) = carried(text.encode()).entities
    assert entity.fields[0].external == "No"


GOOD = "{external: A, local: b, fields: [{external: c, local: d}]}"
BAD = "{external: B, local: b, fields: [{external: c, values: {Y: 1}}], colour: red}"


@pytest.mark.parametrize(
    "text",
    [
        f"entities:\n  - {BAD}\n  - {GOOD}\n  - {BAD}\n  - 5\n",
        f"entities:\n  - {GOOD}\n  - {BAD}\ndescription: mine\n",
    ],
)
def test_one_entity_is_read_whatever_is_wrong_with_others(text: str) -> None:
    (entity,) = carried(text.encode(), entity="A").entities
    assert entity.external == "A"
    with pytest.raises(ConfigurationError, match="colour"):
        carried(text.encode(), entity="B")
    with pytest.raises(ConfigurationError, match="There are: "):
        carried(text.encode(), entity="C")


@pytest.mark.parametrize(
    "text",
    [
        f"entities:\n  - {GOOD}\ncolour: red\n",
        f"colour: red\nentities:\n  - {GOOD}\n",
        "entities:\n  - external: A\n    local: 5\n    fields: [{external: c, local: d}]\n",
        f"entities: [{BAD.replace(': B', ': A')}, {GOOD.replace(': A', ': B')}]",
    ],
)
def test_what_is_wrong_with_that_entity_or_the_file_is_told(text: str) -> None:
    with pytest.raises(ConfigurationError, match="line "):
        carried(text.encode(), entity="A")


def test_notes_are_about_the_chosen_entity_only() -> None:
    other = xml("<Owner>me</Owner><Filter>x</Filter>").replace(">Ex<", ">Other<")
    text = f"<A>{other}{xml('<SyncDirection>Download</SyncDirection>')}</A>".encode()
    found = carried(text, entity="Ex")
    assert (found.notes, found.problems) == ((), ())
    with pytest.raises(ConfigurationError, match="There are: Other, Ex"):
        carried(text, entity="None")


@pytest.mark.parametrize("form", ["xml", "yaml"])
def test_an_entity_that_is_mapped_twice_is_refused(form: str) -> None:
    text = f"<A>{xml()}{xml()}</A>" if form == "xml" else f"entities: [{GOOD}, {GOOD}]"
    with pytest.raises(ConfigurationError, match=r"maps external entity '.*' more than once"):
        carried(text.encode())
