"""The few kinds of error, named after what comes next.

    TandemError
    ├── StopRun                  a person has to act; repeating the run changes nothing
    │   ├── ConfigurationError   the integration file, a connection or a schema is wrong
    │   ├── AuthenticationError  the system does not let us in
    │   └── Stale                what was read or planned is out of date, or gone
    ├── RetryLater               nothing was lost; the same call may succeed later
    │   ├── Unreachable          no usable answer
    │   ├── Throttled            the system asks us to wait
    │   └── Busy                 another run is at work
    └── AnchorExpired            the system has forgotten where we stopped: read everything

What becomes of a single record is not raised: `tandem.connectors.base.Written` says it.

Anything else that is raised is a bug.
"""

import re
from collections.abc import Sequence
from typing import Final

_UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""What a terminal obeys or hides, but for line ends and tabs; half surrogates, and the two that
are no characters, are no text.
"""


class TandemError(Exception):
    """A problem that has a cause and a remedy.

    `problem` names the thing and the cause, `remedy` says what the reader can do about it.
    """

    def __init__(self, problem: str, *, remedy: str = "") -> None:
        problem = printable(problem)  # it may quote what others wrote
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()


class StopRun(TandemError):
    """A person has to act before the run can go on."""


class ConfigurationError(StopRun):
    """The integration file, a connection or a schema is wrong."""


class AuthenticationError(StopRun):
    """The system refuses our credentials or our permissions. Never retried."""


class Stale(StopRun):
    """What was read or planned is out of date, or gone: it has to be read again."""


class RetryLater(TandemError):
    """Nothing was lost; the same call may succeed later."""


class Unreachable(RetryLater):
    """The system gave no usable answer: no connection, a cut or an internal error."""


class Throttled(RetryLater):
    """The system asks us to wait for `retry_after` seconds (None: it does not say how long)."""

    def __init__(self, problem: str, *, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(problem, remedy=remedy)
        self.retry_after = retry_after


class Busy(RetryLater):
    """Another run is at work on this integration."""


class AnchorExpired(TandemError):
    """The system does not know any more where we stopped reading: everything has to be read."""


def asks_to_wait(error: BaseException) -> bool:
    """Whether a system asks us to wait. One that is both may just be away, if it names no time."""
    if isinstance(error, Throttled) and isinstance(error, Unreachable):
        return error.retry_after is not None
    return isinstance(error, Throttled)


def printable(text: str) -> str:
    r"""The text with control characters as escapes that show, such as \u001b.

    JSON and quoted YAML stay what they are: they read these escapes as the characters.
    """
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """The text, which others may have written, as one line that hides and forges nothing."""
    return printable(" ".join(text.split()))


def is_one_line(text: str) -> bool:
    """Whether the text is free of control characters, line ends and tabs included."""
    return printable(text) == text and not {"\n", "\t"} & set(text)


def one_of(known: Sequence[str]) -> str:
    """`known` as words for a message: "a, b or c"."""
    *first, last = sorted(known)
    return f"{', '.join(first)} or {last}" if first else last
