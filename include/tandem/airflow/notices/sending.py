"""Sends what happened to those whom an integration file names, through Airflow's notifiers."""

import html
import logging
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from airflow.sdk import BaseNotifier, Context
from jinja2 import StrictUndefined

from tandem.airflow.connections import find_connection
from tandem.errors import ConfigurationError, TandemError
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
                _notifier(notice, message).notify(_with(context, message))
            except Exception as error:  # noqa: BLE001 - a notice is not what the run is about
                log.warning("notify %s: nobody was told: %s", number, _said(error))
            else:
                log.info("notify %s: told of %s", number, message.event)


def problems(integration: Integration) -> list[str]:
    """What keeps its notices from being sent, as far as it shows without sending one."""
    found = []
    sample = Message("failure", integration.name, "sample", "Tandem: a sample", "A sample.")
    for number, notice in enumerate(integration.notify, 1):
        try:
            _notifier(notice, sample)
        except Exception as error:  # noqa: BLE001 - whatever an import or a class raises
            tells_nobody = "" if isinstance(error, TandemError) else " tells nobody"
            found.append(f"notify {number}{tells_nobody}: {_said(error)}")
    return found


def _notifier(notice: Notice, message: Message) -> BaseNotifier:
    """One that is about to tell that. To Slack and mail nothing is a template: neither what the
    file says, nor what others wrote.
    """
    said = _tandem(message)
    if by := notice.slack or notice.email:
        _look_for(by.connection)
    if notice.slack:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

        return SlackWebhookNotifier(
            slack_webhook_conn_id=notice.slack.connection, text=said["slack"]
        )
    if notice.email:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        return SmtpNotifier(
            to=list(notice.email.to),
            subject=said["subject"],
            html_content=said["html"],
            smtp_conn_id=notice.email.connection,
        )
    return _rendered(_made(str(notice.notifier), notice.options), said)


def _look_for(conn_id: str) -> None:
    """ConfigurationError if there is no such connection. Airflow is asked: the notifiers do too."""
    try:
        find_connection(conn_id, {})
    except ConfigurationError:
        raise ConfigurationError(
            f"there is no connection {conn_id!r}.",
            remedy=f"Add it on Airflow's Connections page, or set AIRFLOW_CONN_{conn_id.upper()}.",
        ) from None


def _made(import_path: str, options: dict[str, Any]) -> BaseNotifier:
    module, _, name = import_path.rpartition(".")
    kind = getattr(import_module(module), name)
    if not (isinstance(kind, type) and issubclass(kind, BaseNotifier)):
        raise TypeError(f"{import_path} is no Airflow notifier (airflow.sdk.BaseNotifier)")
    made: BaseNotifier = kind(**options)
    return made


def _rendered(made: BaseNotifier, said: dict[str, str]) -> BaseNotifier:
    """With its templates filled in. They know `tandem` alone: Airflow's context leads to every
    connection and variable, and the environment of its DAG to files.
    """
    environment = made.get_template_env()
    environment.undefined = StrictUndefined
    only: Any = {"tandem": said}
    # One by one: `render_template_fields` logs what is raised, with its traceback.
    for field in made.template_fields:
        if value := getattr(made, field):
            setattr(made, field, made.render_template(value, only, environment))
    return made


def _tandem(message: Message) -> dict[str, str]:
    """What templates know as `tandem`."""
    return {
        **asdict(message),
        "html": f"<pre>{html.escape(message.text)}</pre>",
        # Slack's own characters: what others wrote must not call a channel.
        "slack": html.escape(message.text, quote=False),
    }


def _with(context: Context, message: Message) -> Context:
    """What the notifier's own code is told: Airflow's context, and `tandem`."""
    both: Any = {**context, "tandem": _tandem(message)}
    return both  # type: ignore[no-any-return]


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, TandemError) else f"{type(error).__name__}: {error}"
