"""Batches as multipart/mixed (OData Protocol 4.01, 11.7.7)."""

import email
import json
from email.message import Message
from pathlib import Path

import httpx
import pytest

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
NOWHERE = "99999999-9999-4999-8999-999999999999"
BOUNDARY = "batch_36522ad7-fc75-4b56-8c71-56071383e77b"
MIXED = f"multipart/mixed; boundary={BOUNDARY}"
DATA = Path(__file__).parents[3] / "shared" / "data" / "dataverse" / "docs"


@pytest.fixture
def client(own_client: httpx.Client) -> httpx.Client:
    return own_client


def request(line: str, body: object = None, **headers: str) -> str:
    """An HTTP request as it stands in a part."""
    text = "" if body is None else json.dumps(body)
    named = {"Content-Type": "application/json", "Content-Length": str(len(text))} if text else {}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\n".join([*lines, "", text])


def part(content: str, id_: str | None = None) -> str:
    head = f"Content-ID: {id_}\n" if id_ else ""
    return f"Content-Type: application/http\n{head}\n{content}"


def change_set(**requests: str) -> str:
    """Requests under their Content-IDs, which begin with an underscore here."""
    return mixed(*(part(content, name.removeprefix("_")) for name, content in requests.items()))


def mixed(*parts: str) -> str:
    return f"Content-Type: multipart/mixed; boundary=cs\n\n{joined(list(parts), 'cs')}"


def joined(parts: list[str], boundary: str = BOUNDARY) -> str:
    return "".join(f"--{boundary}\n{item}\n" for item in parts) + f"--{boundary}--\n"


def send(client: httpx.Client, *parts: str, **headers: str) -> httpx.Response:
    body = joined(list(parts)).replace("\n", "\r\n")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("$batch", content=body, headers={"content-type": MIXED} | named)


def answers(response: httpx.Response) -> list[Message | list[Message]]:
    """The parts of a batch response, as another parser of MIME sees them."""
    assert response.status_code == 200, response.text
    return parsed(f"Content-Type: {response.headers['content-type']}\r\n\r\n{response.text}")


def parsed(text: str) -> list:
    message = email.message_from_string(text)
    assert message.is_multipart()
    assert not message.defects
    return [
        list(item.get_payload()) if item.is_multipart() else item for item in message.get_payload()
    ]


def status(item: Message) -> int:
    assert item.get_content_type() == "application/http"
    return int(item.get_payload().split()[1])


def headers(item: Message) -> Message:
    return email.message_from_string(item.get_payload().partition("\n")[2])


def document(item: Message) -> dict:
    return json.loads(headers(item).get_payload())


def contact(key: str = ONE, **values: object) -> dict:
    return {"ID": key, "lastName": "X"} | values


def test_published_example_of_a_query_a_change_set_and_a_query(client):
    client.post("Contacts", json=contact(TWO)).raise_for_status()
    host = client.base_url.netloc.decode()
    path = client.base_url.path
    found = answers(
        send(
            client,
            part(f"GET {path}Contacts({TWO})\nHost: {host}\n\n"),
            change_set(
                _1=request(f"POST {path}Contacts", contact(), Host=host),
                _2=request(
                    f"PATCH {path}Contacts({TWO})",
                    {"phone": "1"},
                    Host=host,
                    If_Match="*",
                    Prefer="return=minimal",
                ),
            ),
            part(request(f"GET {path}Products", Host=host)),
        )
    )
    assert status(found[0]) == 200
    assert document(found[0])["ID"] == TWO
    assert [(status(item), item["Content-ID"]) for item in found[1]] == [(201, "1"), (204, "2")]
    assert headers(found[1][0])["location"] == f"{client.base_url}Contacts({ONE})"
    assert document(found[1][0])["ID"] == ONE
    assert headers(found[1][1])["etag"]
    assert status(found[2]) == 404
    assert headers(found[2])["odata-version"] == "4.0"
    assert len(found) == 3


