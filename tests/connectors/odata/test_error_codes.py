"""What vendors say by the codes of their errors."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tandem.connectors.base import Query
from tandem.connectors.http import Reply
from tandem.connectors.http_codes import TooManyAtOnce
from tandem.connectors.http_errors import unwelcome
from tandem.connectors.odata.channel import Pace
from tandem.connectors.odata.outcomes import Outcome, outcome
from tandem.errors import AuthenticationError, ConfigurationError, TandemError, Throttled
from tandem.model.schema import Entity, Field, Kind

DATA = Path(__file__).parents[4] / "shared" / "data"
NO_HEADERS = httpx.Headers()


def body(code: str, message: str = "why") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


def error(status: int, code: str, message: str = "why", **headers: str) -> TandemError:
    request = httpx.Request("GET", "https://x.example/api/accounts", headers=headers)
    response = httpx.Response(status, headers={"Retry-After": "37"}, request=request)
    return unwelcome("crm", response, body(code, message))


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("0x80072322", "requests in five minutes"),
        ("0x80072321", "working time in five minutes"),
        ("0x80072326", "requests at the same time"),
    ],
)
def test_the_limit_that_is_reached_is_named(code: str, limit: str) -> None:
    told = error(429, code)
    assert isinstance(told, Throttled)
    assert limit in told.problem
    assert told.retry_after == 37


@pytest.mark.skipif(not DATA.is_dir(), reason="the published payloads are not here")
def test_the_published_limits_are_known() -> None:
    published = json.loads((DATA / "dataverse/docs/service-protection-429-errors.json").read_text())
    for known in published:
        told = error(429, known["code"], known["message"])
        assert isinstance(told, Throttled)
        assert "its limit of" in told.problem
        assert known["message"][:30] in told.problem


def test_only_the_limit_of_requests_at_once_asks_for_fewer_of_them() -> None:
    assert isinstance(error(429, "0x80072326"), TooManyAtOnce)
    assert not isinstance(error(429, "0x80072322"), TooManyAtOnce)
    pace = Pace(at_once=3, most=4)
    pace.no_more_than(2)
    pace.faster()
    assert (pace.at_once, pace.most) == (2, 2)


def test_who_may_not_track_changes_is_told_which_privilege_is_lacking() -> None:
    told = error(403, "0x80040220", Prefer="odata.track-changes")
    assert isinstance(told, AuthenticationError)
    assert "Read privilege" in told.remedy
    assert "'crm'" in told.remedy
    assert "Read privilege" not in error(403, "0x80040220").remedy


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "The entity 'x' does not support change tracking."),
        (500, "Entity does not support delta requests"),
        (400, "Change tracking is not enabled for entity 'x'."),
    ],
)
def test_what_is_not_tracked_can_be_read_by_version(service: Any, status: int, words: str) -> None:
    entity = Entity(name="things", key=("id",), fields=(Field(name="id", kind=Kind.STRING),))
    service.replies["things"] = httpx.Response(
        status, json={"error": {"code": "0x80040000", "message": words}}
    )
    query = Query(entity=entity, fields=("id",), now=datetime(2026, 3, 4, tzinfo=UTC))
    with pytest.raises(ConfigurationError) as raised:
        list(service.connector().changes(query, None))
    assert "version_number" in raised.value.remedy
    assert len([name for name in service.asked if "?" in name and "count" not in name]) == 1


def test_a_filter_that_tracking_does_not_take_is_another_matter() -> None:
    words = 'The "$filter" query parameter isn\'t supported when Change Tracking is enabled.'
    told = error(400, "0x80060888", words, Prefer="odata.track-changes")
    assert "version_number" not in told.remedy


@pytest.mark.parametrize(
    ("method", "status", "code", "guarded", "expected"),
    [
        ("PATCH", 412, "", True, Outcome.CHANGED),
        ("PATCH", 412, "0x80060882", True, Outcome.CHANGED),
        ("PATCH", 412, "0x80040333", True, Outcome.REFUSED),
        ("PATCH", 412, "0x80060892", True, Outcome.REFUSED),
        ("PATCH", 412, "0x80040237", False, Outcome.REFUSED),
        ("PATCH", 409, "Request_EntityChanged", True, Outcome.CHANGED),
        ("DELETE", 400, "BadRequest_InvalidToken", True, Outcome.CHANGED),
        ("PATCH", 400, "BadRequest_InvalidToken", False, Outcome.REFUSED),
        ("POST", 400, "Internal_EntityWithSameKeyExists", False, Outcome.REFUSED),
        ("PATCH", 400, "Application_FieldValidationException", True, Outcome.REFUSED),
        ("PATCH", 404, "Internal_RecordNotFound", True, Outcome.MISSING),
        ("PATCH", 404, "", True, Outcome.MISSING),
    ],
)
def test_outcomes_by_code(
    method: str, status: int, code: str, guarded: bool, expected: Outcome
) -> None:
    reply = Reply(status, NO_HEADERS, body(code))
    assert outcome(reply, method, guarded=guarded) is expected


@pytest.mark.skipif(not DATA.is_dir(), reason="the published payloads are not here")
@pytest.mark.parametrize(
    ("name", "status", "expected"),
    [
        ("error-404-if-match-star.json", 404, Outcome.MISSING),
        ("error-412-etag.json", 412, Outcome.CHANGED),
        ("error-400-annotated.json", 400, Outcome.REFUSED),
    ],
)
def test_published_errors(name: str, status: int, expected: Outcome) -> None:
    reply = Reply(status, NO_HEADERS, (DATA / "dataverse/docs" / name).read_bytes())
    assert outcome(reply, "PATCH", guarded=True) is expected
