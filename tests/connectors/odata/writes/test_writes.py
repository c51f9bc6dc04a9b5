"""Creates, updates and deletes, in batches and one by one, where nothing goes wrong in between."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pytest

from tandem.connectors.base import ETAG, ROW, Written
from tandem.errors import AuthenticationError
from tandem.model.schema import Entity, LookupTarget

JSON, MULTIPART = "application/json", "multipart/mixed"
Rows = list[dict[str, Any]]


def things(numbers: range, **values: Any) -> Rows:
    return [{"ID": number, "name": f"thing {number}", **values} for number in numbers]


def named(written: Written) -> Written:
    """What is said of rows, without the records."""
    return Written(
        written.rejected, written.missing, written.changed, written.unsent, written.unknown
    )


@pytest.fixture(params=["json", "multipart", "plain"])
def any_shop(shop: Any, request: pytest.FixtureRequest) -> Any:
    """A shop that takes batches of one kind, or none."""
    refused = {"json": [], "multipart": [JSON], "plain": [JSON, MULTIPART]}[request.param]
    shop.refuse_batches(*refused)
    return shop


def test_new_records_are_there_and_told_as_the_service_has_them(any_shop: Any) -> None:
    rows = things(range(150), price=Decimal("12345678901234567890.123450"), size=2**63 - 1)
    written = any_shop.create(rows)
    assert named(written) == Written()
    assert [record["name"] for record in any_shop.records()] == [row["name"] for row in rows]
    told = written.records.to_pylist()
    assert [record.pop(ROW) for record in told] == list(range(150))
    assert all(record.pop(ETAG) for record in told)
    assert told == rows


def test_updates_set_what_is_given_and_nothing_else(any_shop: Any) -> None:
    any_shop.create(things(range(40), size=5, **{"address/city": "Brno", "address/zip": "602 00"}))
    rows = [{"ID": number, "address/city": f"city {number}"} for number in range(40)]
    given = pa.RecordBatch.from_pydict({"address/city": [number % 2 == 0 for number in range(40)]})
    written = any_shop.update(rows, given=given)
    assert named(written) == Written()
    records = any_shop.records()
    cities = [record["address"]["city"] for record in records]
    assert cities == [f"city {n}" if n % 2 == 0 else "Brno" for n in range(40)]
    assert {record["address"]["zip"] for record in records} == {"602 00"}
    assert written.records.column("address/city").to_pylist() == cities
    assert written.records.schema.names == [ROW, "ID", "address/city", ETAG]


def test_deleted_records_are_gone(any_shop: Any) -> None:
    rows = any_shop.fill(range(20))
    assert any_shop.delete(rows[::2]) == Written()
    assert [record["ID"] for record in any_shop.records()] == list(range(1, 20, 2))


def test_each_record_has_its_own_outcome(any_shop: Any) -> None:
    any_shop.fill(range(10))
    rows = things(range(12))
    rows[3]["name"] = None
    written = any_shop.update(rows)
    assert written.missing == (10, 11)
    assert list(written.rejected) == [3]
    assert "\n" not in written.rejected[3]
    assert len(written.records) == 9


def test_a_record_that_was_changed_meanwhile_stays_as_it_is(any_shop: Any) -> None:
    rows = any_shop.fill(range(8))
    seen = any_shop.seen(rows)
    httpx.patch(any_shop.url + "Things(2)", json={"name": "other"}).raise_for_status()
    written = any_shop.update([{**row, "name": "mine"} for row in rows], seen=seen)
    assert named(written) == Written(changed=(2,))
    assert any_shop.records()[2]["name"] == "other"
    assert any_shop.delete(rows[2:3], seen=seen.slice(2, 1)) == Written(changed=(0,))
    assert len(any_shop.records()) == 8


def test_an_update_never_creates(any_shop: Any) -> None:
    """A PATCH without If-Match would (OData 4.01 Protocol, 11.4.4)."""
    labels = [{"code": f"c {number}", "text": "x"} for number in range(5)]
    assert any_shop.update(labels, "Labels").missing == (0, 1, 2, 3, 4)
    assert any_shop.records("Labels") == []


def test_records_without_etags_are_compared_with_what_was_seen(any_shop: Any) -> None:
    labels = [{"code": f"c/{number} ' ü", "text": "x"} for number in range(5)]
    any_shop.create(labels, "Labels")
    seen = pa.RecordBatch.from_pydict({"text": ["x", "x", "before", "x", "x"]})
    written = any_shop.update([{**row, "text": "y"} for row in labels], "Labels", seen=seen)
    assert named(written) == Written(changed=(2,))
    assert [record["text"] for record in any_shop.records("Labels")] == list("yyxyy")


def test_a_create_that_is_repeated_is_no_problem_and_one_that_differs_is(any_shop: Any) -> None:
    any_shop.create(things(range(6)))
    rows = things(range(8))
    rows[4]["name"] = "another"
    written = any_shop.create(rows)
    assert named(written) == Written(changed=(4,))
    assert written.records.column(ROW).to_pylist() == [0, 1, 2, 3, 5, 6, 7]
    assert any_shop.records()[4]["name"] == "thing 4"


def test_a_create_that_replaces_takes_over_what_is_there(any_shop: Any) -> None:
    any_shop.create(things(range(6)))
    rows = things(range(8))
    rows[4]["name"] = "another"
    written = any_shop.create(rows, replace=True)
    assert named(written) == Written()
    assert written.records.column(ROW).to_pylist() == list(range(8))
    assert written.records.column("name")[4].as_py() == "another"
    assert any_shop.records()[4]["name"] == "another"


def test_a_new_record_that_is_refused_is_rejected_with_the_reason(any_shop: Any) -> None:
    rows = things(range(6))
    rows[1]["name"] = "far too long for this field"
    rows[4]["name"] = None
    written = any_shop.create(rows)
    assert list(written.rejected) == [1, 4]
    assert "longer than 20" in written.rejected[1]
    assert "name" in written.rejected[4]
    assert len(any_shop.records()) == 4


def test_what_has_no_json_or_no_key_is_put_aside_before_it_is_sent(shop: Any) -> None:
    written = shop.update([{"ID": None, "name": "x"}])
    assert written.rejected == {0: "it has no key"}
    assert shop.wire.writes == []


def test_the_service_makes_the_keys_that_are_not_given(any_shop: Any) -> None:
    written = any_shop.create([{"text": f"note {number}"} for number in range(6)], "Notes")
    keys = {record["ID"]: record["text"] for record in any_shop.records("Notes")}
    told = written.records.to_pylist()
    assert [keys[record["ID"]] for record in told] == [f"note {number}" for number in range(6)]


def test_answers_without_a_body_are_read_again(any_shop: Any) -> None:
    """Dataverse answers so, whatever is preferred; the key of a new record is in a header."""
    carry = any_shop.wire.carrier.handle_request

    def bare(request: httpx.Request) -> httpx.Response:
        request.read()
        content = request.content.replace(b"return=representation", b"return=minimal")
        headers = [h for h in request.headers.raw if h[0].lower() != b"content-length"]
        again = httpx.Request(request.method, request.url, headers=headers, content=content)
        if "Prefer" in again.headers:
            preferred = again.headers["Prefer"].replace("representation", "minimal")
            again.headers["Prefer"] = preferred
        answer: httpx.Response = carry(again)
        return answer

    any_shop.wire.carrier.handle_request = bare
    notes = any_shop.create([{"text": f"note {number}"} for number in range(6)], "Notes")
    assert notes.records.column("text").to_pylist() == [f"note {n}" for n in range(6)]
    any_shop.create(things(range(60)))
    before = len(any_shop.wire.asked)
    written = any_shop.update(things(range(60), size=7))
    assert written.records.column("size").to_pylist() == [7] * 60
    reads = [r for r in any_shop.wire.asked[before:] if r.url.path.endswith("Things")]
    assert len(reads) == 1


def test_a_few_records_are_not_worth_a_question_about_batches(shop: Any) -> None:
    rows = shop.fill(range(2))
    shop.update(rows)
    assert shop.wire.writes == ["PATCH Things(0)", "PATCH Things(1)"]


def test_what_a_service_takes_is_found_out_once(shop: Any) -> None:
    shop.refuse_batches(JSON)
    shop.create(things(range(20)))
    shop.create(things(range(20, 40)))
    batches = [r for r in shop.wire.asked if r.url.path.endswith("$batch")]
    kinds = [request.headers["Content-Type"].partition(";")[0] for request in batches]
    assert kinds == [JSON, MULTIPART, MULTIPART, MULTIPART]


@pytest.mark.parametrize("status", [400, 404, 405, 406, 415, 500, 501])
def test_a_service_without_batches_is_written_one_by_one(shop: Any, status: int) -> None:
    shop.refuse_batches(JSON, MULTIPART, status=status)
    assert named(shop.create(things(range(10)))) == Written()
    assert len(shop.records()) == 10


def test_a_service_that_says_it_has_no_batches_is_not_asked(shop: Any) -> None:
    entity = shop.entity()
    alone = entity.capabilities.model_copy(update={"batch_size": 1})
    rows = pa.RecordBatch.from_pylist(things(range(10)))
    shop.connector.create(entity.model_copy(update={"capabilities": alone}), rows)
    assert set(shop.wire.writes) == {"POST Things"}
    assert len(shop.records()) == 10


def test_ten_thousand_updates_take_few_requests(shop: Any) -> None:
    shop.create(things(range(500)))
    before = len(shop.wire.writes)
    for size in range(20):
        assert named(shop.update(things(range(500), size=size))) == Written()
    assert len(shop.wire.writes) - before <= 10_000 / 50


def test_who_may_write_nothing_is_told(shop: Any) -> None:
    error = {"error": {"code": "", "message": "no permission"}}
    shop.refuse_batches(JSON, MULTIPART)
    shop.create(things(range(5)))
    shop.wire.before = lambda request: (
        httpx.Response(403, json=error) if request.method == "PATCH" else None
    )
    with pytest.raises(AuthenticationError, match="no permission"):
        shop.update(things(range(5)))


def test_who_may_not_write_one_record_is_told_of_that_one(shop: Any) -> None:
    error = {"error": {"code": "", "message": "not this one"}}
    rows = shop.fill(range(3))
    shop.wire.before = lambda request: (
        httpx.Response(403, json=error) if request.url.path.endswith("Things(1)") else None
    )
    assert named(shop.update(rows)) == Written(rejected={1: "not this one"})


def test_a_404_that_speaks_of_another_record_is_no_missing_record(shop: Any) -> None:
    """Dataverse answers so where a lookup refers to nothing."""
    rows = shop.fill(range(2))
    entity = shop.entity()
    size = entity.field("size").model_copy(
        update={"by_navigation": True, "lookup": (LookupTarget(entity="Sizes", navigation="Size"),)}
    )
    fields = tuple(size if field.name == "size" else field for field in entity.fields)
    error = {"error": {"code": "", "message": "size 7 Does Not Exist"}}
    shop.wire.before = lambda request: (
        httpx.Response(404, json=error) if b"@odata.bind" in request.content else None
    )
    sized = pa.RecordBatch.from_pylist([{**row, "size": 7} for row in rows])
    written = shop.connector.update(
        Entity.model_validate({**entity.model_dump(), "fields": fields}), sized
    )
    bodies = [json.loads(r.content) for r in shop.wire.asked if r.method == "PATCH"]
    assert [body["Size@odata.bind"] for body in bodies] == ["Sizes(7)"] * 2
    assert written.missing == ()
    assert written.rejected == dict.fromkeys([0, 1], "size 7 Does Not Exist")


def test_nothing_is_asked_for_nothing(shop: Any) -> None:
    entity = shop.entity()
    before = len(shop.wire.asked)
    none = pa.RecordBatch.from_pylist(things(range(1))).slice(0, 0)
    assert shop.connector.create(entity, none) == Written()
    assert shop.connector.update(entity, none) == Written()
    assert shop.connector.delete(entity, none) == Written()
    assert len(shop.wire.asked) == before
