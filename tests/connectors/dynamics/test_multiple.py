"""Many records in one request, and what becomes of them when it is refused or lost."""

import json
from typing import Any
from uuid import UUID

import httpx
import pyarrow as pa
import pytest
from tests.connectors.dynamics.small_dataverse import TABLES, Dataverse, refusal

from tandem.connectors.base import ETAG, ROW
from tandem.connectors.dynamics.connector import DynamicsConnector
from tandem.errors import Throttled
from tandem.model.schema import Entity

DUPLICATE = refusal(412, "0x80040237", "Cannot insert duplicate key.")
LATER = refusal(429, "0x80072322", "Number of requests exceeded the limit of 6000.")


def met(dataverse: Dataverse) -> tuple[DynamicsConnector, Entity]:
    """A connector that knows its schema, and the accounts."""
    connector = dataverse.connector()
    entity = connector.schema().entity("accounts")
    dataverse.requests.clear()
    return connector, entity


def new(count: int, **more: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"name": f"n{row}", **more} for row in range(count)])


def known(dataverse: Dataverse, count: int) -> pa.RecordBatch:
    """Records that are there, with new names."""
    keys = [str(UUID(int=row + 1)) for row in range(count)]
    for key in keys:
        dataverse.made({"accountid": key, "name": "old"})
    return pa.RecordBatch.from_pydict({"accountid": keys, "name": ["new"] * count})


