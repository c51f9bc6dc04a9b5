"""Who is told what when a run failed or is partial."""

import json
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.airflow.by_hand import Shop, open_shop
from tests.live.receivers import mailbox, webhook

OPTIONS = "options: {title: '{{ tandem.subject }}', message: '{{ tandem.text }}'}"
WRITTEN_DOWN = f"{{on: [failure, partial], notifier: tests.airflow.told.WrittenDown, {OPTIONS}}}"
HEAD = f"notify: [{WRITTEN_DOWN}]"


class Office:
    """A shop whose report is told as Airflow tells it."""

    def __init__(self, shop: Shop, told: Path) -> None:
        self.shop, self._told = shop, told

    def run(self, run_id: str = "mine") -> BaseException | None:
        """A whole run, with the callbacks of its report; what the report failed with."""
        from tandem.airflow.notices.events import ended, failed

        context: Any = {**self.shop.context(run_id), "task": self.shop.task("report")}
        try:
            self.shop.run(run_id)
        except Exception as error:  # noqa: BLE001 - whatever Airflow would take for a failure
            failed({**context, "exception": error})
            return error
        ended(context)
        return None

    def told(self) -> list[dict[str, str]]:
        """What the notifier was told."""
        if not self._told.exists():
            return []
        return [json.loads(line) for line in self._told.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def opened(head: str = HEAD) -> Office:
        monkeypatch.setenv("TOLD", str(tmp_path / "told"))
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.test/")
        shop = open_shop(tmp_path, monkeypatch, head)
        shop.sql("source", "insert into customers values ('c1', 'Ada'), ('c2', 'Bea')")
        return Office(shop, tmp_path / "told")

    return opened


def spoil(office: Office, *names: str) -> None:
    """Let records of these names be rejected: their keys are the same."""
    table = "create table customers (uid integer primary key, id text, name text)"
    office.shop.sql("source", "drop table customers", table)
    for key, name in [*(("same", name) for name in names), ("good", "Ada")]:
        office.shop.sql("source", f"insert into customers (id, name) values ('{key}', '{name}')")


def test_nobody_is_told_of_a_run_that_went_well(office: Any) -> None:
    open_office = office()
    assert open_office.run() is None
    assert open_office.told() == []


def test_a_failed_run_is_told_with_its_cause_and_where_to_look(office: Any) -> None:
    open_office = office()
    open_office.shop.sql("source", "drop table customers")
    assert open_office.run("manual__2026-05-01T00:00:00+00:00")
    (told,) = open_office.told()
    assert told["title"] == "Tandem: shop failed"
    lines = told["message"].splitlines()
    assert lines[0] == "shop failed: run manual__2026-05-01T00:00:00+00:00 of shop__sync"
    assert any("customers" in line for line in lines[1:-3])
    assert lines[-3:] == [
        "In Airflow: https://airflow.test/dags/shop__sync/runs/manual__2026-05-01T00:00:00%2B00:00",
        "In Tandem: https://airflow.test/tandem/integrations/shop/runs/"
        "manual__2026-05-01T00:00:00%2B00:00",
        "On the command line: tandem log shop",
    ]


def test_a_notice_goes_out_though_the_state_is_away(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_office = office()
    nowhere = "postgresql+psycopg://tandem:hidden@127.0.0.1:1/tandem"
    monkeypatch.setenv("TANDEM_STATE", nowhere)
    assert open_office.run()
    (told,) = open_office.told()
    assert "What became of its entities is not known" in told["message"]
    assert "hidden" not in told["message"]


def test_what_others_wrote_is_no_template(office: Any) -> None:
    from tandem.airflow.notices.events import approval_waits

    head = HEAD.replace("[failure, partial]", "[approval]")
    open_office = office(head)
    context: Any = open_office.shop.context("mine")
    approval_waits(open_office.shop.integration, context, "{{ 7 * 7 }} deletions of <!channel>")
    (told,) = open_office.told()
    assert told["title"] == "Tandem: shop waits for approval"
    assert "{{ 7 * 7 }} deletions of <!channel>" in told["message"]


class Secrets:
    """What Airflow's context has of connections and variables: whatever is asked is a secret."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return SimpleNamespace(password="hidden", get_uri=lambda: "hidden", x="hidden")


def fail(office: Office) -> None:
    """Tell of a run that failed, in a context such as Airflow's."""
    from airflow.sdk import DAG

    from tandem.airflow.notices.events import failed

    context: Any = {**office.shop.context("mine"), "task": office.shop.task("report")}
    context |= {"dag": DAG("shop__sync", schedule=None), "conn": Secrets(), "var": Secrets()}
    failed(context)


SPIES = [
    "{{ conn.private_db.password }}",
    "{{ conn.private_db.get_uri() }}",
    "{{ var.value.x }}",
    "{{ ti }}",
    "{% include 'told.py' %}",
    "{{ tandem.__class__.__mro__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ tandem.text.__init__.__globals__ }}",
]


@pytest.mark.parametrize("spy", SPIES)
def test_options_know_what_happened_and_no_secrets(
    office: Any, spy: str, caplog: pytest.LogCaptureFixture
) -> None:
    notice = json.dumps(
        {
            "notifier": "tests.airflow.told.WrittenDown",
            "options": {"title": spy, "message": [{"deep": f"{spy} {{{{ tandem.text }}}}"}]},
        }
    )
    open_office = office(f"notify: [{notice}, {WRITTEN_DOWN}]")
    fail(open_office)
    assert len(open_office.told()) == 1
    assert "notify 1: nobody was told" in caplog.text
    assert "hidden" not in caplog.text


def test_options_are_what_happened_however_deep(office: Any) -> None:
    deep = json.dumps(OPTIONS_DEEP)
    open_office = office(f"notify: [{{notifier: tests.airflow.told.WrittenDown, options: {deep}}}]")
    fail(open_office)
    (told,) = open_office.told()
    assert told == {
        "title": "failure of shop: mine",
        "message": ["a", {"b": "Tandem: shop failed"}],
    }


OPTIONS_DEEP = {
    "title": "{{ tandem.event }} of {{ tandem.integration }}: {{ tandem.run_id }}",
    "message": ["a", {"b": "{{ tandem.subject }}"}],
}


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What arrived in a mailbox."""
    with mailbox() as received:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "tandem@example.com"}
        at = {"conn_type": "smtp", "host": "127.0.0.1", "port": received.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(at))
        yield received.texts


def test_an_address_is_no_template(office: Any, mails: list[str]) -> None:
    to = json.dumps(["{{conn.private_db.password}}@evil.example", "{{7*7}}@example.com"])
    fail(office(f"notify: [{{email: {{to: {to}, connection: mail}}}}]"))
    (mail,) = mails
    assert "hidden" not in mail
    assert "49@" not in mail


def test_a_mail_says_what_happened_and_is_no_template(office: Any, mails: list[str]) -> None:
    from tandem.airflow.notices.events import approval_waits

    open_office = office(
        "notify: [{on: [approval], email: {to: [a@example.com], connection: mail}}]"
    )
    context: Any = {**open_office.shop.context("mine"), "conn": Secrets()}
    question = "{{ conn.private_db.password }} & <b>"
    approval_waits(open_office.shop.integration, context, question)
    mail = message_from_string(mails[0])
    assert (mail["To"], mail["Subject"]) == ("a@example.com", "Tandem: shop waits for approval")
    (part,) = [one for one in mail.walk() if not one.is_multipart()]
    body: Any = part.get_payload(decode=True)
    assert "{{ conn.private_db.password }} &amp; &lt;b&gt;" in body.decode()


def test_slack_is_told_what_happened_and_it_is_no_template(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tandem.airflow.notices.events import approval_waits

    with webhook() as received:
        at = {"conn_type": "slackwebhook", "host": f"http://127.0.0.1:{received.port}"}
        monkeypatch.setenv("AIRFLOW_CONN_HOOK", json.dumps({**at, "password": "T1/B2/hook"}))
        open_office = office("notify: [{on: [approval], slack: {connection: hook}}]")
        context: Any = {**open_office.shop.context("mine"), "conn": Secrets()}
        question = "{{ conn.private_db.password }} & <!channel>"
        approval_waits(open_office.shop.integration, context, question)
    assert "{{ conn.private_db.password }} &amp; &lt;!channel&gt;" in received.texts[0]


@pytest.mark.parametrize(
    "notice",
    [
        "{notifier: nowhere.at.All}",
        "{notifier: tests.airflow.told.Missing}",
        "{notifier: json.dumps}",
        "{notifier: tests.airflow.told.WrittenDown}",
        "{notifier: tests.airflow.told.Speechless}",
    ],
)
def test_a_notifier_that_cannot_tell_stops_neither_the_run_nor_the_next_notice(
    office: Any, notice: str, caplog: pytest.LogCaptureFixture
) -> None:
    open_office = office(f"notify: [{notice}, {WRITTEN_DOWN}]")
    open_office.shop.sql("source", "drop table customers")
    assert open_office.run()
    assert len(open_office.told()) == 1
    assert "notify 1: nobody was told" in caplog.text


def test_what_keeps_notices_from_being_sent_is_found_beforehand(office: Any) -> None:
    from tandem.airflow.notices.sending import problems

    notices = "{notifier: nowhere.at.All}, {notifier: json.dumps}, {slack: {connection: a}}"
    asks = WRITTEN_DOWN.replace("tandem.subject", "conn.a.password")
    found = problems(office(f"notify: [{notices}, {asks}, {WRITTEN_DOWN}]").shop.integration)
    assert found == [
        "notify 1 tells nobody: ModuleNotFoundError: No module named 'nowhere'",
        "notify 2 tells nobody: TypeError: json.dumps is no Airflow notifier "
        "(airflow.sdk.BaseNotifier)",
        "notify 3: there is no connection 'a'. Add it on Airflow's Connections page, or set "
        "AIRFLOW_CONN_A.",
        "notify 4 tells nobody: UndefinedError: 'conn' is undefined",
    ]


@pytest.mark.parametrize("way", ["slack: {", "email: {to: [a@example.com], "])
def test_a_connection_that_is_not_there_is_said_by_its_name(
    office: Any, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    fail(office(f"notify: [{{{way}connection: no_such}}}}, {WRITTEN_DOWN}]"))
    missing = "there is no connection 'no_such'. Add it on Airflow's Connections page, or set"
    assert f"notify 1: nobody was told: {missing} AIRFLOW_CONN_NO_SUCH." in caplog.text


def test_a_connection_that_is_there_is_no_problem(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tandem.airflow.notices.sending import problems

    monkeypatch.setenv("AIRFLOW_CONN_HOOK", "slackwebhook://:T1@hooks.example.com")
    assert not problems(office("notify: [{slack: {connection: hook}}]").shop.integration)


def test_a_partial_run_is_told_with_what_waits(office: Any) -> None:
    open_office = office()
    spoil(open_office, "Ada", "Bea")
    assert open_office.run() is None
    (told,) = open_office.told()
    assert told["title"] == "Tandem: shop is partial"
    assert "FAILED (2)" in told["message"]


def test_a_partial_run_says_in_its_report_what_waits_and_where(
    office: Any, caplog: pytest.LogCaptureFixture
) -> None:
    open_office = office("")
    spoil(open_office, "Ada", "Bea")
    assert open_office.run() is None
    assert "PARTIAL: what waits: 2 rejected. See tandem rejected shop" in caplog.text
    assert "https://airflow.test/tandem/integrations/shop/waiting" in caplog.text


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("rejected: 1", "2 records were rejected: fail_above.rejected is 1."),
        ("rejected_percent: 50", "66.7 % of the records (2 of 3) were rejected"),
        ("rejected: 2, rejected_percent: 67, conflicts: 0", None),
    ],
)
def test_a_run_fails_above_its_limits_and_what_was_loaded_stays(
    office: Any, limits: str, said: str | None
) -> None:
    open_office = office(f"fail_above: {{{limits}}}\n{HEAD}")
    spoil(open_office, "Ada", "Bea")
    error = open_office.run()
    assert (said in str(error)) if said else error is None
    assert open_office.shop.sql("target", "select id from customer") == [("good",)]
    (told,) = open_office.told()
    assert told["title"] == f"Tandem: shop {'failed' if said else 'is partial'}"
