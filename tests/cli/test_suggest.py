"""`tandem suggest`: shown, and taken into the file."""

import pytest
from tests.cli.conftest import Systems

from tandem.cli.session import integration_named, state_of
from tandem.integration_files import load_integration
from tandem.model.schema import Capabilities, Entity, Field, Kind, LookupTarget

TEXT = Kind.STRING


def field(name: str, kind: Kind = TEXT, **facets: object) -> Field:
    return Field(name=name, kind=kind, **facets)  # type: ignore[arg-type]


def entity(name: str, key: str, *fields: Field, **able: object) -> Entity:
    capabilities = Capabilities(
        creates=True,
        updates=True,
        client_keys=True,
        **able,  # type: ignore[arg-type]
    )
    identity = Field(name=key, kind=Kind.GUID, nullable=False)
    return Entity(name=name, key=(key,), fields=(identity, *fields), capabilities=capabilities)


ACCOUNTS = entity(
    "Accounts",
    "ID",
    field("number"),
    field("name"),
    field("parent_ID", Kind.GUID),
    field("phone"),
    field("postalCode"),
    field("logo"),
)
ACCOUNT = entity(
    "account",
    "id",
    field("accountnumber"),
    field("name"),
    field("parentid", Kind.GUID),
    field("telephone1"),
    field("zip"),
)
CONTACTS = entity(
    "Contacts", "ID", field("firstName"), field("account_ID", Kind.GUID), field("shoeSize")
)
CONTACT = entity("contact", "id", field("first_name"), field("account_id", Kind.GUID))


@pytest.fixture
def wide(systems: Systems) -> Systems:
    """Systems with more fields than the mapping has, and contacts that are not mapped."""
    systems.external.define(ACCOUNTS)
    systems.external.define(CONTACTS)
    systems.local.define(ACCOUNT)
    systems.local.define(CONTACT)
    return systems


def written(systems: Systems) -> str:
    return (systems.folder / "crm.yaml").read_text()


def test_what_is_not_mapped_yet_is_suggested_with_a_reason(wide: Systems) -> None:
    text = wide.ok("suggest", "crm", "Accounts")
    assert "Accounts → account" in text
    assert "synonym: phone" in text
    assert "Without a partner: logo" in text
    found = wide.json("suggest", "crm", "Accounts")
    pairs = {one["external"]: one["local"] for one in found["fields"] if one["marked"]}
    assert pairs == {"phone": "telephone1", "postalCode": "zip", "ID": "id"}
    assert found["mapped"]
    assert not found["saved"]


def test_accepted_lines_are_added_and_everything_else_stays(wide: Systems) -> None:
    file = wide.folder / "crm.yaml"
    file.write_text(written(wide).replace("    fields:\n", "    fields:  # ours\n"))
    before = written(wide)
    text = wide.ok("suggest", "crm", "Accounts", "--accept")
    assert "+ - {external: phone, local: telephone1}" in text
    assert written(wide).startswith(before)
    (mapping,) = load_integration(file).entities
    assert [line.external for line in mapping.fields][3:] == ["ID", "phone", "postalCode"]
    assert wide.json("suggest", "crm", "Accounts")["fields"] == []


def test_an_entity_that_is_not_mapped_gets_a_mapping(wide: Systems) -> None:
    text = wide.ok("suggest", "crm", "Contacts")
    assert "Contacts is not mapped. Local entity: contact" in text
    wide.ok("suggest", "crm", "Contacts", "--accept")
    _, contacts = load_integration(wide.folder / "crm.yaml").entities
    assert (contacts.external, contacts.local) == ("Contacts", "contact")
    assert contacts.direction == "download_only"
    assert contacts.primary_key == ("ID",)
    lines = {line.external: line for line in contacts.fields}
    assert lines["firstName"].local == "first_name"
    assert lines["account_ID"].lookup is not None
    assert (lines["account_ID"].lookup.entity, lines["account_ID"].lookup.field) == (
        "Accounts",
        "ID",
    )


def test_an_entity_that_is_like_none_is_left_to_a_person(wide: Systems) -> None:
    wide.external.define(entity("Invoices", "ID", field("total")))
    text = wide.ok("suggest", "crm", "Invoices", "--accept")
    assert "no local entity is much like it" in text
    assert "--local" in text
    found = wide.json("suggest", "crm", "Invoices", "--new")
    assert found["local"] == "invoices"
    assert [line["local"] for line in found["new_columns"]] == ["id", "total"]


def test_the_local_entity_can_be_named(wide: Systems) -> None:
    found = wide.json("suggest", "crm", "Contacts", "--local", "account")
    assert found["local"] == "account"
    assert "no entity 'nothing'" in wide.exits(
        2, "suggest", "crm", "Contacts", "--local", "nothing"
    )


def test_new_columns_are_proposed_on_request_and_saved_only_if_they_can_be(wide: Systems) -> None:
    found = wide.json("suggest", "crm", "Accounts", "--new")
    assert found["new_columns"] == [{"external": "logo", "local": "logo"}]
    before = written(wide)
    text = wide.exits(1, "suggest", "crm", "Accounts", "--new", "--accept")
    assert "Nothing was saved" in text
    assert "has no field 'logo'" in text
    assert written(wide) == before


def test_the_score_from_which_lines_are_taken_is_chosen(wide: Systems) -> None:
    found = wide.json("suggest", "crm", "Accounts", "--min-score", "1")
    assert [one["external"] for one in found["fields"] if one["marked"]] == ["ID"]


def test_the_line_to_run_next_asks_the_same(wide: Systems) -> None:
    wide.external.define(ACCOUNTS.model_copy(update={"name": "Old contacts"}))
    text = wide.ok(
        "suggest", "crm", "Old contacts", "--local", "contact", "--new", "--min-score", "0.5"
    )
    said = text.replace("\n", " ")
    assert (
        "tandem suggest crm 'Old contacts' --local contact --new --min-score 0.5 --accept" in said
    )
    plain = wide.ok("suggest", "crm", "Accounts")
    assert "tandem suggest crm Accounts --accept" in plain


def test_no_column_is_proposed_for_a_lookup_of_several_entities(wide: Systems) -> None:
    targets = (LookupTarget(entity="Accounts"), LookupTarget(entity="Leads"))
    wide.external.define(entity("Notes", "ID", field("about_ID", Kind.GUID, lookup=targets)))
    wide.local.define(entity("note", "id"))
    found = wide.json("suggest", "crm", "Notes", "--new")
    assert found["new_columns"] == []
    text = wide.ok("suggest", "crm", "Notes", "--new").replace("\n", " ")
    assert "No column for about_ID: it refers to any of Accounts, Leads" in text


def test_an_edit_can_be_undone(wide: Systems) -> None:
    before = written(wide)
    wide.ok("suggest", "crm", "Accounts", "--accept")
    with state_of(integration_named("crm")) as state:
        (edit,) = state.edits(limit=5)
    assert edit.reason == "suggestions for Accounts"
    assert (edit.before, edit.after) == (before, written(wide))


def test_an_entity_that_is_not_there_is_told(wide: Systems) -> None:
    assert "no entity 'Contakts'" in wide.exits(2, "suggest", "crm", "Contakts")
