"""The OData connector writes to SAP CAP: batches of both kinds, etags, keys, values, lookups."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG, ROW, Query, Written
from tandem.connectors.odata.connector import ODataConnector
from tandem.core.values import arrow_type
from tandem.errors import AuthenticationError
from tandem.model.connection import Connection
from tandem.model.schema import Entity

pytestmark = pytest.mark.interop

NOW = datetime(2024, 3, 4, tzinfo=UTC)
MISSING = "ffffffff-0000-4000-8000-000000000000"
Rows = list[dict[str, Any]]


class Wire(httpx.HTTPTransport):
    """Counts requests, and lets batches of some media types not pass."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.refused = refused
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        kind = request.headers.get("Content-Type", "").partition(";")[0]
        if request.url.path.endswith("$batch") and kind in self.refused:
            return httpx.Response(415)
        return super().handle_request(request)


WIRES = {"json": (), "multipart": ("application/json",),
         "plain": ("application/json", "multipart/mixed")}  # fmt: skip


@pytest.fixture(params=WIRES)
def wire(request: pytest.FixtureRequest) -> Wire:
    return Wire(*WIRES[request.param])


@pytest.fixture
def connector(cap: str, wire: Wire) -> Iterator[ODataConnector]:
    connector = ODataConnector(Connection(id="cap", conn_type="odata", host=cap), wire)
    yield connector
    connector.close()


@pytest.fixture
def orders(connector: ODataConnector) -> Entity:
    return connector.schema().entity("Orders")


@pytest.fixture
def mine(connector: ODataConnector, orders: Entity) -> Iterator[Rows]:
    """Twenty orders of the test's own."""
    rows = [new_order(number) for number in range(20)]
    assert named(connector.create(orders, batch(orders, rows))) == Written()
    yield rows
    connector.delete(orders, batch(orders, rows).select(["ID"]))


def new_order(number: int) -> dict[str, Any]:
    return {
        "ID": str(uuid4()),
        "orderNumber": f"W-{number}",
        "status": "open",
        "amount": Decimal(f"{number}.25"),
        "rate": Decimal("1234.567890"),
        "serial": 2**63 - 1 - number,
        "pieces": -number,
        "weight": number / 3,
        "urgent": [True, False, None][number % 3],
        "dueDate": date(2026, 3, 4),
        "startTime": time(18, 42, 7),
        "promisedAt": datetime(2026, 3, 4, 10, tzinfo=UTC),
        "recordedAt": datetime(2026, 3, 4, 10, 20, 30, 123_000, tzinfo=UTC),
        "account_ID": "a0000000-0000-4000-8000-000000000007",
        "note": "line\n\t\"quotes\" 'apostrophes' \\ --b 100 % / ünï©ode 😀",
    }


def batch(entity: Entity, rows: Rows) -> pa.RecordBatch:
    types = [(name, arrow_type(entity.field(name))) for name in rows[0]]
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema(types))


def named(written: Written) -> Written:
    return Written(
        written.rejected, written.missing, written.changed, written.unsent, written.unknown
    )


def found(connector: ODataConnector, entity: Entity, rows: Rows) -> Rows:
    """The records with the keys of these rows, as they are read, in that order."""
    keys = batch(entity, [{name: row[name] for name in entity.key} for row in rows])
    pages = connector.find(Query(entity, tuple(rows[0]), NOW), keys)
    by_key = {
        tuple(record[name] for name in entity.key): record
        for page in pages
        for record in page.records.to_pylist()
    }
    return [by_key.get(tuple(row[name] for name in entity.key), {}) for row in rows]


def without(rows: Rows, *names: str) -> Rows:
    return [{n: value for n, value in row.items() if n not in names} for row in rows]


def test_values_arrive_whole(connector: ODataConnector, orders: Entity, mine: Rows) -> None:
    assert without(found(connector, orders, mine), ETAG) == mine


