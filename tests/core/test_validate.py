"""Every problem of a mapping: its code, how grave it is, where in the file, and what helps."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tandem.core.validation.validate import stopped_entities, validate
from tandem.model.integration import Integration
from tandem.model.problems import Problem, Remedy, Severity
from tandem.model.schema import Capabilities, Entity, Field, Kind, LookupTarget, Schema

ABLE = Capabilities(creates=True, updates=True, removes=True, client_keys=True)
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def entity(name: str, key: str, *fields: Field, **can: Any) -> Entity:
    return Entity(
        name=name,
        key=(key,),
        fields=(Field(name=key, kind=Kind.GUID, nullable=False), *fields),
        capabilities=ABLE.model_copy(update=can),
    )


def text(name: str, **facets: Any) -> Field:
    return Field(name=name, kind=Kind.STRING, **facets)


def guid(name: str, **facets: Any) -> Field:
    return Field(name=name, kind=Kind.GUID, **facets)


def of(kind: Kind, name: str, **facets: Any) -> Field:
    return Field(name=name, kind=kind, **facets)


ACCOUNTS = entity(
    "Accounts",
    "ID",
    text("number"),
    text("name", max_length=20),
    text("primarycontact"),
    guid("_primarycontactid_value", lookup=(LookupTarget(entity="Contacts"),)),
    guid("parent_ID"),
    text("status", options=("active", "inactive")),
    of(Kind.DECIMAL, "revenue", precision=18, scale=2),
    of(Kind.INT64, "version"),
    of(Kind.INSTANT, "modifiedAt"),
)
CONTACTS = entity("Contacts", "ID", text("email"), text("name"), guid("account_ID"))
ACCOUNT = entity(
    "account",
    "id",
    text("number"),
    text("name", max_length=20),
    guid("contactid"),
    guid("parentid"),
    of(Kind.INT64, "statuscode"),
    of(Kind.DECIMAL, "revenue", precision=18, scale=2),
    of(Kind.INSTANT, "touched"),
    text("computed", read_only=True),
    text("note"),
)
CONTACT = entity("contact", "id", text("email"), text("fullname"), guid("accountid"))


class Case:
    """An integration without problems and its schemas, to be broken."""

    def __init__(self) -> None:
        self.external = {e.name: e for e in (ACCOUNTS, CONTACTS)}
        self.local = {e.name: e for e in (ACCOUNT, CONTACT)}
        self.before: dict[Any, Schema] = {}
        self.can_provision = False
        self.file: dict[str, Any] = copy.deepcopy(
            {
                "name": "crm",
                "external": {"connector": "memory", "connection": "a"},
                "local": {"connector": "memory", "connection": "b"},
                "entities": [
                    {"external": "Dead", "local": "dead", "enabled": False, "fields": [_NAME]},
                    {
                        "external": "Accounts",
                        "local": "account",
                        "direction": "bidirectional",
                        "primary_key": ["number"],
                        "fields": [
                            {"external": "gone", "local": "gone", "enabled": False},
                            {"external": "number", "local": "number"},
                            {"external": "name", "local": "name"},
                            _lookup("parent_ID", "parentid", "Accounts"),
                        ],
                    },
                    {
                        "external": "Contacts",
                        "local": "contact",
                        "primary_key": ["email"],
                        "fields": [
                            {"external": "email", "local": "email"},
                            {"external": "name", "local": "fullname"},
                            _lookup("account_ID", "accountid", "Accounts"),
                        ],
                    },
                ],
            }
        )

    @property
    def accounts(self) -> dict[str, Any]:
        return self.file["entities"][1]

    @property
    def contacts(self) -> dict[str, Any]:
        return self.file["entities"][2]

    def add(self, **line: Any) -> None:
        """One more line of Accounts."""
        self.accounts["fields"].append(line)

    def without(self, side: str, name: str, *fields: str) -> None:
        """Remove fields of an entity, or the entity."""
        entities = getattr(self, side)
        if not fields:
            del entities[name]
            return
        kept = tuple(f for f in entities[name].fields if f.name not in fields)
        entities[name] = entities[name].model_copy(update={"fields": kept})

    def put(self, side: str, name: str, *fields: Field, **can: Any) -> None:
        """Add or replace fields of an entity, and what can be done with it."""
        entities = getattr(self, side)
        known = {f.name: f for f in entities[name].fields} | {f.name: f for f in fields}
        able = entities[name].capabilities.model_copy(update=can)
        changed = {"fields": tuple(known.values()), "capabilities": able}
        entities[name] = entities[name].model_copy(update=changed)

    @property
    def integration(self) -> Integration:
        return Integration.model_validate(self.file)

    @property
    def problems(self) -> tuple[Problem, ...]:
        external = Schema(entities=tuple(self.external.values()))
        local = Schema(entities=tuple(self.local.values()))
        return validate(
            self.integration,
            external,
            local,
            before=self.before,
            can_provision=self.can_provision,
        )

    def problem(self, code: str) -> Problem:
        """The one problem of that code."""
        (found,) = [problem for problem in self.problems if problem.code == code]
        return found

    def value_at(self, place: tuple[str | int, ...]) -> Any:
        """What the file has at that place; of what is not there, what encloses it."""
        value: Any = self.file
        for part in place:
            value = value[part]
        return value


_NAME = {"external": "name", "local": "name"}


def _lookup(external: str, local: str, target: str, **more: Any) -> dict[str, Any]:
    lookup = {"entity": target, "field": "ID", **more}
    return {"external": external, "local": local, "lookup": lookup}


@pytest.fixture
def case() -> Case:
    return Case()


def test_a_mapping_that_fits_has_no_problem(case: Case) -> None:
    assert case.problems == ()


def filtered(**comparison: Any) -> Callable[[Case], None]:
    return lambda case: case.accounts.update(
        download_filter={"and": [{"field": "name", "operator": "not_null"}, comparison]}
    )


A = ("entities", 1)
LINE = (*A, "fields", 4)
C = ("entities", 2)
FILTER = (*A, "download_filter", "and", 1)

CASES: list[tuple[Callable[[Case], Any], str, Severity, tuple[str | int, ...], Remedy]] = [
    (
        lambda c: c.without("external", "Contacts"),
        "external_entity_missing", ERROR, (*C, "external"), Remedy.CLEAN_UP,
    ),
    (
        lambda c: c.without("external", "Accounts", "name"),
        "external_field_missing", ERROR, (*A, "fields", 2, "external"), Remedy.CLEAN_UP,
    ),
    (
        lambda c: c.without("local", "contact"),
        "local_entity_missing", ERROR, (*C, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.without("local", "account", "name"),
        "local_field_missing", ERROR, (*A, "fields", 2, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: (setattr(c, "can_provision", True), c.without("local", "account", "name")),
        "local_field_missing", ERROR, (*A, "fields", 2, "local"), Remedy.PROVISION,
    ),
    (
        lambda c: c.accounts.update(primary_key=["number", "nr"]),
        "primary_key_missing", ERROR, (*A, "primary_key", 1), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.accounts.update(primary_key=["status"]),
        "primary_key_unmapped", ERROR, (*A, "primary_key", 0), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.accounts["fields"][1].update(
            direction="download_only", transform=[{"truncate": 3}]
        ),
        "primary_key_not_kept", ERROR, (*A, "primary_key", 0), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: (
            c.accounts["fields"][2].update(
                direction="download_only", transform=[{"concat": {"fields": ["status"]}}]
            ),
            c.contacts["fields"][2]["lookup"].update(field="name"),
        ),
        "lookup_field_not_kept", ERROR, (*C, "fields", 2, "lookup", "field"),
        Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.add(
            external="status", local="name", direction="upload_only",
            transform=[{"concat": {"fields": ["number", "note"]}}],
        ),
        "joins_what_none_fills", NOTE, (*LINE, "transform"), Remedy.NONE,
    ),
    (
        lambda c: c.accounts.update(version_number="rowversion"),
        "version_number_missing", ERROR, (*A, "version_number"), Remedy.CLEAN_UP,
    ),
    (
        lambda c: c.accounts.update(local_version_number="rowversion"),
        "local_version_number_missing", ERROR, (*A, "local_version_number"), Remedy.CLEAN_UP,
    ),
    (
        lambda c: c.add(external="primarycontact", local="contactid"),
        "text_for_guid", ERROR, (*LINE, "external"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.add(external="_primarycontactid_value", local="note", direction="upload_only"),
        "text_for_guid", ERROR, (*LINE, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.add(external="_primarycontactid_value", local="note"),
        "guid_as_text", NOTE, (*LINE, "local"), Remedy.NONE,
    ),
    (
        lambda c: c.add(external="modifiedAt", local="revenue", direction="download_only"),
        "kinds_clash", ERROR, (*LINE, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.add(external="revenue", local="touched", direction="upload_only"),
        "kinds_clash", ERROR, (*LINE, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.put("external", "Accounts", text("name", max_length=21)),
        "may_not_fit", WARNING, (*A, "fields", 2, "local"), Remedy.NONE,
    ),
    (
        lambda c: c.put("local", "contact", text("fullname", max_length=100)),
        "may_not_fit", NOTE, (*C, "fields", 1, "local"), Remedy.NONE,
    ),
    (
        lambda c: (
            c.put("local", "account", of(Kind.DECIMAL, "revenue", precision=10, scale=2)),
            c.add(external="revenue", local="revenue"),
        ),
        "may_not_fit", WARNING, (*LINE, "local"), Remedy.NONE,
    ),
    (
        lambda c: c.put("local", "contact", text("fullname", nullable=False)),
        "may_be_empty", WARNING, (*C, "fields", 1, "external"), Remedy.EDIT,
    ),
    (
        lambda c: c.add(external="modifiedAt", local="note", transform=["trim"]),
        "transform", ERROR, (*LINE, "transform"), Remedy.EDIT,
    ),
    (
        lambda c: c.add(external="status", local="computed", direction="download_only"),
        "local_read_only", ERROR, (*LINE, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: (
            c.put("external", "Accounts", text("status", read_only=True)),
            c.add(external="status", local="note", direction="upload_only"),
        ),
        "external_read_only", WARNING, (*LINE, "external"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.put("external", "Accounts", text("name", max_length=20, immutable=True)),
        "external_immutable", WARNING, (*A, "fields", 2, "external"), Remedy.NONE,
    ),
    (
        lambda c: c.put("external", "Accounts", creates=False, updates=False),
        "external_cannot_be_written", ERROR, (*A, "external"), Remedy.EDIT,
    ),
    (
        lambda c: c.put("local", "contact", creates=False, updates=False),
        "local_cannot_be_written", ERROR, (*C, "local"), Remedy.EDIT,
    ),
    (
        lambda c: c.put("external", "Accounts", creates=False),
        "external_cannot_create", WARNING, (*A, "external"), Remedy.NONE,
    ),
    (
        lambda c: c.put("external", "Accounts", updates=False),
        "external_cannot_update", WARNING, (*A, "external"), Remedy.NONE,
    ),
    (
        lambda c: c.put("external", "Accounts", removes=False),
        "external_cannot_remove", WARNING, (*A, "deletes"), Remedy.EDIT,
    ),
    (
        lambda c: c.put("external", "Accounts", text("city", nullable=False)),
        "required_field_unmapped", WARNING, (*A, "fields"), Remedy.EDIT,
    ),
    (
        lambda c: c.put("local", "contact", text("city", nullable=False)),
        "required_field_unmapped", WARNING, (*C, "fields"), Remedy.EDIT,
    ),
    (
        lambda c: [line.update(direction="download_only") for line in c.accounts["fields"]],
        "nothing_uploaded", ERROR, (*A, "direction"), Remedy.EDIT,
    ),
    (
        lambda c: c.external.update(Contacts=CONTACTS.model_copy(update={"key": ()})),
        "external_key_missing", ERROR, (*C, "external"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.local.update(contact=CONTACT.model_copy(update={"key": ()})),
        "local_key_missing", ERROR, (*C, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.put("local", "contact", of(Kind.INT64, "id", nullable=False)),
        "local_key_not_filled", ERROR, (*C, "fields"), Remedy.EDIT,
    ),
    (
        lambda c: (
            c.put("local", "contact", of(Kind.INT64, "id", nullable=False)),
            c.put("external", "Contacts", of(Kind.INT64, "no")),
            c.contacts["fields"].append(
                {"external": "no", "local": "id", "direction": "upload_only", "default": 7}
            ),
        ),
        "local_key_not_filled", ERROR, (*C, "fields"), Remedy.EDIT,
    ),
    (
        lambda c: c.put("local", "contact", client_keys=False),
        "local_key_made_there", ERROR, (*C, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.accounts.update(on_conflict="newest_wins", version_number="modifiedAt"),
        "newest_wins_without_ages", ERROR, (*A, "on_conflict"), Remedy.EDIT,
    ),
    (
        lambda c: c.file.update(on_conflict="newest_wins"),
        "newest_wins_without_ages", ERROR, ("on_conflict",), Remedy.EDIT,
    ),
    (
        lambda c: c.accounts["fields"][2].update(on_conflict="newest_wins"),
        "newest_wins_without_ages", ERROR, (*A, "fields", 2, "on_conflict"), Remedy.EDIT,
    ),
    (
        lambda c: c.contacts.update(local="account", fields=[{"external": "name", "local": "name"}],
                                    primary_key=[]),
        "local_entity_shared", WARNING, (*A, "local"), Remedy.EDIT,
    ),
    (
        lambda c: (
            c.accounts.update(primary_key=[]),
            c.put("external", "Accounts", client_keys=False),
        ),
        "no_way_back", NOTE, (*A, "external"), Remedy.EDIT,
    ),
    (
        lambda c: c.contacts["fields"][2]["lookup"].update(entity="Acounts"),
        "lookup_target_unmapped", ERROR, (*C, "fields", 2, "lookup", "entity"),
        Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.contacts["fields"][2]["lookup"].update(entity="Dead"),
        "lookup_target_disabled", ERROR, (*C, "fields", 2, "lookup", "entity"), Remedy.EDIT,
    ),
    (
        lambda c: c.put("external", "Contacts",
                        guid("account_ID", lookup=(LookupTarget(entity="Leads"),))),
        "lookup_other_target", WARNING, (*C, "fields", 2, "lookup", "entity"),
        Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.contacts["fields"][2]["lookup"].update(field="code"),
        "lookup_field_missing", ERROR, (*C, "fields", 2, "lookup", "field"),
        Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.contacts["fields"][2]["lookup"].update(field="status"),
        "lookup_field_unmapped", ERROR, (*C, "fields", 2, "lookup", "field"),
        Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.contacts["fields"][2]["lookup"].update(field="parent_ID"),
        "lookup_by_lookup", ERROR, (*C, "fields", 2, "lookup", "field"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.put("local", "contact", of(Kind.INT64, "accountid")),
        "lookup_cannot_hold_key", ERROR, (*C, "fields", 2, "local"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.contacts["fields"][2].update(external="name"),
        "lookup_text_for_guid", ERROR, (*C, "fields", 2, "external"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.put("local", "account", guid("parentid", nullable=False)),
        "required_lookup_cycle", WARNING, (*A, "fields", 3, "lookup"), Remedy.EDIT,
    ),
    (
        filtered(field="town", operator="eq", value="Brno"),
        "filter_field_unknown", ERROR, (*FILTER, "field"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        filtered(field="revenue", operator="contains", value="1"),
        "filter_operator", ERROR, (*FILTER, "operator"), Remedy.EDIT,
    ),
    (
        filtered(field="modifiedAt", operator="ge", value="yesterday"),
        "filter_value", ERROR, (*FILTER, "value"), Remedy.EDIT,
    ),
    (
        lambda c: (
            c.put("external", "Accounts", text("status", filterable=False)),
            filtered(field="status", operator="eq", value="active")(c),
        ),
        "filter_evaluated_here", NOTE, (*FILTER, "field"), Remedy.NONE,
    ),
    (
        lambda c: c.add(external="status", local="statuscode", values={"active": 0}),
        "option_without_partner", WARNING, (*LINE, "values"), Remedy.EDIT,
    ),
    (
        lambda c: c.add(external="status", local="statuscode",
                        values={"active": 0, "inactive": 1, "asleep": 2}),
        "no_such_option", WARNING, (*LINE, "values"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: c.add(external="status", local="statuscode",
                        values={"active": "x", "inactive": 1}),
        "values_do_not_fit", WARNING, (*LINE, "values"), Remedy.CHOOSE_ANOTHER,
    ),
    (
        lambda c: (
            c.put("local", "account", text("note", options=("active", "closed"))),
            c.add(external="status", local="note", direction="download_only"),
        ),
        "option_unknown_to_other_side", WARNING, LINE, Remedy.EDIT,
    ),
    (
        lambda c: c.add(local="statuscode", constant="seven"),
        "constant_does_not_fit", ERROR, (*LINE, "constant"), Remedy.EDIT,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("breakage", "code", "severity", "place", "remedy"),
    CASES,
    ids=[f"{at}-{case[1]}" for at, case in enumerate(CASES)],
)
def test_each_problem_says_what_where_and_what_helps(
    case: Case,
    breakage: Callable[[Case], Any],
    code: str,
    severity: Severity,
    place: tuple[str | int, ...],
    remedy: Remedy,
) -> None:
    breakage(case)
    found = [problem for problem in case.problems if problem.code == code]
    assert [(p.severity, p.place, p.remedy) for p in found[:1]] == [(severity, place, remedy)]
    assert found[0].text.endswith(".")
    assert not found[0].advice or found[0].advice.endswith((".", "}.", "?"))
    others = {p.code for p in case.problems if p.severity is ERROR} - {code}
    assert not others, case.problems


def test_all_problems_are_found_at_once(case: Case) -> None:
    case.without("external", "Accounts", "name")
    case.without("local", "account", "number")
    case.without("external", "Contacts")
    case.add(external="primarycontact", local="contactid")
    case.accounts["version_number"] = "rowversion"
    codes = [problem.code for problem in case.problems]
    assert sorted(codes) == [
        "external_entity_missing",
        "external_field_missing",
        "local_field_missing",
        "text_for_guid",
        "version_number_missing",
    ]


def test_what_is_disabled_is_not_looked_at(case: Case) -> None:
    case.without("external", "Accounts", "name")
    case.accounts["fields"][2]["enabled"] = False
    assert case.problems == ()


def test_what_systems_add_stops_nothing(case: Case) -> None:
    case.external["Leads"] = entity("Leads", "ID", text("name", nullable=False))
    for side, name in (("external", "Accounts"), ("local", "account")):
        case.put(side, name, text("brand_new"), text("needed", nullable=False))
        case.put(side, name, text("chosen", options=("a", "b")), guid("reference"))
    assert {problem.severity for problem in case.problems} <= {WARNING, NOTE}


def test_what_looks_renamed_is_proposed_first(case: Case) -> None:
    case.before["external"] = Schema(entities=tuple(case.external.values()))
    case.without("external", "Accounts", "name")
    case.put("external", "Accounts", text("accountName", max_length=20))
    problem = case.problem("external_field_missing")
    assert problem.choices[0] == "accountName"
    assert "Is it called 'accountName' now? Then write that." in problem.advice
    assert problem.remedy is Remedy.CLEAN_UP


def test_a_local_field_that_looks_renamed_is_not_created_anew(case: Case) -> None:
    case.can_provision = True
    case.before["local"] = Schema(entities=tuple(case.local.values()))
    case.without("local", "account", "name")
    case.put("local", "account", text("account_name", max_length=20))
    problem = case.problem("local_field_missing")
    assert (problem.remedy, problem.choices[0]) == (Remedy.CHOOSE_ANOTHER, "account_name")


def test_an_entity_that_looks_renamed_is_proposed(case: Case) -> None:
    case.before["external"] = Schema(entities=tuple(case.external.values()))
    renamed = case.external.pop("Contacts").model_copy(update={"name": "ContactPersons"})
    case.external["ContactPersons"] = renamed
    problem = case.problem("external_entity_missing")
    assert problem.choices[0] == "ContactPersons"
    assert "'ContactPersons'" in problem.advice


def test_the_primary_contact_trap_names_the_unique_identifier(case: Case) -> None:
    case.add(external="primarycontact", local="contactid", direction="download_only")
    problem = case.problem("text_for_guid")
    assert problem.choices[0] == "_primarycontactid_value"
    assert "'_primarycontactid_value'" in problem.advice
    assert "transform: [guid]" in problem.advice


def test_a_lookup_goes_by_the_field_that_the_metadata_names(case: Case) -> None:
    told = LookupTarget(entity="Accounts", field="number")
    case.put("external", "Contacts", text("account_number", lookup=(told,)))
    case.contacts["fields"][2]["external"] = "account_number"
    problem = case.problem("lookup_text_for_guid")
    assert problem.place == (*C, "fields", 2, "lookup", "field")
    assert (problem.severity, problem.choices) == (ERROR, ("number",))


def test_a_transform_that_brings_kinds_together_is_named(case: Case) -> None:
    case.put("local", "account", of(Kind.DATE, "day"))
    case.add(external="modifiedAt", local="day", direction="download_only")
    assert "or write transform: [date]" in case.problem("kinds_clash").advice
    case.accounts["fields"][-1]["transform"] = ["date"]
    assert case.problems == ()


def test_a_text_that_is_said_to_hold_guids_is_no_trap(case: Case) -> None:
    case.add(
        external="primarycontact",
        local="contactid",
        direction="download_only",
        transform=["guid"],
    )
    assert case.problems == ()


def test_a_lookup_by_text_is_no_trap(case: Case) -> None:
    line = _lookup("primarycontact", "contactid", "Contacts", field="email")
    case.add(**line, direction="download_only")
    assert case.problems == ()


def test_options_that_the_line_says_what_becomes_of_are_no_problem(case: Case) -> None:
    values = {"active": 0}
    case.add(
        external="status",
        local="statuscode",
        values=values,
        unmapped="default",
        default=7,
        direction="download_only",
    )
    assert case.problems == ()


def test_a_filter_may_look_at_a_lookups_target(case: Case) -> None:
    case.contacts["download_filter"] = {
        "field": "account_ID.number", "operator": "eq", "value": "1",
    }  # fmt: skip
    assert case.problems == ()
    case.contacts["download_filter"]["field"] = "account_ID.nummer"
    assert case.problem("filter_field_unknown").place == (*C, "download_filter", "field")


def test_a_filter_that_looks_at_what_a_lookups_target_lacks_offers_what_it_has(case: Case) -> None:
    case.contacts["fields"][2]["lookup"]["field"] = "nummer"
    case.contacts["download_filter"] = {
        "field": "account_ID.nummer", "operator": "eq", "value": "A-1",
    }  # fmt: skip
    problem = case.problem("filter_field_unknown")
    assert "'Accounts' has no field 'nummer'" in problem.text
    assert problem.choices[0] == "account_ID.number"
    case.problem("lookup_field_missing")


def test_entities_that_are_told_apart_may_share_a_local_one(case: Case) -> None:
    case.contacts.update(
        local="account",
        primary_key=[],
        fields=[{"external": "name", "local": "name"}, {"local": "note", "constant": "contact"}],
    )
    assert {problem.code for problem in case.problems} <= {"may_not_fit"}


def test_a_broken_entity_stops_itself_and_those_that_need_it(case: Case) -> None:
    case.without("external", "Accounts", "name")
    stopped = stopped_entities(case.integration, case.problems)
    assert list(stopped) == ["Accounts", "Contacts"]
    assert "'name'" in stopped["Accounts"]
    assert "waits for Accounts" in stopped["Contacts"]


def test_a_broken_entity_leaves_those_that_do_not_need_it(case: Case) -> None:
    case.without("external", "Contacts", "name")
    assert list(stopped_entities(case.integration, case.problems)) == ["Contacts"]


def test_what_shares_a_local_entity_waits_for_the_one_that_comes_first(case: Case) -> None:
    case.contacts.update(
        local="account", primary_key=[], fields=[{"external": "name", "local": "name"}]
    )
    case.without("external", "Accounts", "name")
    stopped = stopped_entities(case.integration, case.problems)
    assert "waits for Accounts" in stopped["Contacts"]


def test_of_many_errors_the_first_are_told_and_the_others_counted(case: Case) -> None:
    for number in range(9):
        case.add(external=f"gone{number}", local="note", direction="upload_only")
    reason = stopped_entities(case.integration, case.problems)["Accounts"]
    assert "'gone4'" in reason
    assert "'gone5'" not in reason
    assert reason.endswith("And 4 more problems.")


def test_warnings_stop_nothing(case: Case) -> None:
    case.put("external", "Accounts", text("name", max_length=21))
    assert stopped_entities(case.integration, case.problems) == {}


def test_a_composite_lookup_speaks_of_one_entity(case: Case) -> None:
    case.contacts["composite_lookups"] = ["owner"]
    case.contacts["fields"] = [
        case.contacts["fields"][0],
        _lookup("name", "accountid", "Accounts", field="number", composite="owner"),
        _lookup("account_ID", "accountid", "Contacts", composite="owner"),
    ]
    assert case.problem("composite_lookup_differs").place == (
        *C, "fields", 2, "lookup", "entity",
    )  # fmt: skip


def test_a_lookup_needs_a_target_with_a_single_key(case: Case) -> None:
    account = ACCOUNT.model_copy(update={"key": ("id", "number")})
    case.local["account"] = account
    case.accounts["fields"].append({"external": "ID", "local": "id", "direction": "download_only"})
    codes = {problem.code for problem in case.problems if problem.severity is ERROR}
    assert codes == {"lookup_key_of_several_fields"}


def codes(case: Case) -> dict[str, Severity]:
    return {problem.code: problem.severity for problem in case.problems}


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ({"default": "abc"}, False),
        ({"default": "7"}, True),
        ({"values": {"active": 0, "inactive": 1}, "unmapped": "default", "default": "x"}, False),
        ({"values": {"active": 0, "inactive": 1}, "unmapped": "default", "default": 9}, True),
    ],
)
def test_a_default_has_to_fit_its_field(case: Case, line: dict[str, Any], fits: bool) -> None:
    source = "status" if "values" in line else "version"
    case.add(external=source, local="statuscode", direction="download_only", **line)
    assert codes(case) == ({} if fits else {"default_does_not_fit": ERROR})


def test_a_default_fits_the_side_that_it_is_written_to(case: Case) -> None:
    case.add(external="version", local="note", direction="upload_only", transform=[{"number": {}}],
             default="none")  # fmt: skip
    assert case.problem("default_does_not_fit").place == (*LINE, "default")


def test_what_may_be_emptied_and_is_sent_is_noted_once_with_a_remedy_that_works(
    case: Case,
) -> None:
    for name in ("name", "number"):
        length = {"max_length": 20} if name == "name" else {}
        case.put("external", "Accounts", text(name, nullable=False, **length))
        case.accounts["fields"][1 if name == "number" else 2]["default"] = "none"
    problem = case.problem("may_be_empty")
    assert (problem.severity, problem.place) == (NOTE, (*A, "fields"))
    assert "'number', 'name'" in problem.text
    assert "a line for each way" in problem.advice
    case.accounts["fields"][1:3] = [
        {"external": name, "local": name, "direction": way, **default}
        for name in ("number", "name")
        for way, default in (("download_only", {}), ("upload_only", {"default": "none"}))
    ]
    assert "may_be_empty" not in codes(case)


def test_what_is_only_sent_and_may_be_empty_is_a_warning(case: Case) -> None:
    case.put("external", "Accounts", text("status", nullable=False))
    case.add(external="status", local="note", direction="upload_only")
    assert case.problem("may_be_empty").severity is WARNING


def test_a_local_field_that_is_only_sent_is_not_said_to_be_created(case: Case) -> None:
    case.can_provision = True
    case.add(external="status", local="nowhere", direction="upload_only")
    problem = case.problem("local_field_missing")
    assert problem.remedy is Remedy.CHOOSE_ANOTHER
    assert "created" not in problem.advice


def test_options_are_compared_as_the_transforms_leave_them(case: Case) -> None:
    case.add(
        external="status",
        local="statuscode",
        direction="download_only",
        transform=["upper"],
        values={"ACTIVE": 0, "INACTIVE": 1},
    )
    assert case.problems == ()
    case.accounts["fields"][-1]["values"] = {"active": 0, "INACTIVE": 1}
    assert "'ACTIVE'" in case.problem("option_without_partner").text
    assert case.problem("no_such_option").choices == ("ACTIVE", "INACTIVE")
    case.accounts["fields"][-1]["transform"] = [{"custom": "as_code"}]
    assert case.problems == ()


def test_newest_wins_asks_for_ages_of_what_travels_both_ways_only(case: Case) -> None:
    case.add(external="status", local="note", direction="download_only", on_conflict="newest_wins")
    assert case.problems == ()
    case.add(external="status", local="note", direction="upload_only")
    assert case.problem("newest_wins_without_ages").place == (*LINE, "on_conflict")


@pytest.mark.parametrize(
    ("entity_way", "line_way"),
    [("download_only", "upload_only"), ("upload_only", "download_only")],
)
def test_a_line_that_never_travels_is_said_so_and_stops_nothing(
    case: Case, entity_way: str, line_way: str
) -> None:
    case.accounts["direction"] = entity_way
    case.add(external="gone", local="gone", direction=line_way, transform=[{"custom": "nope"}])
    problem = case.problem("line_never_travels")
    assert (problem.severity, problem.place) == (WARNING, (*LINE, "direction"))
    assert codes(case).keys() <= {"line_never_travels", "no_way_back"}


def test_a_line_that_only_finds_partners_is_checked(case: Case) -> None:
    case.accounts["direction"] = "download_only"
    case.accounts["fields"][1]["direction"] = "upload_only"
    assert case.problems == ()
    case.without("external", "Accounts", "number")
    assert "external_field_missing" in codes(case)


@pytest.mark.parametrize(
    ("transform", "found"),
    [
        (["trim"], {"may_not_fit": WARNING}),
        ([{"truncate": 20}], {}),
        ([{"truncate": 40}, "upper"], {"may_not_fit": WARNING}),
        ([{"concat": {"fields": ["number"]}}], {"may_not_fit": NOTE}),
    ],
)
def test_transformed_texts_are_measured_too(
    case: Case, transform: list[Any], found: dict[str, Severity]
) -> None:
    case.put("external", "Accounts", text("name", max_length=50))
    case.accounts["fields"][2] |= {"transform": transform, "direction": "download_only"}
    assert codes(case) == found


def test_a_text_that_is_too_short_for_a_guid_holds_no_lookup(case: Case) -> None:
    case.put("local", "contact", text("accountid", max_length=10))
    assert case.problem("lookup_cannot_hold_key").severity is ERROR
    case.put("local", "contact", text("accountid", max_length=36))
    assert case.problems == ()


def test_a_text_that_may_be_too_short_for_a_key_is_a_warning(case: Case) -> None:
    case.put("local", "account", text("id", max_length=40, nullable=False))
    case.put("local", "contact", text("accountid", max_length=10))
    assert case.problem("lookup_may_not_hold_key").severity is WARNING


@pytest.mark.parametrize("key", ["version_number", "local_version_number"])
def test_a_version_that_is_a_text_orders_nothing(case: Case, key: str) -> None:
    case.accounts[key] = "name"
    problem = case.problem(f"{key}_without_order")
    assert (problem.severity, problem.place) == (WARNING, (*A, key))
    case.accounts[key] = "revenue"
    assert case.problems == ()


def test_what_the_system_sets_itself_is_noted_once(case: Case) -> None:
    case.accounts["direction"] = "upload_only"
    for name in ("created", "owner"):
        case.put("external", "Accounts", text(name, read_only=True))
        case.add(external=name, local="note")
    problem = case.problem("external_read_only")
    assert (problem.severity, problem.place) == (NOTE, (*A, "fields"))
    assert "'created', 'owner'" in problem.text
