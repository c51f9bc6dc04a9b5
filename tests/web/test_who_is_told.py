"""Who edits an integration tells nobody through what is not his: `notify` of its file."""

from collections.abc import Callable
from typing import Final

import pytest
from httpx import Response
from tests.web.conftest import NORTHWIND, Pages
from tests.web.test_mapping import ROOT, file_of
from tests.web.test_security import NAME, save

TEXT: Final = NORTHWIND.read_text(encoding="utf-8")
SLACK: Final = "{slack: {connection: team_hook}}"
EMAIL: Final = "{email: {to: [eve@example.com], connection: team_mail}}"
DEFAULT_EMAIL: Final = "{email: {to: [eve@example.com]}}"
SMTP: Final = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
SECRETS: Final = "to: eve@example.com, subject: '{{ conn.northwind_api.get_uri() }}'"
NOTIFIER: Final = f"{{notifier: {SMTP}, options: {{{SECRETS}, files: [/etc/passwd]}}}}"
BARE: Final = "{notifier: os.path.Anything}"

Way = Callable[[Pages, str], Response]


def imported(pages: Pages, notice: str) -> Response:
    body = {"name": "crm", "text": with_notices(notice)}
    return pages.program().post("/integrations/import", json=body)


def copied(pages: Pages, notice: str) -> Response:
    file_of(pages).write_text(with_notices(notice))
    return pages.program().post(f"{NAME}/copies", json={"name": "crm"})


def saved(pages: Pages, notice: str) -> Response:
    return save(pages, {"place": [], "at": "notify", "yaml": f"[{notice}]"})


def undone(pages: Pages, notice: str) -> Response:
    """What somebody wrote by hand, and a draft removed, comes back."""
    file_of(pages).write_text(with_notices(notice))
    assert save(pages, {"place": ["notify"]}).is_success
    program = pages.program()
    made_at = program.get(f"{ROOT}/last-edit").json()["made_at"]
    return program.post(f"{ROOT}/last-edit/undo", json={"made_at": made_at})


def with_notices(*notices: str) -> str:
    return f"{TEXT}\nnotify: [{', '.join(notices)}]\n"


def texts(pages: Pages) -> dict[str, str]:
    return {path.name: path.read_text() for path in pages.folder.iterdir()}


WAYS: Final = pytest.mark.parametrize("way", [imported, copied, saved, undone])


@WAYS
@pytest.mark.parametrize(
    ("notice", "conn_id"),
    [(SLACK, "team_hook"), (EMAIL, "team_mail"), (DEFAULT_EMAIL, "smtp_default")],
)
def test_nobody_tells_through_a_connection_that_is_not_his(
    pages: Pages, way: Way, notice: str, conn_id: str
) -> None:
    answer = way(pages, notice)
    assert (answer.status_code, repr(conn_id) in answer.text) == (403, True)
    assert "granted" in answer.json()["remedy"]
    assert "crm.yaml" not in texts(pages)
    if way is not copied:
        assert conn_id not in file_of(pages).read_text()


@WAYS
@pytest.mark.parametrize("notice", [NOTIFIER, BARE])
def test_a_notifier_is_put_into_a_file_by_hand_only(pages: Pages, way: Way, notice: str) -> None:
    answer = way(pages, notice)
    assert answer.status_code == 403
    assert "by hand" in answer.json()["remedy"]
    assert "crm.yaml" not in texts(pages)
    if way is not copied:
        assert "notifier:" not in file_of(pages).read_text()


@WAYS
@pytest.mark.parametrize("notice", [SLACK, EMAIL])
def test_one_tells_through_connections_that_are_his(pages: Pages, way: Way, notice: str) -> None:
    pages.airflow.connections |= {"team_hook", "team_mail"}
    assert way(pages, notice).is_success
    assert any("team_" in text for text in texts(pages).values())


@pytest.mark.parametrize(
    "edit",
    [
        {"place": ["notify", 0, "options", "files"], "yaml": "[/etc/shadow]"},
        {"place": ["notify", 0, "notifier"], "yaml": "json.JSONDecoder"},
        {"place": ["notify", 0, "options"]},
        {"place": ["notify"], "at": 1, "yaml": BARE},
        {"place": ["notify", 1], "yaml": NOTIFIER.replace("subject", "cc")},
        {"place": ["notify", 1, "slack", "connection"], "yaml": "other"},
        {"place": ["notify", 1], "yaml": EMAIL.replace("team_mail", "team_hook")},
    ],
)
def test_who_is_told_by_hand_is_changed_by_hand(pages: Pages, edit: dict[str, object]) -> None:
    file_of(pages).write_text(before := with_notices(NOTIFIER, SLACK))
    assert save(pages, edit).status_code == 403
    assert file_of(pages).read_text() == before


@pytest.mark.parametrize(
    "edit",
    [
        {"place": ["description"], "yaml": "Another"},
        {"place": ["notify", 0], "at": "on", "yaml": "[late]"},
        {"place": ["notify", 0]},
        {"place": ["notify", 1], "at": "on", "yaml": "[partial]"},
        {"place": ["notify"], "at": 0, "yaml": SLACK},
    ],
)
def test_what_was_written_by_hand_stays_and_may_go(pages: Pages, edit: dict[str, object]) -> None:
    file_of(pages).write_text(with_notices(NOTIFIER, SLACK))
    assert save(pages, edit).is_success
