import httpx
import pytest

from tandem.demo.server import serving
from tandem.demo.service import create_app

ONE = "11111111-1111-4111-8111-111111111111"
NOWHERE = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def client(own_client: httpx.Client) -> httpx.Client:
    return own_client


def create(client: httpx.Client, **values: object) -> httpx.Response:
    return client.post("Contacts", json={"ID": ONE, "lastName": "O'Neil"} | values)


def test_create_answers_with_the_entity_and_where_it_is(client):
    response = create(client, newsletter=True)
    assert response.status_code == 201
    assert response.headers["location"] == f"{client.base_url}Contacts({ONE})"
    assert response.json() == client.get(response.headers["location"]).json()
    assert response.json()["newsletter"] is True
    assert response.json()["firstName"] is None


def test_create_without_key_makes_one_up(client):
    location = client.post("Contacts", json={"lastName": "Novák"}).headers["location"]
    assert client.get(location).json()["lastName"] == "Novák"


def test_create_can_answer_without_a_body(client):
    response = client.post(
        "Contacts", json={"ID": ONE, "lastName": "X"}, headers={"prefer": "return=minimal"}
    )
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["odata-entityid"] == response.headers["location"]
    assert response.headers["preference-applied"] == "return=minimal"


def test_complex_properties_are_created_and_changed_by_part(client):
    body = {"accountNumber": "N-1", "name": "New", "isActive": True, "address": {"city": "Brno"}}
    location = client.post("Accounts", json=body).headers["location"]
    client.patch(location, json={"address": {"street": "Údolní 1"}}).raise_for_status()
    address = client.get(location).json()["address"]
    assert address == {"street": "Údolní 1", "city": "Brno", "postalCode": None, "country": None}


def test_change_touches_only_what_it_names(client):
    before = create(client, phone="1").json()
    response = client.patch(f"Contacts({ONE})", json={"firstName": "Ada"})
    assert (response.status_code, response.content) == (204, b"")
    after = client.get(f"Contacts({ONE})").json()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"@odata.etag", "firstName", "rowVersion"}


def test_change_can_answer_with_the_entity(client):
    create(client)
    response = client.patch(
        f"Contacts({ONE})",
        json={"firstName": "Ada"},
        headers={"prefer": "return=representation"},
    )
    assert response.status_code == 200
    assert response.json() == client.get(f"Contacts({ONE})").json()
    assert response.headers["etag"] == response.json()["@odata.etag"]


def test_row_version_only_rises(client):
    versions = [create(client).json()["rowVersion"]]
    client.delete(f"Contacts({ONE})")
    versions.append(create(client).json()["rowVersion"])
    client.patch(f"Contacts({ONE})", json={})
    versions.append(client.get(f"Contacts({ONE})").json()["rowVersion"])
    assert versions == [151, 152, 153]


def test_service_stamps_the_time_of_change(client):
    sent = {"modifiedAt": "2000-01-01T00:00:00Z", "rowVersion": 1}
    assert create(client, **sent).json()["modifiedAt"] == "2026-03-01T12:00:00.123456Z"


def test_stale_etag_is_refused_and_changes_nothing(client):
    etag = create(client).json()["@odata.etag"]
    fresh = {"if-match": etag}
    assert client.patch(f"Contacts({ONE})", json={"phone": "2"}, headers=fresh).status_code == 204
    assert client.patch(f"Contacts({ONE})", json={"phone": "3"}, headers=fresh).status_code == 412
    assert client.delete(f"Contacts({ONE})", headers=fresh).status_code == 412
    assert client.get(f"Contacts({ONE})").json()["phone"] == "2"
    assert client.delete(f"Contacts({ONE})", headers={"if-match": "*"}).status_code == 204


def test_etag_that_a_write_answered_serves_the_next_one(client):
    etag = create(client).headers["etag"]
    for phone in ("1", "2", "3"):
        headers = {"if-match": f'"other", {etag}'}
        response = client.patch(f"Contacts({ONE})", json={"phone": phone}, headers=headers)
        assert response.status_code == 204
        etag = response.headers["etag"]


def test_what_is_gone_can_be_neither_changed_nor_deleted(client):
    assert client.patch(f"Contacts({NOWHERE})", json={}).status_code == 404
    assert client.delete(f"Contacts({NOWHERE})").status_code == 404


def test_key_in_the_body_of_a_change_is_ignored(client):
    create(client)
    client.patch(f"Contacts({ONE})", json={"ID": NOWHERE}).raise_for_status()
    assert client.get(f"Contacts({ONE})").status_code == 200


