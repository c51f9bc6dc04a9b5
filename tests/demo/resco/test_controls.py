import httpx
import pytest

from tandem.demo.data import Sizes
from tandem.demo.resco.sample import fill

PLACES = ["/odata/v4/account", "/rest/v1/data/WhoAmI", "/rest/v1/metadata/demo/$entities"]


@pytest.mark.parametrize("path", PLACES)
def test_nobody_comes_in_without_the_right_credentials(resco, path):
    method = "POST" if path.endswith("WhoAmI") else "GET"
    url = resco.client.base_url.join(path)
    for auth in None, ("sync", "wrong"), ("other", "sync"):
        response = httpx.request(method, url, auth=auth)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic")
    assert resco.client.request(method, path).status_code == 200


def test_credentials_can_be_refused(resco):
    resco.controls.refused = True
    assert resco.client.get(PLACES[0]).status_code == 401


def test_the_next_requests_can_be_throttled(resco):
    resco.controls.throttled, resco.controls.retry_after = 2, 7
    answers = [resco.client.get(path) for path in (PLACES[0], PLACES[2], PLACES[0])]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"


def test_a_write_can_be_done_without_its_answer(resco):
    resco.controls.lost_answers = 2
    assert resco.client.get(PLACES[0]).status_code == 200
    record = resco.first("account")
    url = f"/odata/v4/account('{record['id']}')"
    body = '<Entity EntityName="account"><name>Lost too</name></Entity>'
    assert resco.client.patch(url, json={"name": "Lost"}).status_code == 504
    assert resco.client.post("/rest/v1/data/Create", content=body).status_code == 504
    assert resco.get(f"account('{record['id']}')")["name"] == "Lost"
    assert resco.get("account?$filter=name eq 'Lost too'")["value"]


def test_sample_records_are_put_in_once_and_are_the_same_each_time(resco):
    before = resco.max_row_version()
    fill(resco.organization, Sizes(20, 30, 40))
    assert resco.max_row_version() == before == 4 + 20 + 30 + 40
    assert resco.first("account")["integration_bc_pk"] == "C10000"
