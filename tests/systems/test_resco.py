"""A working day between an organization of Resco Cloud and a database."""

from pathlib import Path
from typing import Any

import pytest
from tests.systems.office import Office, counted
from tests.systems.resco_cloud import ALL, Resco

from tandem.demo.resco.attributes import LookupForm

Record = dict[str, Any]


@pytest.fixture
def resco(tmp_path: Path) -> Resco:
    return Resco(tmp_path)


@pytest.fixture
def office(resco: Resco, tmp_path: Path) -> Office:
    """After its first sync: an account with a contact, and an order for each."""
    return begun(resco, tmp_path)


def begun(resco: Resco, folder: Path, **settings: Any) -> Office:
    mother = resco.create("account", name="Mother", creditlimit=12.5, industrycode=2)
    account = resco.create("account", name="Daughter", parentaccountid=mother)
    contact = resco.create("contact", name="Ann", parentcustomerid=account)
    resco.change("account", mother, primarycontactid=contact)
    resco.create("fs_workorder", name="A", customerid=f"account:{account}")
    resco.create("fs_workorder", name="C", customerid=f"contact:{contact}")
    office = resco.office(folder, *({**mapping, **settings} for mapping in ALL))
    assert counted(office.sync()) == {
        "account download": {"created": 2},
        "contact download": {"created": 1},
        "fs_workorder download": {"created": 2},
    }
    return office


def keys(resco: Resco, entity: str) -> dict[str, str]:
    """Name → id."""
    return {row["name"]: key for key, row in resco.rows(entity).items()}


def here(office: Office, table: str) -> dict[str, Record]:
    """Name → row."""
    return {row["name"]: row for row in office.local.rows(table).values()}


def nothing_left(office: Office, resco: Resco) -> None:
    """Both sides agree, and one more sync writes nothing."""
    resco.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert not resco.wire.writes
    assert counted(office.sync(mode="full")) == {}
    assert told_there(resco) == told_here(office)


def told_there(resco: Resco) -> dict[str, dict[str, tuple[Any, ...]]]:
    statuses = {1: "draft", 10000: "at work", 10001: "done", 10002: "off"}
    rows = {name: resco.rows(name) for name in ("account", "contact", "fs_workorder")}
    return {
        "account": {
            key: (
                row["name"],
                row["address1_city"],
                as_number(row["creditlimit"]),
                row["creditonhold"],
                row["industrycode"],
                refers(row, "parentaccountid"),
                refers(row, "primarycontactid"),
            )
            for key, row in rows["account"].items()
        },
        "contact": {
            key: (row["name"], refers(row, "parentcustomerid"))
            for key, row in rows["contact"].items()
        },
        "order": {
            key: (
                row["name"],
                statuses[row["statuscode"]],
                *(
                    refers(row, "customerid") if target(row) == name else None
                    for name in ("account", "contact")
                ),
            )
            for key, row in rows["fs_workorder"].items()
        },
    }


def refers(row: Record, lookup: str) -> str | None:
    return row.get(lookup) or row.get(f"__{lookup}_id")


def target(row: Record) -> str | None:
    return row.get("customerid#target") or row.get("__customerid_id#target")


def as_number(value: Any) -> float | None:
    return None if value is None else float(value)


def told_here(office: Office) -> dict[str, dict[str, tuple[Any, ...]]]:
    names = {
        "account": (
            *("name", "city", "creditlimit", "creditonhold", "industrycode"),
            *("parentaccountid", "primarycontactid"),
        ),
        "contact": ("name", "parentcustomerid"),
        "work_order": ("name", "statuscode", "customerid_account", "customerid_contact"),
    }
    found = {
        table: {key: tuple(row[n] for n in own) for key, row in office.local.rows(table).items()}
        for table, own in names.items()
    }
    for key, row in found["account"].items():
        found["account"][key] = (*row[:2], as_number(row[2]), *row[3:])
    return {"account": found["account"], "contact": found["contact"], "order": found["work_order"]}


@pytest.mark.parametrize("form", list(LookupForm), ids=lambda form: form.value)
@pytest.mark.parametrize("host", ["", "https://inspections.resco.net/odata/v4/contoso/"])
def test_all_of_it_comes_once_however_the_service_shows_lookups_and_is_addressed(
    tmp_path: Path, form: LookupForm, host: str
) -> None:
    resco = Resco(tmp_path, lookups=form, host=host)
    office = begun(resco, tmp_path)
    ann = here(office, "contact")["Ann"]["id"]
    orders = here(office, "work_order")
    assert here(office, "account")["Mother"]["primarycontactid"] == ann
    assert orders["C"]["customerid_contact"] == ann
    assert orders["A"]["customerid_contact"] is None
    assert orders["A"]["statuscode"] == "draft"
    nothing_left(office, resco)
    office.local.change(
        "work_order", orders["A"]["id"], customerid_account=None, customerid_contact=ann
    )
    office.local.change("work_order", orders["C"]["id"], customerid_contact=None)
    assert counted(office.sync()) == {"fs_workorder upload": {"updated": 2}}
    nothing_left(office, resco)


def test_nothing_new_costs_a_few_requests_and_only_keys_are_read(
    office: Office, resco: Resco
) -> None:
    office.sync()
    resco.wire.asked.clear()
    assert counted(office.sync()) == {}
    listed = [r for r in resco.wire.asked if r.url.path.startswith("/odata/v4/account")]
    assert [r.url.params["$select"] for r in listed] == ["id"]
    assert len(resco.wire.asked) <= 4 + 3 * 3  # whose metadata; versions and keys of each entity


