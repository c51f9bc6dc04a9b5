"""Sign-in, service protection, and answers that get lost."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.demo.dynamics.control import Control, Limit, Protection
from tandem.demo.dynamics.organization import ROOT
from tandem.demo.dynamics.service import create_app
from tandem.demo.server import serving


def test_the_next_requests_can_be_throttled(organization: Any) -> None:
    for limit, code in (
        (Limit.REQUESTS, "0x80072322"),
        (Limit.TIME, "0x80072321"),
        (Limit.CONCURRENT, "0x80072326"),
    ):
        organization.control.throttle(1, limit=limit, retry_after=17)
        response = organization.client.get("WhoAmI")
        assert organization.error(response, 429)[0] == code
        assert response.headers["retry-after"] == "17"
        organization.get("WhoAmI")


def test_requests_of_five_minutes_are_counted(organization: Any) -> None:
    organization.control.protection = Protection(requests=2)
    organization.get("WhoAmI")
    organization.later(seconds=100)
    organization.get("WhoAmI")
    response = organization.client.get("WhoAmI")
    assert organization.error(response, 429) == (
        "0x80072322",
        "Number of requests exceeded the limit of 2 over time window of 300 seconds.",
    )
    assert response.headers["retry-after"] == "200"
    organization.later(seconds=200)
    organization.get("WhoAmI")


def test_a_lost_answer_is_of_a_write_that_was_done(organization: Any) -> None:
    organization.control.lose_answers()
    with pytest.raises(httpx.RemoteProtocolError):
        organization.client.post("accounts", json={"name": "Lost"})
    assert len(organization.get("accounts?$filter=name eq 'Lost'")["value"]) == 1


def test_a_token_has_to_be_good_now(tmp_path: Path) -> None:
    good, control = {"abc"}, Control()
    app = create_app(tmp_path / "o.db", accepts=good.__contains__, control=control)
    with serving(app, root=ROOT) as url, httpx.Client(base_url=url) as client:
        refused = client.get("WhoAmI")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer authorization_uri=https://")
        headers = {"Authorization": "Bearer abc"}
        assert client.get("WhoAmI", headers=headers).status_code == 200
        control.refuse_tokens()
        assert client.get("WhoAmI", headers=headers).status_code == 401
        good.clear()
        assert client.get("WhoAmI", headers=headers).status_code == 401
