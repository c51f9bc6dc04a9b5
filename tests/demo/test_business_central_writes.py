"""Writing to the simulated Business Central, its batches, and what it refuses when."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.demo.business_central.control import Control
from tandem.demo.business_central.pages import NO_GUID
from tandem.demo.business_central.sample import COMPANIES, fill
from tandem.demo.business_central.service import ROOT, WEB_SERVICE_ROOT, create_app
from tandem.demo.data import Sizes
from tandem.demo.server import serving

CRONUS, MINE = COMPANIES
HOME = f"companies({CRONUS.id})/"
ANY = {"If-Match": "*"}
SERVICES = f"{WEB_SERVICE_ROOT}Company('CRONUS%20International%20Ltd.')/"
Record = dict[str, Any]


class Times:
    """A clock that moves a second whenever it is looked at."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    fill(folder / "bc.db", Sizes(accounts=4, contacts=5, work_orders=6))
    return folder


@pytest.fixture
def client(tmp_path: Path, filled: Path, control: Control) -> Iterator[httpx.Client]:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    app = create_app(tmp_path / "bc.db", clock=Times(), control=control)
    with serving(app, root=ROOT) as url, httpx.Client(base_url=url) as client:
        yield client


def error(response: httpx.Response) -> tuple[int, str, str]:
    told = response.json()["error"]
    message, told_as, _ = told["message"].partition("  CorrelationId:  ")
    assert told_as
    return response.status_code, told["code"], message


def first(client: httpx.Client, name: str) -> Record:
    found: Record = client.get(f"{HOME}{name}?$top=1&$orderby=number").json()["value"][0]
    return found


def made(response: httpx.Response) -> Record:
    assert response.status_code == 201, response.text
    record: Record = response.json()
    return record


def order_with_lines(client: httpx.Client, *quantities: int) -> Record:
    item = first(client, "items")
    lines = [{"itemId": item["id"], "quantity": quantity} for quantity in quantities]
    body = {"customerId": first(client, "customers")["id"], "salesOrderLines": lines}
    return made(client.post(f"{HOME}salesOrders", json=body))


def lines_of(client: httpx.Client, order: str) -> list[Record]:
    path = f"{HOME}salesOrders({order})/salesOrderLines?$orderby=sequence"
    found: list[Record] = client.get(path).json()["value"]
    return found


def services(client: httpx.Client, path: str) -> httpx.URL:
    return client.base_url.copy_with(path="/").join(f"{SERVICES}{path}")


def test_new_record_is_a_201_with_its_blanks(client: httpx.Client):
    response = client.post(f"{HOME}customers", json={"displayName": "Müller", "blocked": "All"})
    record = made(response)
    assert response.headers["location"].endswith(f"{HOME}customers({record['id']})")
    assert record["number"]
    assert (record["city"], record["currencyId"], record["blocked"]) == ("", NO_GUID, "All")
    assert record["lastModifiedDateTime"].endswith(".123Z")
    read = client.get(f"{HOME}customers({record['id']})").json()
    assert read == record


def test_null_is_blank_unless_it_is_refused(client: httpx.Client, control: Control):
    body = {"displayName": "X", "city": None, "currencyId": None, "creditLimit": None}
    record = made(client.post(f"{HOME}customers", json=body))
    assert (record["city"], record["currencyId"], record["creditLimit"]) == ("", NO_GUID, 0)
    control.refuse_null = True
    refused = client.post(f"{HOME}customers", json=body)
    assert error(refused)[:2] == (400, "BadRequest_RequiredParamNotProvided")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "BadRequest_RequiredParamNotProvided"),
        ({"displayName": None}, "BadRequest_RequiredParamNotProvided"),
        ({"displayName": "x", "town": "Brno"}, "BadRequest"),
        ({"displayName": "x", "creditLimit": "much"}, "BadRequest"),
        ({"displayName": "x", "lastModifiedDateTime": None}, "BadRequest_InvalidOperation"),
        ({"displayName": "x", "blocked": " "}, "Unknown"),
        ({"displayName": "x" * 101}, "Application_StringExceededLength"),
        ({"displayName": "x", "number": "A-000001"}, "Internal_EntityWithSameKeyExists"),
        ({"displayName": "x", "paymentTermsId": CRONUS.id}, "Internal_InvalidTableRelation"),
        ({"displayName": "x", "currency@odata.bind": "currencies(1)"}, "BadRequest"),
    ],
)
def test_record_that_cannot_be_is_refused(client: httpx.Client, body, code):
    assert error(client.post(f"{HOME}customers", json=body))[:2] == (400, code)
    assert client.get(f"{HOME}customers/$count").text == "4"


