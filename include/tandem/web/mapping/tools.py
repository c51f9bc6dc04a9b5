"""Tools of the editor that take a while: begun by one request, and looked at until they end."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Request, Response
from pydantic import ValidationError

from tandem.errors import ConfigurationError
from tandem.web.access import Visit
from tandem.web.answers import Shown, answer
from tandem.web.desk import Desk

Result = TypeVar("Result", bound=Shown)
T = TypeVar("T", bound=Shown)

WorkId = Annotated[str, Path(pattern=r"^[0-9a-f]{16,40}$")]
"""What the request that began it answered as `id`."""


class Tool(Shown, Generic[Result]):
    """How far a tool is, and what came of it."""

    id: str
    """To ask again with."""
    state: str
    """waiting, running, done or failed."""
    progress: str = ""
    """What it is doing, in words."""
    problem: str = ""
    remedy: str = ""
    result: Result | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ("done", "failed")


def seen(desk: Desk, visit: Visit, work: str, kind: type[Tool[T]]) -> Tool[T]:
    """How far that work is; ConfigurationError if nobody knows of it, or it is another tool's."""
    found = desk.work.seen(visit.name, work)
    try:
        return kind.model_validate(found.model_dump(exclude={"at"}))
    except ValidationError:
        raise ConfigurationError(
            "This is the work of another tool.", remedy="Ask for it again."
        ) from None


def result_of(tool: Tool[T]) -> T:
    """What came of it; ConfigurationError if nothing did, or not yet."""
    if tool.result is None:
        raise ConfigurationError(
            tool.problem or "This is not done yet.", remedy=tool.remedy or "Wait until it is."
        )
    return tool.result


def shown(request: Request, tool: Tool[Any], template: str, **context: Any) -> Response:
    """The tool's dialog, which asks again while it is at work."""
    status = 200 if tool.has_ended else 202
    return answer(request, tool, f"mapping/tools/{template}", status=status, **context)