def lost(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("no answer")


def sent(dataverse: Dataverse, message: str) -> list[dict[str, Any]]:
    bodies = [r.content for r in dataverse.requests if r.url.path.endswith(message)]
    return [target for body in bodies for target in json.loads(body)["Targets"]]


def test_new_records_go_in_one_request_and_come_back_with_their_keys(dataverse: Dataverse) -> None:
    connector, entity = met(dataverse)
    written = connector.create(entity, new(10), returning=["accountnumber"])
    assert written.records is not None
    assert written.records.column(ROW).to_pylist() == list(range(10))
    assert None not in written.records.column("accountid").to_pylist()
    assert dataverse.count("CreateMultiple") == 2  # whether it is there, and itself
    assert dataverse.changes == 0
    assert sent(dataverse, "CreateMultiple")[0] == {
        "@odata.type": "Microsoft.Dynamics.CRM.account",
        "name": "n0",
    }


def test_requests_are_counted_by_the_thousand(dataverse: Dataverse) -> None:
    """Each request in a `$batch` counts as one (Learn, "Service protection API limits")."""
    connector, entity = met(dataverse)
    connector.create(entity, new(2_500))
    assert dataverse.count("POST accounts/Microsoft.Dynamics.CRM.CreateMultiple") == 3
    assert dataverse.changes == 0
    assert len(dataverse.rows) == 2_500


def test_keys_that_we_choose_and_lookups_travel_as_they_do_alone(dataverse: Dataverse) -> None:
    connector, entity = met(dataverse)
    contact = str(UUID(int=7))
    keys = [str(UUID(int=row + 1)) for row in range(5)]
    records = pa.RecordBatch.from_pylist(
        [{"accountid": key, "_primarycontactid_value": contact} for key in keys]
    )
    connector.create(entity, records)
    assert sent(dataverse, "CreateMultiple")[0] == {
        "@odata.type": "Microsoft.Dynamics.CRM.account",
        "accountid": keys[0],
        "primarycontactid@odata.bind": f"contacts({contact})",
    }


def test_changes_without_etags_go_in_one_request(dataverse: Dataverse) -> None:
    connector, entity = met(dataverse)
    records = known(dataverse, 5)
    written = connector.update(entity, records)
    assert {row["name"] for row in dataverse.rows.values()} == {"new"}
    assert written.records is not None
    assert written.records.num_rows == 5
    assert sent(dataverse, "UpdateMultiple")[0] == {
        "@odata.type": "Microsoft.Dynamics.CRM.account",
        "accountid": records.column("accountid")[0].as_py(),
        "name": "new",
    }


def test_changes_with_etags_go_by_themselves(dataverse: Dataverse) -> None:
    connector, entity = met(dataverse)
    records = known(dataverse, 5)
    connector.update(entity, records, seen=pa.RecordBatch.from_pydict({ETAG: ['W/"1"'] * 5}))
    assert not sent(dataverse, "UpdateMultiple")
    assert dataverse.changes == 5


@pytest.mark.parametrize("count", [1, 3])
def test_a_few_records_are_not_worth_it(dataverse: Dataverse, count: int) -> None:
    connector, entity = met(dataverse)
    connector.create(entity, new(count))
    assert dataverse.count("CreateMultiple") == 0


def test_a_table_without_the_message_is_written_by_batches(dataverse: Dataverse) -> None:
    dataverse.messages.clear()
    connector, entity = met(dataverse)
    connector.create(entity, new(5))
    connector.create(entity, new(5))
    assert dataverse.count("sdkmessagefilters") == 1
    assert dataverse.changes == 10


def test_a_table_that_is_not_all_or_nothing_is_written_by_batches(dataverse: Dataverse) -> None:
    dataverse.tables = [{**TABLES[0], "DataProviderId": "1d9bde74-9ebd-4da9-8ff5-aa74945b9f74"}]
    connector, entity = met(dataverse)
    connector.create(entity, new(5))
    assert dataverse.count("CreateMultiple") == 0
    assert dataverse.changes == 5


def test_what_is_refused_as_a_whole_goes_by_a_batch_each_with_its_own_fate(
    dataverse: Dataverse,
) -> None:
    dataverse.instead["CRM.CreateMultiple"] = DUPLICATE
    connector, entity = met(dataverse)
    written = connector.create(entity, new(5))
    assert (written.rejected, written.unknown, dataverse.changes) == ({}, (), 5)


def test_a_message_that_is_refused_again_and_again_is_not_tried_any_more(
    dataverse: Dataverse,
) -> None:
    dataverse.instead["CRM.CreateMultiple"] = DUPLICATE
    connector, entity = met(dataverse)
    for _ in range(4):
        connector.create(entity, new(5))
    assert dataverse.count("CRM.CreateMultiple") == 2


def test_new_records_whose_answer_is_lost_are_unknown_and_never_sent_again(
    dataverse: Dataverse,
) -> None:
    dataverse.instead["CRM.CreateMultiple"] = lost
    connector, entity = met(dataverse)
    written = connector.create(entity, new(1_200))
    assert written.unknown == tuple(range(1_000))
    assert written.unsent == tuple(range(1_000, 1_200))
    assert written.stopped_by is not None
    assert dataverse.count("CRM.CreateMultiple") == 1
    assert dataverse.changes == 0


def test_what_was_made_before_we_were_sent_elsewhere_is_told(dataverse: Dataverse) -> None:
    answers = iter([None, httpx.Response(307, headers={"Location": "https://else.example/"})])
    ordinary = dataverse.answer

    def second_elsewhere(request: httpx.Request) -> httpx.Response:
        target = str(request.url).partition("/v9.2/")[2]
        return next(answers) or ordinary("POST", target, request.headers, request.content)

    dataverse.instead["CRM.CreateMultiple"] = second_elsewhere
    connector, entity = met(dataverse)
    written = connector.create(entity, new(1_200))
    assert written.records is not None
    assert written.records.num_rows == 1_000
    assert written.unsent == tuple(range(1_000, 1_200))
    assert written.stopped_by is not None


def test_an_answer_with_other_ids_than_were_sent_counts_as_lost(dataverse: Dataverse) -> None:
    dataverse.instead["CRM.CreateMultiple"] = lambda _: httpx.Response(200, json={"Ids": []})
    connector, entity = met(dataverse)
    assert connector.create(entity, new(5)).unknown == (0, 1, 2, 3, 4)


def test_changes_whose_answer_is_lost_are_sent_again_by_themselves(dataverse: Dataverse) -> None:
    dataverse.instead["CRM.UpdateMultiple"] = lost
    connector, entity = met(dataverse)
    written = connector.update(entity, known(dataverse, 5))
    assert (written.unknown, written.unsent, dataverse.changes) == ((), (), 5)


def test_changes_that_cannot_be_sent_again_are_unknown(dataverse: Dataverse) -> None:
    dataverse.instead["CRM.UpdateMultiple"] = lost
    dataverse.instead[r"^\$batch"] = LATER
    connector, entity = met(dataverse)
    written = connector.update(entity, known(dataverse, 5))
    assert (written.unknown, written.unsent) == ((0, 1, 2, 3, 4), ())


def test_a_service_that_wants_us_to_wait_is_asked_again(dataverse: Dataverse) -> None:
    dataverse.instead["CRM.CreateMultiple"] = LATER
    connector, entity = met(dataverse)
    written = connector.create(entity, new(5))
    assert written.unsent == (0, 1, 2, 3, 4)
    assert isinstance(written.stopped_by, Throttled)
    assert dataverse.count("CRM.CreateMultiple") == 5


def test_batches_are_never_asked_for_in_json(dataverse: Dataverse) -> None:
    dataverse.messages.clear()
    connector, entity = met(dataverse)
    connector.create(entity, new(5))
    kinds = {r.headers["Content-Type"] for r in dataverse.requests if r.method == "POST"}
    assert all(kind.startswith("multipart/") for kind in kinds)
