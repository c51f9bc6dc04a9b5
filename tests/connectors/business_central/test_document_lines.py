"""Lines of documents, which Business Central lists for one document only."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.connectors.business_central.small import COMPANY, ORDER, OTHER, ROOT, Small, listing

from tandem.connectors.base import ETAG, Query
from tandem.core.anchors import best_version_field, tracking_by
from tandem.errors import Unreachable
from tandem.model.filters import AllOf, Comparison, Condition
from tandem.model.schema import ChangeTracking, Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = "documentLastModifiedDateTime"
ORDERS = f"companies({COMPANY})/salesOrders"
LINES = f"companies({COMPANY})/salesOrderLines"
NARROW = "$expand=salesOrderLines($select=id)"


def line(number: int, order: str = ORDER, **values: Any) -> dict[str, Any]:
    return {
        "@odata.etag": f'W/"{number}"',
        "id": f"bbbbbbbb-0000-0000-0000-{number:012}",
        "documentId": order,
        "sequence": number,
        "description": f"Line {number}",
        "quantity": 1.5,
        **values,
    }


def order(id_: str, modified: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "@odata.etag": 'W/"o"',
        "id": id_,
        "lastModifiedDateTime": modified,
        "salesOrderLines": list(lines),
        **more,
    }


@pytest.fixture
def service() -> Small:
    """Two orders, one of which has two lines."""
    return Small(
        {
            ORDERS: listing(
                order(ORDER, "2025-05-01T10:00:00.5Z", line(1), line(2)),
                order(OTHER, "2025-06-01T10:00:00Z", line(3, OTHER)),
            ),
            f"{ORDERS}/$count": httpx.Response(200, text="2"),
        }
    )


def query(service: Small, *fields: str, condition: Condition | None = None, **more: Any) -> Query:
    entity = service.schema().entity("salesOrderLines")
    return Query(entity, fields or entity.key, NOW, condition, **more)


def read(service: Small, asked: Query) -> list[dict[str, Any]]:
    pages = service.connector().read(asked)
    return [record for page in pages for record in page.records.to_pylist()]


def sequences(records: Sequence[dict[str, Any]]) -> list[int]:
    return [record["sequence"] for record in records]


def test_lines_are_read_whole_unless_their_documents_version_is_chosen(service: Small) -> None:
    """A line's own change need not be one of its document."""
    entity = service.schema().entity("salesOrderLines")
    assert best_version_field(entity) is None
    assert tracking_by(entity, VERSION) is ChangeTracking.TIMESTAMP
    assert entity.field(VERSION).kind is Kind.INSTANT
    assert entity.field(VERSION).read_only
    assert not entity.field(VERSION).nullable


def test_a_line_stays_in_its_place(service: Small) -> None:
    entity = service.schema().entity("salesOrderLines")
    fixed = {field.name for field in entity.fields if field.immutable}
    assert fixed == {"documentId", "sequence"}


def test_entities_with_a_version_of_their_own_are_left_as_they_are(service: Small) -> None:
    orders = service.schema().entity("salesOrders")
    assert orders.capabilities.version_fields == ("lastModifiedDateTime",)
    assert VERSION not in orders.by_name


def test_lines_come_with_etags_and_the_version_of_their_document(service: Small) -> None:
    records = read(service, query(service, "sequence", "quantity", VERSION))
    assert sequences(records) == [1, 2, 3]
    assert [record[ETAG] for record in records] == ['W/"1"', 'W/"2"', 'W/"3"']
    assert records[0][VERSION] == datetime(2025, 5, 1, 10, 0, 0, 500_000, UTC)
    assert records[2][VERSION] == datetime(2025, 6, 1, 10, tzinfo=UTC)
    assert not any(target.startswith(LINES) for target in service.asked)


def test_only_documents_that_changed_are_read(service: Small) -> None:
    since = Comparison(field=VERSION, operator="ge", value=datetime(2025, 5, 15, tzinfo=UTC))
    records = read(service, query(service, "sequence", condition=since))
    assert sequences(records) == [3]  # although this service does not filter
    (asked,) = [target for target in service.asked if target.startswith(f"{ORDERS}?")]
    assert "lastModifiedDateTime ge 2025-05-15T00:00:00Z" in asked
    assert "$select=lastModifiedDateTime,id" in asked


def test_conditions_on_lines_are_looked_at_here(service: Small) -> None:
    since = Comparison(field=VERSION, operator="ge", value=datetime(2025, 1, 1, tzinfo=UTC))
    named = Comparison(field="description", operator="ends_with", value="2")
    asked = query(service, "sequence", condition=AllOf(conditions=(since, named)))
    assert sequences(read(service, asked)) == [2]
    assert "endswith" not in "".join(service.asked)


def test_keys_are_swept_with_no_more_than_keys(service: Small) -> None:
    assert len(read(service, query(service))) == 3
    assert service.asked[-1].endswith(NARROW)


def test_lines_are_counted_by_their_keys(service: Small) -> None:
    assert service.connector().count(query(service)) == 3
    assert f"{LINES}/$count" not in service.asked


