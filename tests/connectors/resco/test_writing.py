"""Many records go by the data service, guarded ones by OData; each has a fate of its own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.connectors.resco.organization import (
    A1,
    A2,
    C1,
    DONE,
    W1,
    Organization,
    body,
    error,
    fault,
    listing,
    made,
    page,
    results,
    xml,
)

from tandem.connectors.base import ETAG, Written
from tandem.core.values import arrow_type
from tandem.errors import AuthenticationError, Unreachable
from tandem.model.schema import Entity
from tandem.xml_source import xml_tree

MULTIPLE = "POST /rest/v1/data/ExecuteMultiple"
NS = "{http://schemas.resco.net/XRM/Execute}"


def batch(entity: Entity, *records: dict[str, Any]) -> pa.RecordBatch:
    types = [(name, arrow_type(entity.field(name))) for name in records[0]]
    return pa.RecordBatch.from_pylist(list(records), schema=pa.schema(types))


def sent(organization: Organization, at: int = -1) -> list[tuple[str, dict[str, str | None]]]:
    """The records of an `ExecuteMultiple`: what is to be done, and the values."""
    root = xml_tree(organization.asked("POST", "/ExecuteMultiple")[at].content)
    assert root.attrib == {"ContinueOnError": "true"}
    return [
        (child.attrib["Action"], {v.tag.removeprefix(NS): v.text for v in child}) for child in root
    ]


def accounts(*keys: str) -> Sequence[dict[str, Any]]:
    return [{"id": key, "name": f"Name {key[-1]}"} for key in keys]


def etags(*etags: str) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({ETAG: list(etags)})


def test_values_travel_as_the_service_writes_them(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(made(W1))
    connector = organization.connector()
    order = connector.schema().entity("fs_workorder")
    record = {
        "id": W1,
        "name": "a <b> & c\r",
        "customerid_account": None,
        "customerid_contact": C1,
        "statuscode": 1,
        "start": datetime(2026, 3, 18, 12, 30, tzinfo=UTC),
        "billable": True,
        "amount": Decimal("1.50"),
        "photo": b"\x00\xff",
    }

    written = connector.create(order, batch(order, record))

    assert not written.rejected
    assert sent(organization) == [
        (
            "Create",
            {
                "id": W1,
                "name": "a <b> & c\r",
                "customerid": f"contact:{C1}",
                "statuscode": "1",
                "start": "2026-03-18T12:30:00Z",
                "billable": "True",
                "amount": "1.5",
                "photo": "AP8=",
            },
        )
    ]


def test_a_hundred_records_go_at_once(organization: Organization) -> None:
    keys = [f"0a000000-0000-0000-0000-{n:012}" for n in range(150)]
    organization.replies[MULTIPLE] = [
        results(*map(made, keys[:100])),
        results(*map(made, keys[100:])),
    ]
    organization.replies["GET /odata/v4/account"] = listing(*accounts(*keys))
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, *accounts(*keys)))

    assert [len(sent(organization, at)) for at in (0, 1)] == [100, 50]
    assert not written.rejected
    assert written.records is not None
    assert written.records.num_rows == 150


def test_a_record_without_key_is_read_again_by_the_one_it_was_given(
    organization: Organization,
) -> None:
    organization.replies[MULTIPLE] = results(made(A1))
    organization.replies["GET /odata/v4/account"] = listing(
        {"@odata.etag": 'W/"1"', "id": A1, "name": "One"}
    )
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, {"name": "One"}))

    assert written.records is not None
    assert written.records.to_pylist() == [{"@row": 0, "id": A1, "name": "One", ETAG: 'W/"1"'}]


def test_a_fault_rejects_its_own_record_only(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(made(A1), fault("No such owner"))
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1))
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, *accounts(A1, A2)))

    assert written.rejected == {1: "No such owner"}


def test_a_create_that_meets_a_record_changes_nothing(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(fault("Duplicate key"), fault("Duplicate key"))
    organization.replies["GET /odata/v4/account"] = listing(
        {"id": A1, "name": "Name 1"}, {"id": A2, "name": "Another"}
    )
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, *accounts(A1, A2)))

    assert not written.rejected
    assert written.changed == (1,)


def test_what_replaces_is_an_upsert_with_its_nulls(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(DONE)
    organization.replies["GET /odata/v4/contact"] = page()
    connector = organization.connector()
    contact = connector.schema().entity("contact")

    connector.create(
        contact, batch(contact, {"id": C1, "name": None, "parentcustomerid": None}), replace=True
    )

    assert sent(organization) == [("Upsert", {"id": C1, "name": None, "parentcustomerid": None})]


def test_a_create_whose_answer_was_lost_is_not_sent_again(organization: Organization) -> None:
    organization.replies[MULTIPLE] = httpx.ReadTimeout("too slow")
    connector = organization.connector()
    account = connector.schema().entity("account")
    keys = [f"0a000000-0000-0000-0000-{n:012}" for n in range(120)]

    written = connector.create(account, batch(account, *accounts(*keys)))

    assert len(organization.asked("POST", "/ExecuteMultiple")) == 1
    assert written.unknown == tuple(range(100))
    assert written.unsent == tuple(range(100, 120))
    assert isinstance(written.stopped_by, Unreachable)


def test_what_never_arrived_is_sent_again(organization: Organization) -> None:
    organization.replies[MULTIPLE] = [httpx.ConnectError("refused"), results(made(A1))]
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1))
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, *accounts(A1)))

    assert written == Written(records=written.records)


def test_records_that_an_answer_leaves_out_have_an_unknown_fate(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(made(A1))
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1))
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, *accounts(A1, A2)))

    assert written.unknown == (1,)


def test_a_batch_that_is_refused_as_such_is_sent_in_halves(organization: Organization) -> None:
    organization.replies[MULTIPLE] = [
        xml("<Fault><Reason>Bad request</Reason></Fault>", 400),
        results(made(A1)),
        xml("<Fault><Reason>Bad name</Reason></Fault>", 400),
    ]
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1))
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, *accounts(A1, A2)))

    assert written.rejected == {1: "Bad name"}


@pytest.mark.parametrize("status", [200, 400])
def test_records_without_key_are_not_sent_again_when_a_fault_stands_for_all(
    organization: Organization, status: int
) -> None:
    """The service may have created some of them before."""
    organization.replies[MULTIPLE] = xml("<Fault><Reason>Out of memory</Reason></Fault>", status)
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, {"name": "One"}, {"name": "Two"}))

    assert written.unknown == (0, 1)
    assert "Out of memory" in str(written.stopped_by)
    assert len(organization.asked("POST", "ExecuteMultiple")) == 1


def test_a_batch_that_is_too_large_is_sent_in_halves(organization: Organization) -> None:
    organization.replies[MULTIPLE] = [httpx.Response(413), results(made(A1)), results(made(A2))]
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1, A2))
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.create(account, batch(account, {"name": "One"}, {"name": "Two"}))

    assert not written.unknown
    assert len(organization.asked("POST", "ExecuteMultiple")) == 3


def test_what_xml_cannot_carry_is_refused_by_row(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(made(A1))
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1))
    connector = organization.connector()
    account = connector.schema().entity("account")
    records = [*accounts(A1), {"id": A2, "name": "bell \x07"}]

    written = connector.create(account, batch(account, *records))

    assert written.rejected == {1: "field 'name': XML cannot carry the character U+0007"}


def test_who_is_not_let_in_is_told_so(organization: Organization) -> None:
    organization.replies[MULTIPLE] = httpx.Response(401)
    connector = organization.connector()
    account = connector.schema().entity("account")

    with pytest.raises(AuthenticationError):
        connector.create(account, batch(account, *accounts(A1)))


def test_a_guarded_update_goes_by_odata_with_its_etag(organization: Organization) -> None:
    organization.replies[f"PATCH /odata/v4/account('{A1}')"] = httpx.Response(
        200, json={"@odata.etag": 'W/"0C"', "id": A1, "name": "Name 1"}
    )
    organization.replies[f"PATCH /odata/v4/account('{A2}')"] = httpx.Response(412)
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.update(
        account, batch(account, *accounts(A1, A2)), seen=etags('W/"0A"', 'W/"0B"')
    )

    assert written.changed == (1,)
    assert [r.headers["If-Match"] for r in organization.requests if r.method == "PATCH"] == [
        'W/"0A"',
        'W/"0B"',
    ]
    assert not organization.asked("POST", "/ExecuteMultiple")


def test_numbers_are_numbers(organization: Organization) -> None:
    patch = f"PATCH /odata/v4/account('{A1}')"
    organization.replies[patch] = httpx.Response(204)
    connector = organization.connector()
    account = connector.schema().entity("account")

    connector.update(
        account,
        batch(account, {"id": A1, "creditlimit": Decimal("12345678901234567.89")}),
        seen=etags('W/"0A"'),
    )

    (request,) = (r for r in organization.requests if r.method == "PATCH")
    assert request.content == b'{"creditlimit":12345678901234567.89}'


def test_a_lookup_is_bound_and_of_its_parts_the_one_that_refers_to_something(
    organization: Organization,
) -> None:
    organization.replies[f"PATCH /odata/v4/fs_workorder('{W1}')"] = httpx.Response(204)
    connector = organization.connector()
    order = connector.schema().entity("fs_workorder")
    record = {"id": W1, "customerid_account": None, "customerid_contact": C1}

    connector.update(order, batch(order, record), seen=etags('W/"0A"'))

    (request,) = (r for r in organization.requests if r.method == "PATCH")
    assert body(request) == {"customerid@odata.bind": f"/contact({C1})"}
    assert "annotations" not in request.headers["prefer"]


def test_a_service_that_does_not_bind_gets_lookups_as_texts(organization: Organization) -> None:
    organization.replies[f"PATCH /odata/v4/contact('{C1}')"] = [
        error(400, "Unknown property parentcustomerid@odata.bind"),
        httpx.Response(204),
    ]
    connector = organization.connector()
    contact = connector.schema().entity("contact")
    record = batch(contact, {"id": C1, "parentcustomerid": A1})

    first = connector.update(contact, record, seen=etags('W/"0A"'))
    connector.update(contact, record, seen=etags('W/"0B"'))

    assert not first.rejected
    sent = [body(r) for r in organization.requests if r.method == "PATCH"]
    assert sent == [
        {"parentcustomerid@odata.bind": f"/account({A1})"},
        {"parentcustomerid": f"account:{A1}"},
        {"parentcustomerid": f"account:{A1}"},
    ]


def test_a_refusal_in_either_form_is_told_in_the_words_of_the_first(
    organization: Organization,
) -> None:
    organization.replies[f"PATCH /odata/v4/contact('{C1}')"] = [
        error(400, "No such account"),
        error(400, "What is account:…?"),
    ]
    connector = organization.connector()
    contact = connector.schema().entity("contact")

    written = connector.update(
        contact, batch(contact, {"id": C1, "parentcustomerid": A1}), seen=etags('W/"0A"')
    )

    assert written.rejected == {0: "No such account"}


def test_an_update_without_a_look_goes_by_the_data_service(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(DONE, fault("No such record"))
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1))
    connector = organization.connector()
    account = connector.schema().entity("account")

    written = connector.update(account, batch(account, *accounts(A1, A2)))

    assert [action for action, _ in sent(organization)] == ["Update", "Update"]
    assert written.missing == (1,)
    assert not written.rejected


def test_fields_that_are_not_given_are_not_sent(organization: Organization) -> None:
    organization.replies[MULTIPLE] = results(DONE)
    organization.replies["GET /odata/v4/account"] = listing(*accounts(A1, A2))
    connector = organization.connector()
    account = connector.schema().entity("account")
    given = pa.RecordBatch.from_pydict({"name": [True, False]})

    connector.update(account, batch(account, *accounts(A1, A2)), given=given)

    assert sent(organization) == [("Update", {"id": A1, "name": "Name 1"})]


def test_a_delete_is_guarded(organization: Organization) -> None:
    organization.replies[f"DELETE /odata/v4/account('{A1}')"] = httpx.Response(204)
    organization.replies[f"DELETE /odata/v4/account('{A2}')"] = httpx.Response(412)
    connector = organization.connector()
    account = connector.schema().entity("account")
    keys = batch(account, {"id": A1}, {"id": A2})

    written = connector.delete(account, keys, seen=etags('W/"0A"', 'W/"0B"'))

    assert (written.changed, written.missing) == ((1,), ())
