"""Batches as JSON (OData JSON Format 4.01, 19)."""

import base64
import json
from pathlib import Path

import httpx
import pytest

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
NOWHERE = "99999999-9999-4999-8999-999999999999"
DATA = Path(__file__).parents[3] / "shared" / "data" / "businesscentral"


@pytest.fixture
def client(own_client: httpx.Client) -> httpx.Client:
    return own_client


def request(id_: str, method: str, url: str, **members: object) -> dict:
    return {"id": id_, "method": method, "url": url} | members


def new(id_: str, key: str = ONE, **members: object) -> dict:
    return request(id_, "POST", "Contacts", body={"ID": key, "lastName": "X"}) | members


def send(client: httpx.Client, *requests: dict, **headers: str) -> list[dict]:
    response = client.post("$batch", json={"requests": requests}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()["responses"]


def outcomes(responses: list[dict]) -> list[tuple[str, int]]:
    return [(response["id"], response["status"]) for response in responses]


def test_published_example_of_a_query_a_group_and_a_query(client):
    client.post("Contacts", json={"ID": TWO, "lastName": "X"}).raise_for_status()
    path = client.base_url.path
    found = send(
        client,
        request("0", "get", f"{path}Contacts({TWO})"),
        request(
            "1",
            "patch",
            f"{path}Contacts({TWO})",
            atomicityGroup="group1",
            dependsOn=["0"],
            headers={"Prefer": "return=minimal"},
            body={"phone": "1"},
        ),
        new("2", url=f"{path}Contacts", atomicityGroup="group1"),
        request("3", "get", f"{path}Products", dependsOn=["group1"]),
    )
    assert outcomes(found) == [("0", 200), ("1", 204), ("2", 201), ("3", 404)]
    assert [item.get("atomicityGroup") for item in found] == [None, "group1", "group1", None]
    assert found[0]["body"]["ID"] == TWO
    assert "body" not in found[1]
    assert found[2]["headers"]["location"] == f"{client.base_url}Contacts({ONE})"
    assert found[3]["body"]["error"]["code"] == "NotFound"


@pytest.mark.skipif(not DATA.is_dir(), reason="the published examples are not here")
def test_answer_has_the_structure_of_a_published_one(client):
    example = json.loads((DATA / "docs-batch-response-with-error.json").read_text())
    found = send(client, new("1"), request("2", "GET", "Nothing"))
    for ours in found:
        assert set(ours) <= {"id", "status", "headers", "body"}
        assert set(ours) >= set(example["responses"][0]) - {"headers"}
        assert all(name == name.lower() for name in ours["headers"])


def test_failed_group_leaves_nothing_and_each_of_its_requests_fails(client):
    found = send(
        client,
        new("1", atomicityGroup="g"),
        request("2", "DELETE", f"Contacts({NOWHERE})", atomicityGroup="g"),
        new("3", TWO, atomicityGroup="g"),
        request("4", "GET", f"Contacts({ONE})"),
        request("5", "GET", "Contacts?$top=0", dependsOn=["g"]),
        request("6", "GET", "Contacts?$top=0", dependsOn=["1"]),
    )
    assert outcomes(found) == [
        ("1", 424),
        ("2", 404),
        ("3", 424),
        ("4", 404),
        ("5", 424),
        ("6", 424),
    ]


def test_batch_goes_on_after_an_error_unless_told_otherwise(client):
    requests = [request("1", "GET", "Nothing"), new("2")]
    assert outcomes(send(client, *requests, prefer="continue-on-error=false")) == [("1", 404)]
    assert client.get(f"Contacts({ONE})").status_code == 404
    assert outcomes(send(client, *requests)) == [("1", 404), ("2", 201)]


def test_request_that_depends_on_a_failed_one_is_not_done(client):
    found = send(client, request("1", "GET", "Nothing"), new("2", dependsOn=["1"]))
    assert outcomes(found) == [("1", 404), ("2", 424)]
    assert client.get(f"Contacts({ONE})").status_code == 404


def test_group_that_depends_on_a_failed_request_is_not_done(client):
    found = send(
        client,
        request("1", "GET", "Nothing"),
        new("2", atomicityGroup="g"),
        new("3", TWO, atomicityGroup="g", dependsOn=["1"]),
    )
    assert outcomes(found) == [("1", 404), ("2", 424), ("3", 424)]


def test_entity_of_an_earlier_request_can_be_referred_to(client):
    found = send(
        client,
        new("1"),
        request("2", "PATCH", "$1", body={"phone": "5"}, dependsOn=["1"]),
        request("3", "GET", "$1?$select=phone", dependsOn=["1"]),
        request("4", "GET", "$1"),
    )
    assert outcomes(found) == [("1", 201), ("2", 204), ("3", 200), ("4", 400)]
    assert found[2]["body"]["phone"] == "5"


def test_condition_is_not_supported_and_fails_as_a_dependency(client):
    found = send(client, new("1"), new("2", TWO, dependsOn=["1"], **{"if": "$1/$succeeded"}))
    assert outcomes(found) == [("1", 201), ("2", 424)]


def test_numbers_travel_exactly_both_ways(client):
    text = (
        '{"requests":[{"id":"1","method":"post","url":"Accounts","body":{"ID":"%s",'
        '"accountNumber":"1","name":"X","isActive":true,'
        '"revenue":1234567890123456789012.123456,"registrationNumber":9007199254740993}}]}'
    )
    response = client.post(
        "$batch", content=text % ONE, headers={"content-type": "application/json"}
    )
    assert '"revenue":1234567890123456789012.123456,' in response.text
    assert '"registrationNumber":9007199254740993,' in response.text


def test_numbers_are_strings_where_a_request_says_so(client):
    kind = "application/json;IEEE754Compatible=true"
    body = {"accountNumber": "1", "name": "X", "isActive": True, "revenue": "1.50"}
    found = send(
        client,
        request("1", "POST", "Accounts", body=body, headers={"content-type": kind}),
        request("2", "POST", "Accounts", body=body),
        request("3", "GET", "Accounts?$top=0&$count=true", headers={"accept": kind}),
    )
    assert outcomes(found) == [("1", 201), ("2", 400), ("3", 200)]
    assert found[2]["body"]["@odata.count"] == "61"
    assert "IEEE754Compatible=true" in found[2]["headers"]["content-type"]


def test_text_is_a_string_and_other_media_are_base64url(client):
    count, metadata = send(
        client, request("1", "GET", "Contacts/$count"), request("2", "GET", "$metadata")
    )
    assert count["body"] == "150"
    text = base64.urlsafe_b64decode(metadata["body"] + "==").decode()
    assert text == client.get("$metadata").text


def test_body_that_is_not_json_is_refused_by_the_request(client):
    encoded = base64.urlsafe_b64encode(b"<a/>").decode()
    headers = {"content-type": "application/xml"}
    found = send(client, new("1", body=encoded, headers=headers))
    assert outcomes(found) == [("1", 415)]


@pytest.mark.parametrize(
    "requests",
    [
        [{"method": "GET", "url": "Contacts"}],
        [{"id": 1, "method": "GET", "url": "Contacts"}],
        [request("a b", "GET", "Contacts")],
        [request("9", "FETCH", "Contacts")],
        [request("9", "GET", "Contacts"), request("9", "GET", "Contacts")],
        [{"id": "9", "method": "GET"}],
        ["GET Contacts"],
        [request("9", "GET", "Contacts", body={})],
        [request("9", "DELETE", f"Contacts({ONE})", body={})],
        [request("9", "GET", "Contacts", dependsOn=["10"]), request("10", "GET", "Contacts")],
        [request("9", "GET", "Contacts", dependsOn="1")],
        [request("9", "GET", "Contacts", headers={"authorization": "Basic x"})],
        [request("9", "GET", "Contacts", headers={"Prefer": "a", "prefer": "b"})],
        [request("9", "GET", "Contacts", headers={"prefer": 1})],
        [request("9", "GET", "Contacts", headers=["prefer"])],
        [request("9", "GET", "Contacts", colour="red")],
        [request("9", "GET", "Contacts", atomicityGroup="1")],
        [
            request("8", "GET", "Contacts", atomicityGroup="g"),
            request("9", "GET", "Contacts"),
            request("10", "GET", "Contacts", atomicityGroup="g"),
        ],
    ],
)
def test_malformed_batch_is_refused_and_nothing_is_done(client, requests):
    response = client.post("$batch", json={"requests": [new("1"), *requests]})
    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert client.get(f"Contacts({ONE})").status_code == 404


@pytest.mark.parametrize(
    "body", ["{", "[]", "{}", '{"requests":{}}', '{"requests":[{"id":"1","id":"2"}]}']
)
def test_body_that_is_no_batch_is_refused(client, body):
    headers = {"content-type": "application/json"}
    assert client.post("$batch", content=body, headers=headers).status_code == 400


def test_empty_batch_has_no_answers(client):
    assert send(client) == []


@pytest.mark.parametrize("url", ["/other/Contacts", "$batch", "Contacts(ID:1)", "Contacts x"])
def test_url_that_leads_elsewhere_is_a_bad_request(client, url):
    assert outcomes(send(client, request("1", "GET", url))) == [("1", 400)]


def test_batch_has_a_limit(client):
    requests = [request(str(n), "GET", "Contacts?$top=0") for n in range(1_001)]
    assert client.post("$batch", json={"requests": requests}).status_code == 413