@pytest.mark.skipif(not DATA.is_dir(), reason="the published examples are not here")
def test_answer_has_the_structure_of_a_published_one(client):
    text = (DATA / "batch-changeset-response.http.txt").read_text().partition("\n\n")[2]
    example = parsed(f"Content-Type: multipart/mixed; boundary={text[2:].split()[0]}\n\n{text}")
    minimal = {"Prefer": "return=minimal"}
    found = answers(
        send(
            client,
            change_set(
                _1=request("POST Contacts", contact(), **minimal),
                _2=request("POST Contacts", contact(TWO), **minimal),
            ),
            part(request("GET Contacts?$top=1")),
        )
    )
    assert [status(item) for item in found[0]] == [status(item) for item in example[0]]
    assert [item["Content-ID"] for item in found[0]] == [item["Content-ID"] for item in example[0]]
    for ours, theirs in zip([*found[0], found[1]], [*example[0], example[1]], strict=True):
        named = {name.lower() for name in headers(theirs)}
        assert named <= {name.lower() for name in headers(ours)}


def test_url_comes_in_three_forms(client):
    path, host = client.base_url.path, client.base_url.netloc.decode()
    found = answers(
        send(
            client,
            part(request(f"GET {client.base_url}Contacts?$top=1")),
            part(request(f"GET {path}Contacts?$top=1", Host=host)),
            part(request("GET Contacts?$top=1")),
        )
    )
    assert [status(item) for item in found] == [200, 200, 200]
    assert len({item.get_payload() for item in found}) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/odata/v4/demo/Contacts",
        "/odata/v4/demo/Contacts",
        "/other/Contacts",
        "//example.com/Contacts",
        "Contacts?$filter=lastName%20eq%20'ž'",
        "Contacts(ID:1)",
        "Contacts#x",
        "$batch",
        "$9",
    ],
)
def test_url_that_leads_elsewhere_is_a_bad_request(client, url):
    found = answers(send(client, part(request(f"GET {url}"))))
    assert [status(item) for item in found] == [400]


def test_failed_change_set_leaves_nothing_and_has_one_answer(client):
    before = client.get("Contacts/$count").text
    found = answers(
        send(
            client,
            change_set(
                _a=request("POST Contacts", contact()),
                _b=request(f"DELETE Contacts({NOWHERE})"),
                _c=request("POST Contacts", contact(TWO)),
            ),
        )
    )
    assert [status(item) for item in found] == [404]
    assert document(found[0])["error"]["code"] == "NotFound"
    assert client.get("Contacts/$count").text == before
    assert client.get(f"Contacts({ONE})").status_code == 404


def test_failed_change_set_leaves_no_trace_in_the_history(client):
    prefer = {"prefer": "track-changes, maxpagesize=5000"}
    link = client.get("Contacts", headers=prefer).json()["@odata.deltaLink"]
    new = request("POST Contacts", contact())
    send(client, change_set(_1=new, _2=new))
    assert client.get(link).json()["value"] == []


def test_requests_of_a_change_set_see_those_before_them(client):
    account = {"accountNumber": "1", "name": "X", "isActive": True}
    found = answers(
        send(
            client,
            change_set(
                _1=request("POST Accounts", account | {"ID": ONE}),
                _2=request("POST Contacts", contact(TWO, account_ID=ONE)),
                _3=request("PATCH $2", {"phone": "5"}, Prefer="return=representation"),
                _4=request("PATCH $1", {"name": "Y"}),
            ),
        )
    )
    assert [status(item) for item in found[0]] == [201, 201, 200, 204]
    assert document(found[0][2])["phone"] == "5"
    assert client.get(f"Accounts({ONE})").json()["name"] == "Y"
    assert "$" not in headers(found[0][3])["odata-entityid"]


def test_references_do_not_cross_change_sets(client):
    found = answers(
        send(
            client,
            change_set(_1=request("POST Contacts", contact())),
            change_set(_2=request("PATCH $1", {"phone": "5"})),
        )
    )
    assert [status(item) for item in found[0]] == [201]
    assert status(found[1]) == 400


def test_single_request_can_be_referred_to(client):
    found = answers(
        send(
            client,
            part(request("POST Contacts", {"lastName": "X"}), "new"),
            part(request("GET $new?$select=lastName")),
        )
    )
    assert [status(item) for item in found] == [201, 200]
    assert found[0]["Content-ID"] == "new"
    assert document(found[1])["ID"] == document(found[0])["ID"]


def test_batch_stops_at_the_first_error(client):
    parts = [
        part(request("GET Contacts?$top=0")),
        part(request("GET Nothing")),
        part(request("POST Contacts", contact())),
    ]
    assert [status(item) for item in answers(send(client, *parts))] == [200, 404]
    assert client.get(f"Contacts({ONE})").status_code == 404


