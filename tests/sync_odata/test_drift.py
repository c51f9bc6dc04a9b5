"""What changes between the runs of a real service and a real database: mapping, columns, tables."""

import pytest

from tandem.sync.people.schemas import missing_locally, provision_locally

BRNO = {"field": "address/city", "operator": "eq", "value": "Brno"}


@pytest.fixture
def town(make_town, local, accounts):
    """Three accounts in two cities that both sides have."""
    town = make_town(local, {**accounts, "fields": [f.copy() for f in accounts["fields"]]})
    for number, city in {"1": "Brno", "2": "Brno", "3": "Zlín"}.items():
        town.service.create(
            "Accounts", accountNumber=number, name=f"n{number}", address={"city": city}
        )
    town.sync()
    return town


def cities(town):
    here = {row["number"]: row["city"] for row in town.local.rows("account").values()}
    there = {r["accountNumber"]: r["address"]["city"] for r in service_records(town)}
    return here, there


def service_records(town):
    return town.service.records("Accounts").values()


FULL = {"1": "Brno", "2": "Brno", "3": "Zlín"}


def listings(town):
    """Requests that read accounts otherwise than by a delta link or by id."""
    return [
        path
        for path in town.wire.paths
        if path.startswith("Accounts?") and "$deltatoken" not in path and "$top=1" not in path
    ]


def test_a_column_that_vanished_stops_its_entity_until_it_is_made_on_purpose(town):
    town.local.run('ALTER TABLE "account" DROP COLUMN "city"')
    for _ in range(2):
        with pytest.raises(Exception, match=r"(?s)Restore the column.*--provision --yes"):
            town.sync()
    assert set(service_cities(town)) == set(FULL.values())
    with town.job() as run:
        assert missing_locally(run)
        provision_locally(run)
    assert town.sync().status == "success"
    assert cities(town) == (FULL, FULL)


def service_cities(town):
    return [record["address"]["city"] for record in service_records(town)]


def test_a_column_that_was_dropped_and_made_again_is_filled(town):
    town.local.run('ALTER TABLE "account" DROP COLUMN "city"')
    town.local.run('ALTER TABLE "account" ADD COLUMN "city" VARCHAR(80)')
    assert town.sync().status == "success"
    assert cities(town) == (FULL, FULL)
    before = town.versions()
    town.sync()
    assert town.versions() == before


def test_a_table_that_vanished_deletes_nothing_and_comes_back_on_purpose(town):
    town.local.run('DROP TABLE "account"')
    for _ in range(2):
        with pytest.raises(Exception, match=r"(?s)Restore the table.*--provision --yes"):
            town.sync()
    assert len(service_records(town)) == 3
    with town.job() as run:
        provision_locally(run)
    assert town.sync().status == "success"
    assert cities(town) == (FULL, FULL)


def test_a_changed_filter_keeps_the_delta_link_and_asks_once_for_what_was_outside(town):
    town.mappings[0]["download_filter"] = BRNO
    town.sync()
    town.service.create("Accounts", accountNumber="4", name="n4", address={"city": "Plzeň"})
    town.sync()
    assert set(cities(town)[0]) == {"1", "2", "3"}
    town.mappings[0]["download_filter"] = {**BRNO, "operator": "in", "value": ["Brno", "Plzeň"]}
    town.sync()
    assert any("$deltatoken" in path for path in town.wire.paths)
    assert set(cities(town)[0]) == {"1", "2", "3", "4"}
    town.sync()
    assert not listings(town)


def test_a_field_that_is_taken_out_of_the_mapping_reads_nothing_again(town):
    town.mappings[0]["fields"] = [f for f in town.mappings[0]["fields"] if f["local"] != "city"]
    report = town.sync()
    assert report.entities[0].mode == "incremental"
    assert not listings(town)


def test_a_new_field_is_provisioned_and_filled(town):
    for record in list(service_records(town)):
        town.service.change("Accounts", record["ID"], website=f"d{record['accountNumber']}")
    town.sync()
    town.mappings[0]["fields"].append({"external": "website", "local": "about"})
    assert town.sync().status == "success"
    about = {row["number"]: row["about"] for row in town.local.rows("account").values()}
    assert about == {number: f"d{number}" for number in FULL}
    assert {r["website"] for r in service_records(town)} == set(about.values())
