"""`tandem mapping`: mappings carried from one organisation to another."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Systems
from typer.testing import CliRunner

from tandem.cli.main import app
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
    <Owner>Resco</Owner>
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
def test_another_policy_is_told(systems: Systems, elsewhere: Path, form: str) -> None:
    file = elsewhere / "carried"
    systems.ok("mapping", "export", "crm", "--format", form, "--output", str(file))
    systems.configure(on_conflict="local_wins")
    result = systems.run("mapping", "import", "crm", str(file))
    assert "on_conflict was review; here it is local_wins" in " ".join(result.stderr.split())


@FORMS
def test_mappings_are_restored_from_an_export(systems: Systems, elsewhere: Path, form: str) -> None:
    before = entities(systems)
    file = elsewhere / "carried"
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
    assert "<Owner> (Resco) has no counterpart here" in " ".join(result.stderr.split())
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


def test_one_entity_is_carried_alone(systems: Systems, elsewhere: Path) -> None:
    exported = systems.run("mapping", "export", "crm", "--entity", "Accounts").output
    assert exported.startswith("# Mapping")
    assert "no mapping of entity 'Nothing'" in systems.exits(
        2, "mapping", "export", "crm", "--entity", "Nothing"
    )
    file = elsewhere / "one.xml"
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


FILTERED = PRODUCT.replace("<Owner>Resco</Owner>", "<DownloadFilter>&lt;f/&gt;</DownloadFilter>")


def test_a_filter_that_cannot_be_carried_over_stands_in_the_way(
    systems: Systems, tmp_path: Path
) -> None:
    file, before = tmp_path / "product.xml", entities(systems)
    file.write_text(FILTERED)
    shown = systems.exits(1, "mapping", "import", "crm", str(file), "--yes")
    assert "<DownloadFilter> (<f/>) has no counterpart here" in shown
    assert "<IsEnabled>false</IsEnabled>" in shown
    assert "Nothing was saved" in shown
    assert entities(systems) == before
    found = systems.json("mapping", "import", "crm", str(file), "--yes", code=1)
    assert [problem["code"] for problem in found["problems"]] == ["not_carried_over"]


def test_its_mapping_comes_along_disabled_as_its_advice_says(
    systems: Systems, tmp_path: Path
) -> None:
    systems.configure()
    path = systems.folder / "crm.yaml"
    path.write_text(path.read_text().replace("Accounts", "Other"))
    file = tmp_path / "product.xml"
    file.write_text(FILTERED.replace(">true<", ">false<", 1))
    assert "Saved" in systems.ok("mapping", "import", "crm", str(file), "--yes")
    assert [(one.external, one.enabled) for one in entities(systems)] == [
        ("Other", True),
        ("Accounts", False),
    ]


def test_a_lookup_goes_by_the_mappings_that_are_there_already(
    systems: Systems, tmp_path: Path
) -> None:
    target = "<Target>account.accountnumber</Target>"
    line = "<AttributeMapping><ExternalName>parent_ID</ExternalName><LocalName>parentid</LocalName>"
    text = PRODUCT.replace(">number<", ">name<").replace(">accountnumber<", ">name<")
    text = text.replace(
        "<AttributeMapping>", f"{line}{target}</AttributeMapping><AttributeMapping>", 1
    )
    file = tmp_path / "product.xml"
    file.write_text(text)
    shown = systems.exits(1, "mapping", "import", "crm", str(file))
    assert "lookup: {entity: Accounts, field: number}" in shown
    file.write_text(text.replace(target, "<Target>account.gone</Target>"))
    shown = systems.exits(1, "mapping", "import", "crm", str(file), "--yes")
    assert "Lookup 'parent_ID' names no target that is mapped; it says 'account.gone'" in shown
    assert "Nothing was saved" in shown


@FORMS
def test_one_entity_is_imported_whatever_is_wrong_with_others(
    systems: Systems, elsewhere: Path, form: str
) -> None:
    good = systems.run("mapping", "export", "crm", "--format", form).output
    bad = {
        "yaml": "  - {external: Bad, local: bad, fields: [{external: a, values: {Y: 1}}]}\n",
        "resco-xml": "<EntityMapping><ExternalName>Bad</ExternalName><LocalName>a</LocalName>"
        "<LocalName>b</LocalName><DownloadFilter>f</DownloadFilter></EntityMapping></ArrayOf",
    }[form]
    file = elsewhere / "carried"
    file.write_text(good + bad if form == "yaml" else good.replace("</ArrayOf", bad))
    assert "Bad" in systems.exits(2, "mapping", "import", "crm", str(file))
    shown = systems.ok("mapping", "import", "crm", str(file), "--entity", "Accounts")
    assert "nothing to change" in shown
    assert "Bad" not in shown
    shown = systems.exits(2, "mapping", "import", "crm", str(file), "--entity", "None")
    assert "There are: Accounts, Bad" in shown


def test_an_import_is_shown_and_saved_whatever_the_terminal_takes(
    systems: Systems, elsewhere: Path
) -> None:
    file = elsewhere / "product.xml"
    file.write_text(PRODUCT.replace("<Owner>Resco", "<Owner>Škoda"), encoding="utf-8")
    path = systems.folder / "crm.yaml"
    path.write_text(path.read_text() + "    # konec: ž\n", encoding="utf-8")
    for more in ([], ["--json"]):
        asked = ["mapping", "import", "crm", str(file), *more]
        result = CliRunner(charset="ascii").invoke(app, asked)
        assert result.exit_code == 1, result.exception
    assert "konec: ž" in json.loads(result.stdout_bytes)["before"]


def test_a_file_that_maps_an_entity_twice_is_blamed_itself(
    systems: Systems, elsewhere: Path
) -> None:
    line = "  - {external: A, local: b, fields: [{external: c, local: d}]}\n"
    file = elsewhere / "carried.yaml"
    file.write_text("entities:\n" + 2 * line)
    shown = systems.exits(2, "mapping", "import", "crm", str(file))
    assert "The mapping file maps external entity 'A' more than once" in shown
    assert "crm.yaml" not in shown


@FORMS
def test_options_that_yaml_readers_take_for_truth_values_come_back(
    systems: Systems, elsewhere: Path, form: str
) -> None:
    path = systems.folder / "crm.yaml"
    line = '{external: name, local: name, values: {"Y": "yes", "n": "off"}}'
    path.write_text(path.read_text().replace("{external: name, local: name}", line))
    file = elsewhere / "carried"
    systems.ok("mapping", "export", "crm", "--format", form, "--output", str(file))
    before = entities(systems)
    systems.configure()
    assert "Saved" in systems.ok("mapping", "import", "crm", str(file), "--yes")
    assert entities(systems) == before


def test_an_edit_to_be_made_by_hand_is_shown_whole(with_contacts: Systems, elsewhere: Path) -> None:
    path = with_contacts.folder / "crm.yaml"
    text = path.read_text().replace("primary_key: [number]", "primary_key: &keys [number]")
    path.write_text(
        text.replace("    local: contact\n", "    local: contact\n    primary_key: *keys\n")
    )
    file = elsewhere / "product.xml"
    file.write_text(PRODUCT.replace("<string>number</string>", "<string>name</string>"))
    result = with_contacts.run("mapping", "import", "crm", str(file))
    assert result.exit_code == 2
    assert "Do it by hand: replace entities[0] by:" in " ".join(result.stderr.split())
    assert "\n  primary_key: [name]\n" in result.stderr
    assert "{external: name, local: note}" in result.stderr