def test_same_key_twice_is_a_conflict(client):
    create(client)
    response = create(client)
    assert response.status_code == 409
    assert "exists already" in response.json()["error"]["message"]


def test_upsert_is_refused_whatever_the_precondition(client):
    for headers in ({}, {"if-match": "*"}, {"if-none-match": "*"}, {"if-match": 'W/"1"'}):
        response = client.patch(f"Contacts({ONE})", json={"lastName": "X"}, headers=headers)
        assert response.status_code == 404
        assert client.delete(f"Contacts({ONE})", headers=headers).status_code == 404
    assert client.get(f"Contacts({ONE})").status_code == 404


def test_write_that_wants_nothing_to_be_there_is_refused_if_something_is(client):
    etag = create(client).json()["@odata.etag"]
    for condition in ("*", etag, f'"other", {etag}'):
        headers = {"if-none-match": condition}
        assert client.patch(f"Contacts({ONE})", json={}, headers=headers).status_code == 412
        assert client.delete(f"Contacts({ONE})", headers=headers).status_code == 412
    headers = {"if-none-match": 'W/"other"'}
    assert client.patch(f"Contacts({ONE})", json={}, headers=headers).status_code == 204


def test_entity_that_the_client_has_is_not_sent_again(client):
    etag = create(client).headers["etag"]
    response = client.get(f"Contacts({ONE})", headers={"if-none-match": etag})
    assert (response.status_code, response.content) == (304, b"")
    client.patch(f"Contacts({ONE})", json={})
    assert client.get(f"Contacts({ONE})", headers={"if-none-match": etag}).status_code == 200


def test_change_without_a_body_in_the_answer_says_what_it_changed(client):
    create(client)
    response = client.patch(f"Contacts({ONE})", json={"phone": "1"})
    assert response.headers["odata-entityid"] == f"{client.base_url}Contacts({ONE})"
    assert response.headers["etag"] == client.get(f"Contacts({ONE})").headers["etag"]
    assert "location" not in response.headers


def test_service_can_insist_on_if_match(tmp_path):
    app = create_app(tmp_path / "strict.db", if_match_required=True)
    with serving(app) as url, httpx.Client(base_url=url) as client:
        etag = create(client).headers["etag"]
        assert client.patch(f"Contacts({ONE})", json={}).status_code == 428
        assert client.delete(f"Contacts({ONE})").status_code == 428
        assert client.delete(f"Contacts({ONE})", headers={"if-match": etag}).status_code == 204


def test_entity_can_go_when_nothing_refers_to_it_any_more(client):
    account = {"ID": ONE, "accountNumber": "1", "name": "X", "isActive": True}
    client.post("Accounts", json=account).raise_for_status()
    contact = client.post("Contacts", json={"lastName": "X", "account_ID": ONE})
    assert client.delete(f"Accounts({ONE})").status_code == 409
    client.patch(contact.headers["location"], json={"account_ID": None}).raise_for_status()
    assert client.delete(f"Accounts({ONE})").status_code == 204


def test_reference_must_lead_somewhere_and_keeps_its_target(client):
    assert create(client, account_ID=NOWHERE).status_code == 409
    account = client.get("Contacts?$filter=account_ID ne null&$top=1").json()["value"][0]
    assert client.delete(f"Accounts({account['account_ID']})").status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"", 400),
        (b"\xff", 400),
        (b'{"firstName": "Ada"}', 400),
        (b'{"lastName": null}', 400),
        (b'{"lastName": "X", "phone": NaN}', 400),
        (b'{"lastName": "X", "account@odata.bind": "Accounts(1)"}', 501),
        (b'{"lastName": "X", "@odata.type": "#Tandem.Demo.Contact", "phone@x.y": 1}', 201),
    ],
)
def test_body_is_checked(client, body, status):
    headers = {"content-type": "application/json"}
    assert client.post("Contacts", content=body, headers=headers).status_code == status


def test_object_is_required_where_the_type_is_complex(client):
    for address in (None, "Brno", {"planet": "Mars"}):
        body = {"accountNumber": "1", "name": "X", "isActive": True, "address": address}
        assert client.post("Accounts", json=body).status_code == 400


def test_only_json_is_taken(client):
    response = client.post("Contacts", content=b"<a/>", headers={"content-type": "application/xml"})
    assert response.status_code == 415


def test_refused_write_leaves_nothing_behind(client):
    before = client.get("Contacts/$count").text
    version = create(client).json()["rowVersion"]
    create(client)
    client.delete(f"Contacts({ONE})")
    assert client.get("Contacts/$count").text == before
    assert create(client).json()["rowVersion"] == version + 1
