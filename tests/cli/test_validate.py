"""`tandem validate` on the command line."""

import pytest

from tandem.model.schema import Field, Kind

BROKEN = """\
name: crm
external: {connector: memory, connection: crm}
local: {connector: memory, connection: crm_local}
entities:
  - external: Accounts
    local: account
    primary_key: [number]
    fields:
      - {external: number, local: accountnumber}
      # a comment
      - {external: fax, local: note}
      - {external: parent_ID, local: parentid, lookup: {entity: Accounts, field: ID}}
  - external: Notes
    local: note
    fields:
      - {external: text, local: text}
"""


def write(systems, text):
    (systems.folder / "crm.yaml").write_text(text, encoding="utf-8")


def test_a_mapping_that_fits_says_so(systems):
    printed = systems.ok("validate", "crm")
    assert "Accounts → account" in printed
    assert "error" not in printed


def test_every_problem_is_shown_with_file_and_line_and_what_helps(systems):
    write(systems, BROKEN)
    printed = systems.exits(1, "validate", "crm")
    assert "Accounts → account: stopped" in printed
    assert "error crm.yaml:11 External entity 'Accounts' has no field 'fax'." in printed
    assert "error crm.yaml:13 The external system has no entity 'Notes'." in printed
    assert "tandem validate crm --clean-up" in printed
    assert "3 errors" in printed


def test_problems_are_data_for_programs(systems):
    write(systems, BROKEN)
    document = systems.json("validate", "crm", code=1)
    found = {p["code"]: p for p in document["problems"]}
    fax = found["external_field_missing"]
    assert (fax["severity"], fax["line"], fax["remedy"]) == ("error", 11, "clean up")
    assert fax["place"] == ["entities", 0, "fields", 1, "external"]
    assert set(document["stopped"]) == {"Accounts", "Notes"}


def test_only_the_entities_that_are_asked_for_are_shown(systems):
    write(systems, BROKEN)
    document = systems.json("validate", "crm", "--entity", "Notes", code=1)
    assert {problem["entity"] for problem in document["problems"]} == {"Notes"}


def test_match_keys_that_do_not_tell_records_apart_are_counted(systems):
    for number in ("1", "1", "2", None, ""):
        systems.there("Ada", number=number)
    systems.here("Ada", accountnumber="7")
    systems.here("Grace", accountnumber="7")
    document = systems.json("validate", "crm")
    found = [p for p in document["problems"] if p["code"].startswith("match_key")]
    assert [(p["code"], p["line"]) for p in found] == [
        ("match_key_ambiguous", 10),
        ("match_key_blank", 10),
        ("match_key_ambiguous", 10),
    ]
    assert "2 of 5 records" in found[0]["text"]
    assert "'1'" in found[0]["text"]
    assert "2 of 5 records" in found[1]["text"]
    assert "2 of 2 records of local entity 'account'" in found[2]["text"]


def test_warnings_alone_are_no_finding(systems):
    account = systems.local.entities["account"]
    required = Field(name="city", kind=Kind.STRING, nullable=False)
    systems.local.entities["account"] = account.model_copy(
        update={"fields": (*account.fields, required)}
    )
    printed = systems.ok("validate", "crm")
    assert "warning" in printed
    assert "'city'" in printed


def test_nothing_is_written(systems):
    systems.there("Ada", number="1")
    systems.ok("validate", "crm")
    assert systems.local.records["account"] == {}
    assert not list((systems.folder / "home").glob("staging/**/*.arrow"))


@pytest.mark.parametrize("options", [("--yes",), ("--clean-up", "--undo")])
def test_options_that_do_not_go_together_are_refused(systems, options):
    printed = systems.exits(2, "validate", "crm", *options)
    assert all(option in printed for option in options)


def test_check_finds_the_same_problems(systems):
    write(systems, BROKEN)
    printed = systems.exits(1, "check", "crm")
    assert "External entity 'Accounts' has no field 'fax'." in printed
    assert "The external system has no entity 'Notes'." in printed


def test_previews_and_runs_go_on_without_the_broken_entity(systems):
    systems.there("Ada", number="1")
    text = BROKEN.replace("      - {external: fax, local: note}\n", "")
    write(systems, text)
    previewed = systems.exits(1, "preview", "crm")
    assert "1 create" in previewed
    assert "Notes (stopped)" in previewed
    assert "'Notes'" in systems.exits(2, "sync", "crm")
    assert len(systems.local.records["account"]) == 1
    verified = systems.exits(1, "verify", "crm")
    assert "1 external, 1 local, 1 links" in verified
    assert "as far as they could be compared" in verified
