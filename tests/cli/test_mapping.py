"""`tandem mapping`: mappings carried from one organisation to another."""

from pathlib import Path

import pytest
from tests.cli.conftest import Systems

from tandem.cli.session import integration_named, state_of
from tandem.integration_files import load_integration
from tandem.model.integration import EntityMapping
from tandem.model.schema import Capabilities, Entity, Field, Kind

FORMS = pytest.mark.parametrize("form", ["yaml", "resco-xml"])
PRODUCT = """\
<?xml version="1.0" encoding="utf-8"?>
<ArrayOfEntityMapping xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <EntityMapping>
    <LocalName>account</LocalName>
    <ExternalName>Accounts</ExternalName>
    <IsEnabled>true</IsEnabled>
    <PrimaryKeys><string>number</string></PrimaryKeys>
    <SyncDirection>DownloadOnly</SyncDirection>
    <AttributesMapping>
      <AttributeMapping>
        <IsEnabled>true</IsEnabled><ExternalName>number</ExternalName>
        <LocalName>accountnumber</LocalName>
      </AttributeMapping>
      <AttributeMapping>
        <IsEnabled>true</IsEnabled><ExternalName>name</ExternalName><LocalName>note</LocalName>
      </AttributeMapping>
      <AttributeMapping>
        <IsEnabled>true</IsEnabled><ExternalName>fax</ExternalName><LocalName xsi:nil="true"/>
      </AttributeMapping>
    </AttributesMapping>
    <DownloadFilter>&lt;filter/&gt;</DownloadFilter>
  </EntityMapping>
</ArrayOfEntityMapping>
"""


def entities(systems: Systems) -> tuple[EntityMapping, ...]:
    return load_integration(systems.folder / "crm.yaml").entities


@FORMS
def test_what_was_exported_changes_nothing_where_it_came_from(systems: Systems, form: str) -> None:
    exported = systems.run("mapping", "export", "crm", "--format", form).output
    assert "crm_local" not in exported
    file = systems.folder / "carried"
    file.write_text(exported)
    assert "nothing to change" in systems.ok("mapping", "import", "crm", str(file), "--yes")


@FORMS
def test_another_policy_is_told(systems: Systems, form: str) -> None:
    file = systems.folder / "carried"
    systems.ok("mapping", "export", "crm", "--format", form, "--output", str(file))
    systems.configure(on_conflict="local_wins")
    result = systems.run("mapping", "import", "crm", str(file))
    assert "on_conflict was review; here it is local_wins" in " ".join(result.stderr.split())


@FORMS
def test_mappings_are_restored_from_an_export(systems: Systems, form: str) -> None:
    before = entities(systems)
    file = systems.folder / "carried"
    systems.ok("mapping", "export", "crm", "--format", form, "--output", str(file))
    systems.configure(direction="download_only", primary_key="[name]")
    shown = systems.exits(1, "mapping", "import", "crm", str(file))
    assert "direction: bidirectional" in shown
    assert "Nothing was changed yet" in shown
    assert entities(systems) != before
    assert "Saved" in systems.ok("mapping", "import", "crm", str(file), "--yes")
    assert entities(systems) == before


def test_an_import_is_an_edit_that_can_be_undone(systems: Systems, tmp_path: Path) -> None:
    file = tmp_path / "product.xml"
    file.write_text(PRODUCT)
    text = systems.ok("mapping", "import", "crm", str(file), "--yes")
    assert "Undo it" in text
    with state_of(integration_named("crm")) as state:
        (edit,) = state.edits(limit=5)
    assert edit.reason == "import"


def test_the_mapping_of_the_product_comes_along(systems: Systems, tmp_path: Path) -> None:
    file = tmp_path / "product.xml"
    file.write_text(PRODUCT)
    result = systems.run("mapping", "import", "crm", str(file), "--yes")
    assert "DownloadFilter" in result.stderr
    assert "left out without a partner: 1 of 3 fields" in " ".join(result.stderr.split())
    (mapping,) = entities(systems)
    assert mapping.direction == "download_only"
    assert {line.external: line.local for line in mapping.fields} == {
        "number": "accountnumber",
        "name": "note",
    }


