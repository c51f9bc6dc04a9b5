"""`tandem schema`: what people see of both systems, and what is done for them."""

from typing import Any

import pytest

from tandem.connectors.memory import MemoryConnector
from tandem.errors import Unreachable
from tandem.model.schema import Capabilities, Entity, Field, Kind, LookupTarget, Schema


def text(name: str, **facets: Any) -> Field:
    return Field.model_validate({"name": name, "kind": Kind.STRING, **facets})


def edit(systems: Any, *added: Field, without: str = "", side: str = "external") -> None:
    """A system gets fields, and loses one."""
    store, name = (
        (systems.external, "Accounts") if side == "external" else (systems.local, "account")
    )
    known = store.entities[name]
    kept = tuple(field for field in known.fields if field.name != without)
    store.define(known.model_copy(update={"fields": (*kept, *added)}))


def _down(_connector: MemoryConnector) -> Schema:
    raise Unreachable("It is down.")


def versions(systems: Any) -> dict[str, list[int]]:
    found = systems.json("schema", "crm", "--versions")
    return {side: [entry["version"] for entry in entries] for side, entries in found.items()}


def test_the_first_look_reads_the_systems_and_says_so(systems) -> None:
    result = systems.run("schema", "crm")
    assert result.exit_code == 0, result.output
    assert "There is no snapshot yet: both systems are read now." in result.stderr
    assert "external version 1" in " ".join(result.stdout.split())
    assert "3 of 4" in result.stdout
    assert "3 of 5" in result.stdout
    assert systems.run("schema", "crm").stderr == ""
    assert versions(systems) == {"external": [1], "local": [1]}


def test_a_look_shows_what_was_seen_last_not_what_is(systems) -> None:
    systems.ok("schema", "crm")
    edit(systems, without="name")
    assert "Not there │ name" not in systems.ok("schema", "crm")
    systems.ok("schema", "crm", "--refresh")
    found = systems.json("schema", "crm")
    assert found["mapped"][0]["external"]["missing"] == ["name"]
    assert "tandem validate crm" in systems.ok("schema", "crm")


def test_an_entity_that_is_gone_is_named(systems) -> None:
    del systems.local.entities["account"]
    printed = systems.ok("schema", "crm")
    assert "account itself" in printed
    assert "tandem schema crm --provision" in printed


def test_refresh_shows_what_changed_and_keeps_it(systems) -> None:
    assert "External: version 1 is the first" in systems.ok("schema", "crm", "--refresh")
    assert "External: nothing changed since version 1" in systems.ok("schema", "crm", "--refresh")
    edit(systems, text("fax"), without="name")
    printed = systems.ok("schema", "crm", "--refresh")
    assert "External: version 2 is new" in printed
    assert "┃ Change ┃ Entity, field ┃ Before ┃ Now ┃ Harmless ┃" in printed
    assert "│ added │ Accounts.fax │ │ string │ yes │" in printed
    assert "│ removed │ Accounts.name │ string │ │ no │" in printed
    assert "Local: nothing changed since version 1" in printed
    assert versions(systems) == {"external": [2, 1], "local": [1]}


def test_a_likely_rename_is_shown_as_a_guess(systems) -> None:
    systems.ok("schema", "crm", "--refresh")
    edit(systems, text("accountNumber"), without="number")
    printed = systems.ok("schema", "crm", "--refresh")
    assert "│ renamed? │ Accounts.number │ number │ accountNumber │" in printed


def test_refresh_for_programs(systems) -> None:
    systems.ok("schema", "crm")
    edit(systems, text("faxNumber"))
    external, local = systems.json("schema", "crm", "--refresh")
    assert external["about"]["version"] == 2
    assert external["is_new"]
    assert external["changes"] == [
        {
            "kind": "added",
            "entity": "Accounts",
            "field": "faxNumber",
            "before": "",
            "after": "string",
            "is_harmless": True,
        }
    ]
    assert not local["is_new"]