@pytest.mark.parametrize(
    ("prefer", "count"),
    [
        ("odata.continue-on-error", 2),
        ("continue-on-error", 2),
        ("continue-on-error=true", 2),
        ("continue-on-error=false", 1),
        ("respond-async", 1),
    ],
)
def test_batch_goes_on_if_that_is_preferred(client, prefer, count):
    parts = [part(request("GET Nothing")), part(request("POST Contacts", contact()))]
    found = answers(send(client, *parts, prefer=prefer))
    assert [status(item) for item in found] == [404, 201][:count]


def test_headers_of_the_batch_hold_inside_unless_said_otherwise(client):
    accept = "multipart/mixed, application/json;IEEE754Compatible=true"
    own = part(request("GET Contacts?$top=0&$count=true", Accept="application/json"))
    inherited = part(request("GET Contacts?$top=0&$count=true"))
    found = answers(send(client, own, inherited, accept=accept))
    assert [document(item)["@odata.count"] for item in found] == [150, "150"]


def test_values_travel_exactly(client):
    number = '{"ID":"%s","accountNumber":"1","name":"X","isActive":true,"revenue":%s}'
    text = number % (ONE, "1234567890123456789012.123456")
    post = f"POST Accounts HTTP/1.1\nContent-Type: application/json\n\n{text}"
    found = answers(send(client, part(post)))
    assert '"revenue":1234567890123456789012.123456,' in found[0].get_payload()


@pytest.mark.parametrize(
    "parts",
    [
        [],
        ["no headers\n\nGET Contacts HTTP/1.1\n\n"],
        ["Content-Type: text/plain\n\nGET Contacts HTTP/1.1\n\n"],
        [part("GET Contacts HTTP/1.1")],
        [part("GET Contacts HTTP/1.1\nAccept: */*\n")],
        [part("GET Con tacts HTTP/1.1\n\n")],
        [part("FETCH Contacts HTTP/1.1\n\n")],
        [part(request("GET Contacts", Authorization="Basic x"))],
        [part(request("GET Contacts", Range="bytes=0-1"))],
        [part(request("POST Contacts", contact(), Content_Length="3"))],
        [part(request("GET Contacts"), "1"), part(request("GET Contacts"), "1")],
        [part(request("GET Contacts"), "a b")],
        [change_set(_1=request("GET Contacts"))],
        [mixed(part(request("DELETE X")))],
        [mixed(change_set(_1=""))],
        ["Content-Type: multipart/mixed\n\n"],
    ],
)
def test_malformed_batch_is_refused_and_nothing_is_done(client, parts):
    good = part(request("POST Contacts", contact()))
    response = send(client, *([good] if parts else []), *parts)
    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert client.get(f"Contacts({ONE})").status_code == 404


def test_batch_that_is_cut_off_or_has_other_line_ends_is_refused(client):
    whole = joined([part(request("POST Contacts", contact()))])
    kind = {"content-type": MIXED}
    for body in (whole, whole.replace("\n", "\r\n")[:-6]):
        assert client.post("$batch", content=body, headers=kind).status_code == 400


def test_what_stands_around_the_parts_is_ignored(client):
    body = "preamble\n" + joined([part(request("GET Contacts?$top=0"))]) + "epilogue --x\n"
    response = client.post(
        "$batch", content=body.replace("\n", "\r\n"), headers={"content-type": MIXED}
    )
    assert [status(item) for item in answers(response)] == [200]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "multipart/mixed"}, 400),
        ({"content_type": "text/plain"}, 415),
        ({"accept": "application/json"}, 406),
        ({"if_match": "*"}, 400),
        ({"if_none_match": "null"}, 400),
        ({"prefer": "return=minimal"}, 400),
        ({"odata_version": "3.0"}, 400),
        ({"odata_isolation": "snapshot"}, 412),
    ],
)
def test_headers_of_the_batch_are_checked(client, headers, status):
    assert send(client, part(request("GET Contacts?$top=0")), **headers).status_code == status


def test_batch_is_posted(client):
    response = client.get("$batch")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_batch_has_a_limit(client):
    one = part(request("GET Contacts?$top=0"))
    assert len(answers(send(client, *[one] * 1_000))) == 1_000
    response = send(client, *[one] * 1_001)
    assert response.status_code == 413
    assert "1000" in response.json()["error"]["message"]
