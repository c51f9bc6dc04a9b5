"""Work that outlasts a request: a few threads do it, and any API server can say how far it is.

What is known of it is a small document beside the staged batches: it has to be seen by whichever
process is asked, and is of no use any more after a day.
"""

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from tandem.errors import ConfigurationError, TandemError
from tandem.staging import Staging
from tandem.sync.job import Progress

_log: Final = logging.getLogger(__name__)

_AT_ONCE: Final = 3
"""Pieces of work of one process that are done at the same time; others wait."""
_BEAT: Final = 2.0
"""Seconds between two notes that it goes on."""
_SILENT: Final = timedelta(seconds=30)
"""So long nobody has noted anything of work whose process is gone."""


class Seen(BaseModel):
    """How far a piece of work is."""

    model_config = ConfigDict(frozen=True)

    id: str
    state: Literal["waiting", "running", "done", "failed"]
    at: datetime
    """When that was noted."""
    progress: str = ""
    """What it is doing, in words."""
    problem: str = ""
    remedy: str = ""
    result: Any = None
    """What came of it, as JSON has it."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ("done", "failed")


class Work:
    """The work that pages have begun."""

    def __init__(self, staging: str, now: Callable[[], datetime]) -> None:
        self._staging = staging
        self._now = now
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="tandem-pages")

    def begin(self, integration: str, do: Callable[[Progress], BaseModel]) -> str:
        """Have this done for the integration; its id. A TandemError is told to who asks."""
        piece = _Piece(self._place(integration, secrets.token_hex(8)), self._now)
        piece.note("waiting")
        self._threads.submit(piece.done, do)
        return piece.id

    def seen(self, integration: str, work_id: str) -> Seen:
        """How far it is; ConfigurationError if nobody knows of it."""
        place = self._place(integration, work_id)
        try:
            found = Seen.model_validate(place.read_json(_document(place)))
        except FileNotFoundError:
            raise ConfigurationError(
                "Nothing is known of this any more.", remedy="Ask for it again."
            ) from None
        if found.has_ended or self._now() - found.at < _SILENT:
            return found
        cut = {"state": "failed", "problem": "It was cut short.", "remedy": "Ask for it again."}
        return found.model_copy(update=cut)

    def _place(self, integration: str, work_id: str) -> Staging:
        return Staging(self._staging, integration, f"pages-{work_id}")


def _document(place: Staging) -> str:
    return f"{place.folder()}/work.json"


class _Piece:
    """One piece of work. While it is done, a note says every few seconds that it goes on."""

    def __init__(self, place: Staging, now: Callable[[], datetime]) -> None:
        self.id = place.run_id.removeprefix("pages-")
        self._place = place
        self._now = now
        self._doing = ""
        self._ended = Event()
        self._noting = Lock()

    def note(self, state: str, **values: Any) -> None:
        """Let others know."""
        found = Seen.model_validate(
            {"id": self.id, "state": state, "at": self._now(), "progress": self._doing, **values}
        )
        with self._noting:
            if not self._ended.is_set() or found.has_ended:
                self._place.write_json(_document(self._place), found.model_dump(mode="json"))

    def done(self, do: Callable[[Progress], BaseModel]) -> None:
        """Do it, and note what came of it."""
        beating = Thread(target=self._beat, daemon=True)
        beating.start()
        try:
            ended: dict[str, Any] = {"result": do(self._progress).model_dump(mode="json")}
        except TandemError as error:
            ended = {"problem": error.problem, "remedy": error.remedy}
        except Exception as error:  # noqa: BLE001 - nobody else is there to say it
            _log.error("What a page asked for failed: this is a bug", exc_info=error)
            ended = {"problem": f"This is a bug: {type(error).__name__}."}
        self._ended.set()
        self.note("done" if "result" in ended else "failed", **ended)

    def _beat(self) -> None:
        while not self._ended.is_set():
            self.note("running")
            self._ended.wait(_BEAT)

    def _progress(self, entity: str, step: str, records: int) -> None:
        self._doing = f"{entity}: {step}, {records:,} records"