def test_the_greatest_version_is_that_of_the_documents(service: Small) -> None:
    service.replies[ORDERS] = listing({"id": OTHER, "lastModifiedDateTime": "2025-06-01T10:00:00Z"})
    there = Comparison(field=VERSION, operator="not_null")
    asked = query(service, VERSION, condition=there, descending_by=VERSION, limit=1)
    assert read(service, asked) == [{VERSION: datetime(2025, 6, 1, 10, tzinfo=UTC)}]
    assert "$orderby=lastModifiedDateTime desc&$top=1" in service.asked[-1]
    assert "$filter" not in service.asked[-1]
    assert "$expand" not in service.asked[-1]


def test_lines_are_ordered_and_cut_here(service: Small) -> None:
    records = read(service, query(service, "sequence", descending_by="sequence", limit=2))
    assert sequences(records) == [3, 2]


def test_further_pages_of_a_documents_lines_are_followed(service: Small) -> None:
    link = f"{ROOT}{ORDERS}({ORDER})/salesOrderLines?$skiptoken=1"
    first = order(
        ORDER, "2025-05-01T10:00:00Z", line(1), **{"salesOrderLines@odata.nextLink": link}
    )
    service.replies[ORDERS] = listing(first, order(OTHER, "2025-06-01T10:00:00Z"))
    service.replies[link.removeprefix(ROOT)] = listing(line(2), line(3))
    assert sequences(read(service, query(service, "sequence", VERSION))) == [1, 2, 3]


def test_further_pages_of_documents_are_followed(service: Small) -> None:
    link = f"{ROOT}{ORDERS}?$skiptoken=x"
    service.replies[ORDERS] = listing(
        order(ORDER, "2025-05-01T10:00:00Z", line(1)), **{"@odata.nextLink": link}
    )
    service.replies[link.removeprefix(ROOT)] = listing(
        order(OTHER, "2025-06-01T10:00:00Z", line(2))
    )
    assert sequences(read(service, query(service, "sequence"))) == [1, 2]


def test_lines_that_go_in_a_circle_are_told(service: Small) -> None:
    link = f"{ROOT}more"
    service.replies[ORDERS] = listing(
        order(ORDER, "2025-05-01T10:00:00Z", **{"salesOrderLines@odata.nextLink": link})
    )
    service.replies["more"] = listing(line(1), **{"@odata.nextLink": link})
    with pytest.raises(Unreachable, match="circle"):
        read(service, query(service, "sequence"))


def test_documents_without_their_lines_are_no_empty_documents(service: Small) -> None:
    service.replies[ORDERS] = listing({"id": ORDER, "lastModifiedDateTime": "2025-05-01T10:00:00Z"})
    with pytest.raises(Unreachable, match="without their salesOrderLines"):
        read(service, query(service, "sequence"))


def test_a_value_that_does_not_fit_puts_its_line_aside(service: Small) -> None:
    service.replies[ORDERS] = listing(
        order(ORDER, "2025-05-01T10:00:00Z", line(1, sequence="one"), line(2))
    )
    (page,) = service.connector().read(query(service, "sequence"))
    assert sequences(page.records.to_pylist()) == [2]
    assert [aside.id for aside in page.unreadable] == [line(1)["id"]]


def ids(*numbers: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"id": [line(number)["id"] for number in numbers]})


def test_lines_are_found_one_by_one(service: Small) -> None:
    service.replies[LINES] = lambda request: listing(
        *(one for one in (line(1), line(2)) if one["id"] in str(request.url))
    )
    asked = query(service, "sequence", VERSION)
    pages = service.connector().find(asked, ids(1, 2))
    records = [record for page in pages for record in page.records.to_pylist()]
    assert sequences(records) == [1, 2]
    assert records[0][VERSION] == datetime(2025, 5, 1, 10, 0, 0, 500_000, UTC)
    filters = [target for target in service.asked if target.startswith(f"{LINES}?")]
    assert len(filters) == 2
    assert not any(VERSION in target or " or " in target for target in filters)


def test_lines_are_found_by_other_fields_among_all(service: Small) -> None:
    keys = pa.RecordBatch.from_pydict({"sequence": pa.array([3, 9], pa.int64())})
    pages = service.connector().find(query(service, "sequence"), keys)
    assert [r for page in pages for r in sequences(page.records.to_pylist())] == [3]


def test_lines_are_written_where_they_are(service: Small) -> None:
    entity = service.schema().entity("salesOrderLines")
    path = f"{LINES}({line(1)['id']})"
    service.replies[path] = lambda request: (
        httpx.Response(200, json=line(1, quantity=2))
        if request.headers["If-Match"] == 'W/"1"'
        else httpx.Response(412)
    )
    records = pa.RecordBatch.from_pylist([{"id": line(1)["id"], "quantity": 2}])
    seen = pa.RecordBatch.from_pylist([{ETAG: 'W/"1"'}])
    written = service.connector().update(entity, records, seen=seen)
    assert not written.rejected
    assert not written.changed
