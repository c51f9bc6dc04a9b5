"""When a run is trouble, and who is told: `fail_above` and `notify` of an integration file."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from tandem.model.config import Config

Event = Literal["failure", "partial", "late", "approval"]


def _like(pattern: str, what: str, example: str) -> Callable[[str], str]:
    """Refuses texts that do not look like that."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"{text[:60]!r} is no {what}; write for example {example}")
        return text

    return check


ConnectionId = Annotated[
    str, AfterValidator(_like(r"[\w.:-]+", "id of a connection", "slack_webhook"))
]
Address = Annotated[
    str, AfterValidator(_like(r"[^@\s,;<>]+@[^@\s,;<>]+", "address", "ada@example.com"))
]
ImportPath = Annotated[
    str, AfterValidator(_like(r"[^\W\d]\w*(\.[^\W\d]\w*)+", "import path", "ours.chat.Notifier"))
]


class FailAbove(Config):
    """How much of a run may wait for a cause or a person before the run counts as failed.

    What was loaded stays loaded.
    """

    rejected: int | None = Field(None, ge=0, description="Records that the run rejected.")
    rejected_percent: Decimal | None = Field(
        None, ge=0, le=100, description="The same, in percent of the records that it dealt with."
    )
    conflicts: int | None = Field(None, ge=0, description="Records that the run left in conflict.")


class Slack(Config):
    """A Slack channel, by an incoming webhook."""

    connection: ConnectionId = Field(description="Id of an Airflow connection (slackwebhook).")


class Email(Config):
    """People, by e-mail."""

    to: tuple[Address, ...] = Field(min_length=1, description="Addresses.")
    connection: ConnectionId = Field(
        "smtp_default",
        description="Id of an Airflow connection (smtp), which says who it comes from.",
    )


class Notice(Config):
    """Who is told when, and how."""

    on: tuple[Event, ...] = Field(
        ("failure",),
        min_length=1,
        description="failure: a run failed. partial: records were rejected or are in conflict, or "
        "deletions wait. late: a run takes longer than late_after. approval: a run waits for it.",
    )
    slack: Slack | None = Field(None, description="A Slack channel.")
    email: Email | None = Field(None, description="People, by e-mail.")
    notifier: ImportPath | None = Field(
        None, description="Any Airflow notifier: import path of its class."
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="What that notifier is made with; {{ tandem.subject }} and {{ tandem.text }} "
        "in those that it renders are what happened.",
    )

    @model_validator(mode="after")
    def _has_one_way(self) -> "Notice":
        ways = [way for way in (self.slack, self.email, self.notifier) if way is not None]
        if len(ways) != 1:
            raise ValueError(
                "a notice has one of slack, email and notifier; "
                "write for example slack: {connection: slack_webhook}"
            )
        if self.options and self.notifier is None:
            raise ValueError("options are those of a notifier; write notifier: …, or remove them")
        return self