@pytest.mark.parametrize("status", [409, 412])
def test_change_needs_the_etag_of_what_is_there(
    client: httpx.Client, control: Control, status: int
):
    control.changed_status = status
    record = first(client, "customers")
    path, own = f"{HOME}customers({record['id']})", {"If-Match": record["@odata.etag"]}
    body = {"city": "Ostrava"}
    for headers in ({}, {"If-Match": "none"}):
        assert error(client.patch(path, json=body, headers=headers))[:2] == (
            400,
            "BadRequest_InvalidToken",
        )
    changed = client.patch(path, json=body, headers=own)
    assert (changed.status_code, changed.json()["city"]) == (200, "Ostrava")
    assert changed.json()["@odata.etag"] != record["@odata.etag"]
    assert changed.json()["lastModifiedDateTime"] > record["lastModifiedDateTime"]
    words = "Another user has already changed the record."
    assert error(client.patch(path, json=body, headers=own)) == (
        status,
        "Request_EntityChanged",
        words,
    )
    assert error(client.delete(path, headers=own))[0] == status
    assert client.patch(path, json=body, headers=ANY).status_code == 200


def test_delete_needs_an_etag_and_is_a_204(client: httpx.Client):
    record = first(client, "contacts")
    path = f"{HOME}contacts({record['id']})"
    assert error(client.delete(path))[:2] == (400, "BadRequest_InvalidToken")
    assert client.delete(path, headers=ANY).status_code == 204
    assert error(client.delete(path, headers=ANY))[:2] == (404, "Internal_RecordNotFound")


def test_record_that_others_refer_to_stays(client: httpx.Client):
    order = order_with_lines(client, 1)
    path = f"{HOME}customers({order['customerId']})"
    assert error(client.delete(path, headers=ANY))[:2] == (400, "Application_DialogException")


def test_order_is_made_with_its_lines(client: httpx.Client):
    order = order_with_lines(client, 2, 3)
    price = first(client, "items")["unitPrice"]
    lines = lines_of(client, order["id"])
    assert [line["sequence"] for line in lines] == [10_000, 20_000]
    assert [line["netAmount"] for line in lines] == [2 * price, 3 * price]
    read = client.get(f"{HOME}salesOrders({order['id']})").json()
    assert read["totalAmountExcludingTax"] == 5 * price
    assert read["customerName"] == first(client, "customers")["displayName"]


def test_order_needs_a_customer(client: httpx.Client):
    told = error(client.post(f"{HOME}salesOrders", json={"email": "a@example.com"}))
    words = "A customerNumber or a customerID must be provided."
    assert told == (400, "Application_DialogException", words)


def test_order_that_fails_leaves_nothing(client: httpx.Client):
    body = {"customerNumber": "A-000001", "salesOrderLines": [{"itemId": CRONUS.id}]}
    refused = client.post(f"{HOME}salesOrders", json=body)
    assert error(refused)[:2] == (400, "Internal_InvalidTableRelation")
    assert client.get(f"{HOME}salesOrders/$count").text == "6"


def test_lines_do_not_change_with_their_header(client: httpx.Client):
    order = order_with_lines(client, 1)
    path = f"{HOME}salesOrders({order['id']})"
    body = {"salesOrderLines": [{"quantity": 7}]}
    assert client.patch(path, json=body, headers=ANY).status_code == 400
    assert [line["quantity"] for line in lines_of(client, order["id"])] == [1]


def test_change_of_a_line_is_one_of_its_header(client: httpx.Client):
    order = order_with_lines(client, 1, 1)
    header = f"{HOME}salesOrders({order['id']})"
    line = lines_of(client, order["id"])[0]
    item = line["itemId"]
    last = client.get(header).json()
    for write in (
        lambda: client.patch(
            f"{HOME}salesOrderLines({line['id']})", json={"quantity": 9}, headers=ANY
        ),
        lambda: client.post(f"{header}/salesOrderLines", json={"itemId": item, "quantity": 2}),
        lambda: client.delete(f"{header}/salesOrderLines({line['id']})", headers=ANY),
    ):
        assert write().is_success
        now = client.get(header).json()
        assert now["lastModifiedDateTime"] > last["lastModifiedDateTime"]
        assert now["@odata.etag"] != last["@odata.etag"]
        assert now["totalAmountExcludingTax"] != last["totalAmountExcludingTax"]
        last = now
    assert [line["sequence"] for line in lines_of(client, order["id"])] == [20_000, 30_000]