def test_an_entity_is_shown_with_all_that_is_known_of_it(systems) -> None:
    systems.external.define(
        Entity(
            name="Orders",
            key=("ID",),
            label="Sales orders",
            fields=(
                Field(name="ID", kind=Kind.GUID, nullable=False),
                text("code", max_length=20, nullable=False, immutable=True, label="Code"),
                text("account", lookup=(LookupTarget(entity="Accounts", navigation="toAccount"),)),
                text("status", options=("open", "closed"), filterable=False),
                Field(name="total", kind=Kind.DECIMAL, precision=18, scale=2, read_only=True),
            ),
            capabilities=Capabilities(creates=True, delta=True, version_fields=("version",)),
        )
    )
    printed = systems.ok("schema", "crm", "--entity", "Orders")
    for line in (
        "Orders (Sales orders)",
        "records can be created",
        "changes are seen by delta links or by version",
        "deletions are seen by comparing keys",
        "│ ID │ guid │ key, required │ │ │",
        "│ code │ string(20) │ required, set once │ │ Code │",
        "│ account │ string │ │ Accounts by toAccount │ │",
        "│ status │ string │ not filterable │ open, closed │ │",
        "│ total │ decimal(18,2) │ read-only │ │ │",
    ):
        assert line in printed
    found = systems.json("schema", "crm", "--entity", "Orders")
    assert found["about"]["version"] == 1
    assert found["entity"]["fields"][3]["options"] == ["open", "closed"]


def test_an_entity_of_the_local_side_is_shown_where_it_is_asked_for(systems) -> None:
    printed = systems.ok("schema", "crm", "-e", "account", "--side", "local")
    assert "local, version 1" in printed
    assert "│ name │ string(20) │" in printed


def test_an_unknown_entity_is_a_mistake(systems) -> None:
    printed = systems.exits(2, "schema", "crm", "--entity", "Acounts", "--side", "external")
    assert "on the external side. External: Did you mean Accounts?" in printed


def test_an_entity_is_looked_for_on_both_sides(systems) -> None:
    assert "local, version 1" in systems.ok("schema", "crm", "-e", "account")
    assert "external, version 1" in systems.ok("schema", "crm", "-e", "Accounts")
    printed = systems.exits(2, "schema", "crm", "-e", "Acount")
    assert "No entity 'Acount' has been seen on the external or local side." in printed
    assert "External: Did you mean Accounts? Local: Did you mean account?" in printed
    assert "on the external side" in systems.exits(
        2, "schema", "crm", "-e", "account", "--side", "external"
    )


def test_versions_are_listed_newest_first(systems) -> None:
    assert "no snapshot yet" in systems.ok("schema", "crm", "--versions")
    systems.ok("schema", "crm", "--refresh")
    edit(systems, text("fax"))
    systems.ok("schema", "crm", "--refresh")
    assert versions(systems) == {"external": [2, 1], "local": [1]}
    printed = systems.ok("schema", "crm", "--versions", "--side", "external")
    assert printed.index("│ external │ 2 │") < printed.index("│ external │ 1 │")
    assert "│ local" not in printed


def test_a_difference_needs_two_versions(systems) -> None:
    assert "no snapshot yet" in systems.ok("schema", "crm", "--diff")
    systems.ok("schema", "crm", "--refresh")
    assert "is the only one" in systems.ok("schema", "crm", "--diff")


def test_a_difference_is_that_of_the_newest_two_unless_asked_otherwise(systems) -> None:
    systems.ok("schema", "crm", "--refresh")
    for field in ("fax", "web"):
        edit(systems, text(field))
        systems.ok("schema", "crm", "--refresh")
    printed = systems.ok("schema", "crm", "--diff")
    assert "External: version 2 → 3" in printed
    assert "Accounts.web" in printed
    assert "Accounts.fax" not in printed
    since = systems.ok("schema", "crm", "--diff", "--since", "1")
    assert "Accounts.web" in since
    assert "Accounts.fax" in since
    assert "Local" not in since
    (found,) = systems.json("schema", "crm", "--diff", "--since", "1")
    assert (found["before"]["version"], found["after"]["version"]) == (1, 3)