def test_what_does_not_fit_is_listed_and_nothing_is_written(
    systems: Systems, tmp_path: Path
) -> None:
    file = tmp_path / "product.xml"
    text = PRODUCT.replace(">note<", ">remark<").replace(">name<", ">title<")
    file.write_text(text)
    before = (systems.folder / "crm.yaml").read_text()
    shown = systems.exits(1, "mapping", "import", "crm", str(file), "--yes")
    assert "no field 'remark'" in shown
    assert "no field 'title'" in shown
    assert "Nothing was saved" in shown
    assert (systems.folder / "crm.yaml").read_text() == before
    found = systems.json("mapping", "import", "crm", str(file), "--yes", code=1)
    assert {problem["code"] for problem in found["problems"]} >= {
        "local_field_missing",
        "external_field_missing",
    }
    assert not found["saved"]


def test_one_entity_is_carried_alone(systems: Systems, tmp_path: Path) -> None:
    exported = systems.run("mapping", "export", "crm", "--entity", "Accounts").output
    assert exported.startswith("# Mapping")
    assert "no mapping of entity 'Nothing'" in systems.exits(
        2, "mapping", "export", "crm", "--entity", "Nothing"
    )
    file = tmp_path / "one.xml"
    systems.ok("mapping", "export", "crm", "--entity", "Accounts", "--output", str(file))
    assert "<EntityMapping " in file.read_text()
    assert "no mapping of entity 'Contacts'" in systems.exits(
        2, "mapping", "import", "crm", str(file), "--entity", "Contacts"
    )


def test_comments_of_other_entities_stay(systems: Systems, tmp_path: Path) -> None:
    path = systems.folder / "crm.yaml"
    path.write_text("# mine\n" + path.read_text() + "    # the end\n")
    file = tmp_path / "product.xml"
    file.write_text(PRODUCT)
    systems.ok("mapping", "import", "crm", str(file), "--yes")
    assert path.read_text().startswith("# mine\n")


def test_a_file_that_is_none_is_told(systems: Systems, tmp_path: Path) -> None:
    assert "cannot be read" in systems.exits(2, "mapping", "import", "crm", str(tmp_path / "no"))
    file = tmp_path / "evil.xml"
    file.write_text('<!DOCTYPE a [<!ENTITY b "c">]><EntityMapping/>')
    assert "DOCTYPE" in systems.exits(2, "mapping", "import", "crm", str(file))


CONTACTS = """\
  - external: Contacts
    local: contact
    fields:
      - {external: ID, local: id}
      - {external: account, local: account_id, lookup: {entity: Accounts, field: number}}
"""


@pytest.fixture
def with_contacts(systems: Systems) -> Systems:
    """Contacts that look up accounts by their number."""
    identity = Field(name="ID", kind=Kind.GUID, nullable=False)
    able = Capabilities(creates=True, updates=True, removes=True, client_keys=True)
    account = Field(name="account", kind=Kind.STRING)
    systems.external.define(Entity(name="Contacts", key=("ID",), fields=(identity, account)))
    key = identity.model_copy(update={"name": "id"})
    held = Field(name="account_id", kind=Kind.GUID)
    local = Entity(name="contact", key=("id",), fields=(key, held), capabilities=able)
    systems.local.define(local)
    path = systems.folder / "crm.yaml"
    path.write_text(path.read_text() + CONTACTS)
    return systems


def test_an_import_that_would_break_another_entity_is_not_saved(
    with_contacts: Systems, tmp_path: Path
) -> None:
    file = tmp_path / "product.xml"
    file.write_text(PRODUCT.replace(">number<", ">name<", 1).replace(">number<", ">parent_ID<"))
    file.write_text(file.read_text().replace(">accountnumber<", ">parentid<"))
    shown = with_contacts.exits(1, "mapping", "import", "crm", str(file), "--yes")
    assert "error Contacts Lookup 'account_id' goes by field 'number'" in shown
    assert "Nothing was saved" in shown


def test_what_was_broken_before_does_not_stop_an_import(
    with_contacts: Systems, tmp_path: Path
) -> None:
    path = with_contacts.folder / "crm.yaml"
    path.write_text(path.read_text().replace("local: account_id", "local: gone"))
    file = tmp_path / "product.xml"
    file.write_text(PRODUCT)
    assert "Saved" in with_contacts.ok("mapping", "import", "crm", str(file), "--yes")