def test_what_is_told_is_what_is_read(
    connector: ODataConnector, orders: Entity, mine: Rows
) -> None:
    changed = [{**row, "note": "new", "serial": row["serial"] - 1000} for row in mine]
    written = connector.update(orders, batch(orders, changed))
    assert named(written) == Written()
    told = written.records
    assert told is not None
    assert told.column(ROW).to_pylist() == list(range(20))
    assert told.drop_columns([ROW]).to_pylist() == found(connector, orders, changed)
    assert without(told.to_pylist(), ROW, ETAG) == changed


def test_an_update_of_some_columns_leaves_the_others(
    connector: ODataConnector, orders: Entity, mine: Rows
) -> None:
    some = [{"ID": row["ID"], "amount": None, "note": "x"} for row in mine]
    given = pa.RecordBatch.from_pydict({"note": [n < 5 for n in range(20)]})
    assert named(connector.update(orders, batch(orders, some), given=given)) == Written()
    notes = ["x"] * 5 + [row["note"] for row in mine[5:]]
    expected = [
        {**row, "amount": None, "note": note} for row, note in zip(mine, notes, strict=True)
    ]
    assert without(found(connector, orders, mine), ETAG) == expected


def test_each_record_has_its_own_outcome(
    cap: str, connector: ODataConnector, orders: Entity, mine: Rows
) -> None:
    seen = batch_of_etags(found(connector, orders, mine))
    url = f"{cap}Orders({mine[4]['ID']})"
    httpx.patch(url, json={"note": "other"}, headers={"If-Match": "*"}).raise_for_status()
    changed = [{**row, "note": "mine"} for row in mine]
    changed[9]["orderNumber"] = None
    written = connector.update(orders, batch(orders, changed), seen=seen)
    assert written.changed == (4,)
    assert list(written.rejected) == [9]
    assert "NOT NULL" in written.rejected[9]
    assert (written.missing, written.unsent, written.unknown) == ((), (), ())
    notes = [row["note"] for row in found(connector, orders, mine)]
    assert notes == [
        "other" if n == 4 else mine[9]["note"] if n == 9 else "mine" for n in range(20)
    ]


def batch_of_etags(rows: Rows) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({ETAG: [row[ETAG] for row in rows]})


def test_a_stale_etag_keeps_a_record_from_being_deleted(
    connector: ODataConnector, orders: Entity, mine: Rows
) -> None:
    seen = batch_of_etags(found(connector, orders, mine))
    connector.update(orders, batch(orders, [{"ID": mine[3]["ID"], "note": "other"}]))
    keys = batch(orders, mine).select(["ID"])
    assert connector.delete(orders, keys, seen=seen) == Written(changed=(3,))
    left = found(connector, orders, mine)
    assert [bool(row) for row in left] == [n == 3 for n in range(20)]


def test_records_that_are_not_there_are_missing(
    connector: ODataConnector, orders: Entity, mine: Rows
) -> None:
    rows = [{"ID": row["ID"], "note": "x"} for row in mine]
    rows[7]["ID"] = MISSING
    assert named(connector.update(orders, batch(orders, rows))) == Written(missing=(7,))
    keys = batch(orders, rows).select(["ID"])
    assert connector.delete(orders, keys) == Written(missing=(7,))
    assert found(connector, orders, [{"ID": MISSING}]) == [{}]


def test_a_create_that_is_repeated_is_recognised(
    connector: ODataConnector, orders: Entity, mine: Rows
) -> None:
    """CAP answers 500 to a key that is there."""
    again = [*mine, new_order(20)]
    again[6] = {**again[6], "note": "another"}
    written = connector.create(orders, batch(orders, again))
    assert named(written) == Written(changed=(6,))
    assert without(found(connector, orders, mine), ETAG) == mine
    taken = connector.create(orders, batch(orders, again), replace=True)
    assert named(taken) == Written()
    assert without(found(connector, orders, again), ETAG) == again
    connector.delete(orders, batch(orders, again[20:]).select(["ID"]))


def test_the_service_makes_the_keys_that_are_not_given(
    connector: ODataConnector, orders: Entity
) -> None:
    rows = without([new_order(number) for number in range(8)], "ID")
    written = connector.create(orders, batch(orders, rows))
    assert named(written) == Written()
    assert written.records is not None
    assert without(written.records.to_pylist(), ROW, ETAG, "ID") == rows
    assert connector.delete(orders, written.records.select(["ID"])) == Written()