def test_a_version_that_is_not_there_is_a_mistake(systems) -> None:
    assert "no snapshot of the external schema yet" in systems.exits(
        2, "schema", "crm", "--diff", "--since", "7"
    )
    systems.ok("schema", "crm", "--refresh")
    printed = systems.exits(2, "schema", "crm", "--diff", "--since", "7")
    assert "There is no version 7 of the external schema. The newest one is 1" in printed


def test_snapshots_are_shown_while_the_systems_are_down(
    systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems.ok("schema", "crm", "--refresh")
    monkeypatch.setattr(MemoryConnector, "schema", _down)
    assert "external version 1 of" in systems.ok("schema", "crm")
    assert "parent_ID" in systems.ok("schema", "crm", "--entity", "Accounts")
    assert "there is nothing to compare" in systems.ok("schema", "crm", "--diff")


def test_a_system_that_is_down_cannot_be_read(systems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryConnector, "schema", _down)
    assert "It is down." in systems.exits(3, "schema", "crm", "--refresh")
    assert "It is down." in systems.exits(3, "schema", "crm")
    assert versions(systems) == {"external": [], "local": []}


def test_what_the_local_side_lacks_is_shown_and_nothing_is_done(systems) -> None:
    edit(systems, without="accountnumber", side="local")
    printed = systems.exits(1, "schema", "crm", "--provision")
    assert "account.accountnumber" in printed
    assert "tandem schema crm --provision --yes" in printed
    assert "accountnumber" not in systems.local.entities["account"].by_name
    found = systems.json("schema", "crm", "--provision", code=1)
    assert len(found["missing"]) == 1
    assert found["done"] == []


def test_what_the_local_side_lacks_is_created_for_those_who_say_yes(systems) -> None:
    edit(systems, without="accountnumber", side="local")
    systems.ok("schema", "crm", "--refresh")
    assert "account.accountnumber" in systems.ok("schema", "crm", "--provision", "--yes")
    assert "accountnumber" in systems.local.entities["account"].by_name
    assert versions(systems)["local"] == [2, 1]
    assert "Nothing is missing" in systems.ok("schema", "crm", "--provision")
    assert systems.json("schema", "crm", "--provision", "--yes") == {
        "done": [],
        "missing": [],
        "not_looked_at": [],
    }


def test_a_mapping_that_does_not_fit_is_not_said_to_lack_nothing(systems) -> None:
    edit(systems, without="accountnumber", side="local")
    edit(systems, without="name")
    printed = systems.exits(1, "schema", "crm", "--provision")
    assert "Accounts: not looked at. Entity 'Accounts' has no field 'name'." in printed
    assert "Nothing is missing" not in printed
    assert "tandem validate crm" in printed
    (told,) = systems.json("schema", "crm", "--provision", "--yes", code=1)["not_looked_at"]
    assert told.startswith("Accounts: not looked at.")
    del systems.external.entities["Accounts"]
    assert "has no entity 'Accounts'" in systems.exits(1, "schema", "crm", "--provision")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--refresh", "--diff"], "Choose one of"),
        (["--since", "1"], "--since belongs to --diff"),
        (["--yes"], "--yes belongs to --provision"),
        (["--side", "local"], "--side belongs to --entity, --versions or --diff"),
        (["--side", "local", "--refresh"], "--side belongs to"),
        (["--side", "local", "--provision"], "--side belongs to"),
    ],
)
def test_options_that_do_not_go_together_are_refused(systems, options: list[str], why: str) -> None:
    assert why in systems.exits(2, "schema", "crm", *options)
