"""Sends what happened to those whom an integration file names, through Airflow's notifiers."""

import html
import logging
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from airflow.sdk import BaseNotifier, Context

from tandem.model.alerts import Event, Notice
from tandem.model.integration import Integration

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """What happened. Without secrets, and without whole records."""

    event: Event
    integration: str
    run_id: str
    subject: str
    """One line."""
    text: str


def send(integration: Integration, message: Message, context: Context) -> None:
    """Tell everyone who wants to know. One that cannot be told is logged, and stops nothing."""
    for number, notice in enumerate(integration.notify, 1):
        if message.event in notice.on:
            try:
                _notifier(notice)(_with(context, message))
            except Exception as error:  # noqa: BLE001 - a notice is not what the run is about
                log.warning("notify %s: nobody was told: %s", number, _said(error))
            else:
                log.info("notify %s: told of %s", number, message.event)


def problems(integration: Integration) -> list[str]:
    """What keeps its notices from being sent, as far as it shows without sending one."""
    found = []
    for number, notice in enumerate(integration.notify, 1):
        try:
            _notifier(notice)
        except Exception as error:  # noqa: BLE001 - whatever an import or a class raises
            found.append(f"notify {number} tells nobody: {_said(error)}")
    return found


def _notifier(notice: Notice) -> BaseNotifier:
    # What others wrote must not be rendered as a template: the notifier renders `tandem.…` once.
    if notice.slack:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

        return SlackWebhookNotifier(
            slack_webhook_conn_id=notice.slack.connection, text="{{ tandem.slack }}"
        )
    if notice.email:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        return SmtpNotifier(
            to=list(notice.email.to),
            subject="{{ tandem.subject }}",
            html_content="{{ tandem.html }}",
            smtp_conn_id=notice.email.connection,
        )
    module, _, name = str(notice.notifier).rpartition(".")
    kind = getattr(import_module(module), name)
    if not (isinstance(kind, type) and issubclass(kind, BaseNotifier)):
        raise TypeError(f"{notice.notifier} is no Airflow notifier (airflow.sdk.BaseNotifier)")
    made: BaseNotifier = kind(**notice.options)
    return made


def _with(context: Context, message: Message) -> Context:
    """The context of templates: Airflow's, and `tandem`."""
    tandem = {
        **asdict(message),
        "html": f"<pre>{html.escape(message.text)}</pre>",
        # Slack's own characters: what others wrote must not call a channel.
        "slack": html.escape(message.text, quote=False),
    }
    both: Any = {**context, "tandem": tandem}
    return both  # type: ignore[no-any-return]


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