def test_keys_with_all_kinds_of_characters(connector: ODataConnector) -> None:
    articles = connector.schema().entity("Articles")
    mark = uuid4().hex[:8]
    codes = ["O'Neil", "A/B", "A%2FB", "100 %", "a+b", "a&b=c", "#1", "why?", "a:b", "東京 😀"]
    rows = [{"code": f"{mark} {code}", "name": "x"} for code in codes]
    assert named(connector.create(articles, batch(articles, rows))) == Written()
    rows = [{**row, "name": f"article {n}"} for n, row in enumerate(rows)]
    written = connector.update(articles, batch(articles, rows))
    assert named(written) == Written()
    assert written.records is not None
    assert written.records.drop_columns([ROW]).to_pylist() == rows
    assert connector.delete(articles, batch(articles, rows).select(["code"])) == Written()
    assert found(connector, articles, rows) == [{}] * len(rows)


def test_composite_keys_and_what_has_no_etag(connector: ODataConnector) -> None:
    lines = connector.schema().entity("OrderLines")
    rows = [
        {"order_ID": str(uuid4()), "position": n, "price": Decimal("1.10"), "text": "x"}
        for n in range(6)
    ]
    assert named(connector.create(lines, batch(lines, rows))) == Written()
    seen = pa.RecordBatch.from_pydict({"text": ["x"] * 5 + ["before"]})
    changed = [{**row, "text": "y"} for row in rows]
    written = connector.update(lines, batch(lines, changed), seen=seen)
    assert named(written) == Written(changed=(5,))
    assert found(connector, lines, rows) == [*changed[:5], rows[5]]
    keys = batch(lines, rows).select(["order_ID", "position"])
    assert connector.delete(lines, keys) == Written()


def test_a_lookup_is_written_by_its_navigation_property(
    connector: ODataConnector, orders: Entity, mine: Rows
) -> None:
    account = orders.field("account_ID").model_copy(update={"by_navigation": True})
    fields = tuple(account if field.name == account.name else field for field in orders.fields)
    bound = Entity.model_validate({**orders.model_dump(), "fields": fields})
    other = "a0000000-0000-4000-8000-000000000009"
    rows = [{"ID": row["ID"], "account_ID": [other, None][n % 2]} for n, row in enumerate(mine)]
    written = connector.update(bound, batch(bound, rows))
    assert named(written) == Written()
    assert without(found(connector, orders, rows), ETAG) == rows


def test_who_does_not_sign_in_writes_nothing(cap_guarded: str) -> None:
    parts = {"id": "cap", "conn_type": "odata", "host": cap_guarded}
    known = ODataConnector(Connection(**parts, login="sync", password="interop"))
    entity = known.schema().entity("Articles")
    known.close()
    stranger = ODataConnector(Connection(**parts))
    rows = [{"code": f"stranger {n}", "name": "x"} for n in range(5)]
    with pytest.raises(AuthenticationError, match="401"):
        stranger.create(entity, batch(entity, rows))
    with pytest.raises(AuthenticationError, match="401"):
        stranger.create(entity, batch(entity, rows[:1]))
    stranger.close()


@pytest.mark.parametrize("wire", ["json", "multipart"], indirect=True)
def test_ten_thousand_updates_take_a_fiftieth_of_the_requests(
    connector: ODataConnector, orders: Entity, wire: Wire
) -> None:
    """CAP takes batches of 100 KB."""
    rows = [new_order(number) for number in range(1_000)]
    assert named(connector.create(orders, batch(orders, rows))) == Written()
    before = len(wire.asked)
    for change in range(2):
        changed = [{"ID": row["ID"], "note": f"note {change}", "pieces": change} for row in rows]
        written = connector.update(orders, batch(orders, changed))
        assert named(written) == Written()
        assert written.records is not None
        assert len(written.records) == 1_000
    assert len(wire.asked) - before <= 2_000 / 50
    assert connector.delete(orders, batch(orders, rows).select(["ID"])) == Written()
