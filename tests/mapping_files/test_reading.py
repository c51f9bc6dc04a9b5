"""Files that others wrote: read as far as they can be, refused where they could do harm."""

import pytest
from tests.mapping_files.small_files import notes, ours, problems, xml

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import LARGEST
from tandem.mapping_files.reading import carried
from tandem.model.integration import Lookup

GOOD = "{external: A, local: b, fields: [{external: c, local: d}]}"


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


@pytest.mark.parametrize("form", ["xml", "yaml"])
def test_an_entity_that_is_mapped_twice_is_refused(form: str) -> None:
    text = f"<A>{xml()}{xml()}</A>" if form == "xml" else f"entities: [{GOOD}, {GOOD}]"
    with pytest.raises(ConfigurationError, match=r"maps external entity '.*' more than once"):
        carried(text.encode())