def test_between_sweeps_of_keys_nothing_new_is_told_by_the_versions_alone(
    resco: Resco, tmp_path: Path
) -> None:
    office = resco.office(tmp_path, *({**m, "sweep_every": 100} for m in ALL))
    for _ in range(2):
        office.sync()
    resco.wire.asked.clear()
    assert counted(office.sync()) == {}
    assert {"account", "contact", "fs_workorder"}.isdisjoint(resco.wire.paths)


def test_only_what_changed_is_read(office: Office, resco: Resco) -> None:
    office.sync()
    resco.change("account", keys(resco, "account")["Mother"], address1_city="Brno")
    report = office.sync()
    assert counted(report) == {"account download": {"updated": 1}}
    assert here(office, "account")["Mother"]["city"] == "Brno"
    nothing_left(office, resco)


def test_edits_of_different_fields_meet(office: Office, resco: Resco) -> None:
    mother = keys(resco, "account")["Mother"]
    resco.change("account", mother, address1_city="Brno")
    office.local.change("account", mother, creditlimit="99.5")
    assert counted(office.sync()) == {
        "account download": {"updated": 1},
        "account upload": {"updated": 1},
    }
    assert told_here(office)["account"][mother][:3] == ("Mother", "Brno", 99.5)
    nothing_left(office, resco)


@pytest.mark.parametrize(("policy", "city"), [("external_wins", "Brno"), ("local_wins", "Praha")])
def test_a_conflict_goes_by_its_policy(
    resco: Resco, tmp_path: Path, policy: str, city: str
) -> None:
    office = begun(resco, tmp_path, on_conflict=policy)
    mother = keys(resco, "account")["Mother"]
    resco.change("account", mother, address1_city="Brno")
    office.local.change("account", mother, city="Praha")
    office.sync()
    assert here(office, "account")["Mother"]["city"] == city
    nothing_left(office, resco)


def test_a_conflict_waits_for_review(resco: Resco, tmp_path: Path) -> None:
    office = begun(resco, tmp_path, on_conflict="review")
    mother = keys(resco, "account")["Mother"]
    resco.change("account", mother, address1_city="Brno")
    office.local.change("account", mother, city="Praha")
    office.sync()
    (conflict,) = office.state("conflict", status="open")
    assert conflict["external_id"] == mother
    assert resco.rows("account")[mother]["address1_city"] == "Brno"
    assert here(office, "account")["Mother"]["city"] == "Praha"
    resco.wire.asked.clear()
    office.sync()
    assert not resco.wire.writes


def test_new_records_travel_both_ways_with_their_lookups_and_ids(
    office: Office, resco: Resco
) -> None:
    there = resco.create("account", name="There")
    resco.create("fs_workorder", name="For there", customerid=f"account:{there}")
    mine = office.local.create("account", name="Mine", parentaccountid=there)
    bob = office.local.create("contact", name="Bob", parentcustomerid=mine)
    office.local.change("account", mine, primarycontactid=bob)
    order = office.local.create(
        "work_order", name="For Bob", customerid_contact=bob, statuscode="at work"
    )
    report = counted(office.sync())
    assert {name: counts["created"] for name, counts in report.items() if "created" in counts} == {
        "account download": 1,
        "account upload": 1,
        "contact upload": 1,
        "fs_workorder download": 1,
        "fs_workorder upload": 1,
    }
    rows = resco.rows("fs_workorder")
    assert (rows[order]["customerid"], target(rows[order])) == (bob, "contact")
    assert rows[order]["statuscode"] == 10000
    assert resco.rows("account")[mine]["primarycontactid"] == bob
    nothing_left(office, resco)


def test_deletions_travel_both_ways(office: Office, resco: Resco) -> None:
    for name in ("Gone there", "Gone here"):
        resco.create("contact", name=name)
    office.sync()
    known = keys(resco, "contact")
    resco.delete("contact", known["Gone there"])
    office.local.delete("contact", known["Gone here"])
    assert counted(office.sync()) == {
        "contact download": {"deleted": 1},
        "contact upload": {"deleted": 1},
    }
    assert keys(resco, "contact").keys() == here(office, "contact").keys() == {"Ann"}
    nothing_left(office, resco)


def test_a_deletion_waits_until_nothing_refers_to_the_record(office: Office, resco: Resco) -> None:
    resco.create("contact", name="Another")
    office.sync()
    ann = keys(resco, "contact")["Ann"]
    office.local.delete("contact", ann)
    assert counted(office.sync()) == {"contact upload": {"failed": 1}}
    (waiting,) = office.state("rejected")
    assert (waiting["record_id"], waiting["error_class"]) == (ann, "dependency")
    assert ann in resco.rows("contact")
    office.local.change("account", keys(resco, "account")["Mother"], primarycontactid=None)
    office.local.change("work_order", keys(resco, "fs_workorder")["C"], customerid_contact=None)
    office.sync()
    assert counted(office.sync()) == {}
    assert ann not in resco.rows("contact")
    nothing_left(office, resco)


def test_options_travel_by_number_and_have_words(resco: Resco) -> None:
    order = resco.connect(resco.connection).schema().entity("fs_workorder").field("statuscode")
    assert dict(zip(order.options, order.option_labels, strict=True)) == {
        "1": "Draft",
        "10000": "In Progress",
        "10001": "Completed",
        "10002": "Cancelled",
    }


def test_an_option_that_nobody_mapped_is_rejected_by_record(office: Office, resco: Resco) -> None:
    order = keys(resco, "fs_workorder")["A"]
    office.local.change("work_order", order, statuscode="unheard of")
    assert counted(office.sync()) == {"fs_workorder upload": {"failed": 1}}
    office.local.change("work_order", order, statuscode="done")
    assert counted(office.sync()) == {"fs_workorder upload": {"updated": 1}}
    assert resco.rows("fs_workorder")[order]["statuscode"] == 10001
    nothing_left(office, resco)