def test_change_of_no_amount_leaves_the_header_alone(client: httpx.Client):
    order = order_with_lines(client, 1)
    header = client.get(f"{HOME}salesOrders({order['id']})").json()
    line = lines_of(client, order["id"])[0]
    path = f"{HOME}salesOrderLines({line['id']})"
    changed = client.patch(path, json={"description": "Other"}, headers=ANY).json()
    assert changed["description"] == "Other"
    assert changed["@odata.etag"] != line["@odata.etag"]
    assert client.get(f"{HOME}salesOrders({order['id']})").json() == header


@pytest.mark.parametrize("name", ["documentId", "sequence", "lineObjectNumber"])
def test_what_only_new_lines_take_does_not_change(client: httpx.Client, name: str):
    order, other = order_with_lines(client, 1), order_with_lines(client, 1)
    line = lines_of(client, order["id"])[0]
    value = {"documentId": other["id"], "sequence": 7, "lineObjectNumber": "7"}[name]
    path = f"{HOME}salesOrderLines({line['id']})"
    assert client.patch(path, json={name: line[name]}, headers=ANY).is_success
    refused = client.patch(path, json={name: value}, headers=ANY)
    assert error(refused)[2] == f"The value for {name} cannot be modified."
    assert lines_of(client, order["id"])[0][name] == line[name]


def test_lines_go_with_their_header(client: httpx.Client):
    order = order_with_lines(client, 1)
    line = lines_of(client, order["id"])[0]["id"]
    assert client.delete(f"{HOME}salesOrders({order['id']})", headers=ANY).status_code == 204
    assert client.get(f"{HOME}salesOrderLines({line})").status_code == 404


def test_another_customer_of_an_order_brings_its_name(client: httpx.Client):
    order = order_with_lines(client, 1)
    path = f"{HOME}salesOrders({order['id']})"
    changed = client.patch(path, json={"customerNumber": "A-000002"}, headers=ANY).json()
    customer = client.get(f"{HOME}customers({changed['customerId']})").json()
    assert customer["number"] == "A-000002"
    assert changed["customerName"] == customer["displayName"]


def test_web_service_records_have_keys_of_texts(client: httpx.Client):
    body = {"CustomerNo": "A-000001", "Description": "Repair"}
    response = client.post(services(client, "RescoServiceOrder"), json=body)
    order = made(response)
    assert order["DocumentType"] == "Order"
    key = f"RescoServiceOrder(DocumentType='Order',No='{order['No']}')"
    assert response.headers["location"].endswith(key)
    changed = client.patch(services(client, key), json={"Status": "Finished"}, headers=ANY)
    assert changed.json()["RowVersionNumber"] > order["RowVersionNumber"]
    again = client.post(services(client, "RescoServiceOrder"), json={**body, "No": order["No"]})
    assert error(again)[:2] == (400, "Internal_EntityWithSameKeyExists")
    person = made(client.post(services(client, "RescoContact"), json={"No": "K'1", "Name": "Li"}))
    assert person["Type"] == "Person"
    assert client.get(services(client, "RescoContact('K''1')")).json() == {
        **person,
        "@odata.context": person["@odata.context"],
    }


def test_companies_are_not_made(client: httpx.Client):
    assert error(client.post("companies", json={}))[:2] == (405, "BadRequest_MethodNotAllowed")


def test_replica_takes_no_writes(client: httpx.Client):
    headers = {"Data-Access-Intent": "ReadOnly"}
    assert client.get(f"{HOME}customers", headers=headers).status_code == 200
    assert client.post(f"{HOME}customers", json={}, headers=headers).status_code == 400


def batch(client: httpx.Client, *requests: Record, **headers: str) -> list[Record]:
    response = client.post("$batch", json={"requests": list(requests)}, headers=headers)
    assert response.status_code == 200, response.text
    found: list[Record] = response.json()["responses"]
    return found


def new_customer(name: str, **more: Any) -> Record:
    body = {"displayName": name}
    return {"method": "POST", "url": f"{HOME}customers", "body": body, **more}


def names(client: httpx.Client) -> set[str]:
    found = client.get(f"{HOME}customers?$select=displayName").json()["value"]
    return {item["displayName"] for item in found}


def test_batch_goes_on_after_an_error(client: httpx.Client):
    wrong = {**new_customer("wrong"), "body": {"blocked": "?"}, "id": "2"}
    answers = batch(client, new_customer("one", id="1"), wrong, new_customer("three", id="3"))
    assert [(item["id"], item["status"]) for item in answers] == [
        ("1", 201),
        ("2", 400),
        ("3", 201),
    ]
    assert answers[0]["body"]["displayName"] == "one"
    assert "CorrelationId:" in answers[1]["body"]["error"]["message"]
    assert {"one", "three"} <= names(client)


