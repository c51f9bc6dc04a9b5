"""The connector against the simulated organization, however that shows its lookups."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG, Query
from tandem.connectors.resco.connector import RescoConnector
from tandem.core.values import arrow_type
from tandem.demo.data import Sizes
from tandem.demo.resco.attributes import LookupForm
from tandem.demo.resco.controls import Controls
from tandem.demo.resco.organization import Organization
from tandem.demo.resco.sample import fill
from tandem.demo.resco.service import create_app
from tandem.demo.server import serving
from tandem.model.connection import Connection
from tandem.model.schema import Entity

ORDER = "fs_workorder"
PARTS = ("id", "customerid", "customerid_account", "customerid_contact")


@dataclass
class Here:
    connector: RescoConnector
    organization: Organization
    controls: Controls

    @property
    def order(self) -> Entity:
        return self.connector.schema().entity(ORDER)

    def read(self, *fields: str) -> list[dict[str, Any]]:
        query = Query(self.order, fields, datetime(2026, 3, 18, tzinfo=UTC))
        pages = list(self.connector.read(query))
        assert not any(page.unreadable for page in pages)
        return [record for page in pages for record in page.records.to_pylist()]

    def batch(self, *records: dict[str, Any]) -> pa.RecordBatch:
        types = [(name, arrow_type(self.order.field(name))) for name in records[0]]
        return pa.RecordBatch.from_pylist(list(records), schema=pa.schema(types))


@pytest.fixture(params=list(LookupForm), ids=lambda form: form.value)
def here(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Here]:
    controls = Controls()
    app = create_app(tmp_path / "resco.db", lookups=request.param, controls=controls)
    fill(app.state.organization, Sizes(5, 10, 30))
    with serving(app) as url:
        connector = RescoConnector(
            Connection(id="here", conn_type="resco", host=url, login="sync", password="sync"),
            sleep=lambda _: None,
        )
        yield Here(connector, app.state.organization, controls)
        connector.close()


def test_each_part_has_the_records_of_its_own_entity(here: Here) -> None:
    records = here.read(*PARTS)

    assert any(record["customerid_contact"] for record in records)
    for record in records:
        parts = [record["customerid_account"], record["customerid_contact"]]
        assert [part for part in parts if part] == [record["customerid"]]


def test_a_lookup_changes_from_one_entity_to_another(here: Here) -> None:
    first = next(record for record in here.read(*PARTS) if record["customerid_account"])
    contact = next(r["contactid"] for r in here.read("contactid") if r["contactid"])
    change = {"id": first["id"], "customerid_account": None, "customerid_contact": contact}
    seen = pa.RecordBatch.from_pydict({ETAG: [first[ETAG]]})

    written = here.connector.update(here.order, here.batch(change), seen=seen)

    assert (written.rejected, written.changed) == ({}, ())
    assert written.records is not None
    assert {n: v for n, v in written.records.to_pylist()[0].items() if n in change} == change
    again = here.connector.update(here.order, here.batch(change), seen=seen)
    assert again.changed == (0,)


def test_a_new_record_refers_to_others(here: Here) -> None:
    contact = next(r["contactid"] for r in here.read("contactid") if r["contactid"])
    new = {"name": "New", "contactid": contact, "customerid_contact": contact}

    written = here.connector.create(here.order, here.batch(new))

    assert written.records is not None
    assert {n: v for n, v in written.records.to_pylist()[0].items() if n in new} == new


def test_a_version_under_way_is_not_settled(here: Here) -> None:
    before = here.connector.settled_version(here.order)
    with here.organization.held(ORDER, {"name": "late"}) as version:
        during = here.connector.settled_version(here.order)

    assert before is not None
    assert during == version - 1
    assert (here.connector.newest_version(here.order) or 0) >= version


def test_a_create_whose_answer_is_lost_is_there_once(here: Here) -> None:
    here.controls.lost_answers = 1

    written = here.connector.create(here.order, here.batch({"name": "Once"}))

    assert written.unknown == (0,)
    assert sum(record["name"] == "Once" for record in here.read("name")) == 1


def test_who_asks_too_often_waits(here: Here) -> None:
    here.controls.throttled = 2

    written = here.connector.create(here.order, here.batch({"name": "Later"}))

    assert not written.stopped_by
    assert sum(record["name"] == "Later" for record in here.read("name")) == 1


def test_a_check_meets_the_organization(here: Here) -> None:
    assert "organization demo" in here.connector.check()
