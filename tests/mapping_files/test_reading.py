"""Files that others wrote: read as far as they can be, refused where they could do harm."""

import pytest

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import LARGEST
from tandem.mapping_files.reading import carried
from tandem.model.integration import Lookup

MINIMAL = """\
<EntityMapping><ExternalName>Ex</ExternalName><LocalName>loc</LocalName>{more}
  <AttributesMapping>
    <AttributeMapping><ExternalName>a</ExternalName><LocalName>b</LocalName>{field}
    </AttributeMapping>
  </AttributesMapping>
</EntityMapping>"""


def xml(more: str = "", field: str = "") -> str:
    return MINIMAL.format(more=more, field=field)


def notes(text: str) -> str:
    return " ".join(carried(text.encode()).notes)


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


def test_lookups_in_the_first_form_are_read() -> None:
    """`[localEntity].[localField]`, as the product's documentation had it at first."""
    other = xml(field="<Target>[loc].[b]</Target>").replace(">Ex<", ">Other<")
    found = carried(f"<All>{xml()}{other.replace('>loc<', '>here<')}</All>".encode())
    assert found.entities[1].fields[0].lookup == Lookup(entity="Ex", field="a")


def test_what_cannot_be_carried_over_is_listed() -> None:
    text = xml(
        "<SyncDirection>Sideways</SyncDirection><UploadFilter><a>1</a></UploadFilter><Empty/>",
        "<Target>account.integration_bc_pk</Target><ExternalType>String</ExternalType>",
    )
    said = notes(text)
    assert "SyncDirection 'Sideways' is unknown" in said
    assert "UploadFilter has no counterpart" in said
    assert "names no target of this file in 'account.integration_bc_pk'" in said
    assert "Empty" not in said
    assert "ExternalType" not in said


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
        (xml(field="<x:y xmlns:x='urn:tandem:mapping:1'>{</x:y>"), "no YAML on one line"),
        (xml(field="<x:y xmlns:x='urn:tandem:mapping:1'>1</x:y>"), "fields.0.y"),
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