def test_batch_stops_where_that_is_preferred(client: httpx.Client):
    wrong = {**new_customer("wrong", id="1"), "body": {"blocked": "?"}}
    preferred = {"Prefer": "odata.continue-on-error=false"}
    answers = batch(client, wrong, new_customer("two", id="2"), **preferred)
    assert [item["status"] for item in answers] == [400]


def test_batch_without_ids_is_answered_in_order(client: httpx.Client):
    answers = batch(client, new_customer("one"), new_customer("two"))
    assert [item["id"] for item in answers] == [None, None]
    assert [item["body"]["displayName"] for item in answers] == ["one", "two"]


def test_batch_names_the_company_by_header(client: httpx.Client):
    inside = {"Company": CRONUS.name}
    request = {"method": "GET", "url": "items?$top=1", "headers": inside, "id": "1"}
    other = {**request, "headers": {"Company": "cronus"}, "id": "2"}
    found, unknown = batch(client, request, other)
    assert found["body"]["value"] == [client.get(f"{HOME}items?$top=1").json()["value"][0]]
    assert (unknown["status"], unknown["body"]["error"]["code"]) == (
        404,
        "Internal_CompanyNotFound",
    )


def test_snapshot_takes_everything_back_and_does_not_say_so(client: httpx.Client):
    before = names(client)
    wrong = {**new_customer("wrong", id="2"), "body": {"blocked": "?"}}
    answers = batch(client, new_customer("one", id="1"), wrong, Isolation="snapshot")
    assert [item["status"] for item in answers] == [201, 400]
    assert names(client) == before
    batch(client, new_customer("a", id="1"), new_customer("b", id="2"), Isolation="snapshot")
    assert names(client) == before | {"a", "b"}


def test_batch_has_at_most_a_hundred_operations(client: httpx.Client):
    requests = [{"method": "GET", "url": f"{HOME}items", "id": str(n)} for n in range(101)]
    assert len(batch(client, *requests[:100])) == 100
    assert error(client.post("$batch", json={"requests": requests}))[0] == 400


def test_too_many_requests_get_no_time_to_wait(client: httpx.Client, control: Control):
    control.throttle = 2
    for _ in range(2):
        response = client.get("companies")
        assert error(response)[0] == 429
        assert "retry-after" not in response.headers
    assert client.get("companies").status_code == 200


def test_unavailable_says_how_long(client: httpx.Client, control: Control):
    control.unavailable, control.retry_after = 1, 7
    response = client.get("companies")
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")


def test_large_page_times_out_and_a_small_one_does_not(client: httpx.Client, control: Control):
    control.slow_above = 3
    assert client.get(f"{HOME}customers").status_code == 504
    small = {"Prefer": "odata.maxpagesize=3"}
    assert client.get(f"{HOME}customers", headers=small).status_code == 200


def test_large_body_is_a_413(client: httpx.Client, control: Control):
    control.body_size = 100
    response = client.post(f"{HOME}customers", json={"displayName": "x" * 100})
    assert response.status_code == 413


def test_answer_can_be_lost_though_the_write_is_done(client: httpx.Client, control: Control):
    control.lose_answers = 1
    body = {"displayName": "Ghost"}
    assert client.get("companies").status_code == 200
    assert client.post(f"{HOME}customers", json=body).status_code == 504
    assert "Ghost" in names(client)
    assert client.post(f"{HOME}customers", json=body).status_code == 201


def test_five_requests_are_served_at_once_and_others_wait(client: httpx.Client, control: Control):
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: client.get(f"{HOME}customers"), range(36)))
    assert {response.status_code for response in found} == {200}
    assert len(control.requests) == 36
    assert 1 <= control.most_at_once <= 12


def test_tokens_are_asked_for_and_can_expire(tmp_path: Path):
    good = {"first"}
    app = create_app(tmp_path / "bc.db", accepts=lambda token: token in good)
    with serving(app, root=ROOT) as url, httpx.Client(base_url=url) as client:
        for headers in ({}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer other"}):
            response = client.get("companies", headers=headers)
            assert error(response)[:2] == (401, "Authentication_InvalidCredentials")
            assert response.headers["www-authenticate"].startswith("Bearer")
        first_token = {"Authorization": "Bearer first"}
        assert client.get("companies", headers=first_token).status_code == 200
        good.clear()
        assert client.get("companies", headers=first_token).status_code == 401
