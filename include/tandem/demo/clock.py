"""The time of the service."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 the one place where the demo looks at the clock


def moment_text(moment: datetime) -> str:
    """A point in time as text that sorts as the time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
