"""Work that outlasts a request: a few threads do it, and any API server can say how far it is.

What is known of it is a small document beside the staged batches: it has to be seen by whichever
process is asked, and is of no use any more after a day.
"""

import logging
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Semaphore, Thread
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tandem.errors import ConfigurationError, TandemError
from tandem.staging import Staging, staged_runs
from tandem.sync.job import Progress
from tandem.web.texts import problem_text

_log: Final = logging.getLogger(__name__)

_AT_ONCE: Final = 3
"""Pieces of work of one process that are done at the same time; others wait."""
_BEAT: Final = 2.0
"""Seconds between two notes that it goes on."""
_SILENT: Final = timedelta(seconds=30)
"""So long nobody has noted anything of work whose process is gone."""
_KEPT: Final = timedelta(days=1)
"""So long one can ask what came of it."""
_RUN_ID: Final = re.compile(r"pages-([0-9a-f]{9})[0-9a-f]{16}")
"""What work is staged under: its id begins with the second in which it was begun."""


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
        self._turns = Semaphore(_AT_ONCE)

    def begin(self, integration: str, do: Callable[[Progress], BaseModel]) -> str:
        """Have this done for the integration; its id. A TandemError is told to who asks.

        ConfigurationError or Unreachable if nothing can be staged. Whoever ends the process ends
        the work too: nobody waits for it, and it counts as cut short.
        """
        work_id = f"{int(self._now().timestamp()):09x}{secrets.token_hex(8)}"
        piece = _Piece(work_id, self._place(integration, work_id), self._now)
        piece.note()

        def work() -> None:
            self._remove_old(integration)
            piece.done(do, self._turns)

        Thread(target=work, name=f"tandem-pages-{work_id}", daemon=True).start()
        return work_id

    def seen(self, integration: str, work_id: str) -> Seen:
        """How far it is; ConfigurationError if nobody knows of it."""
        place = self._place(integration, work_id)
        try:
            found = Seen.model_validate(place.read_json(_document(place)))
        except (FileNotFoundError, ValidationError):  # another version of ours may have begun it
            raise ConfigurationError(
                "Nothing is known of this any more.", remedy="Ask for it again."
            ) from None
        if found.has_ended or self._now() - found.at < _SILENT:
            return found
        cut = {"state": "failed", "problem": "It was cut short.", "remedy": "Ask for it again."}
        return found.model_copy(update=cut)

    def _place(self, integration: str, work_id: str) -> Staging:
        return Staging(self._staging, integration, f"pages-{work_id}")

    def _remove_old(self, integration: str) -> None:
        """Forget what was begun more than a day ago. Another process may be doing the same."""
        with suppress(TandemError):
            for run_id in staged_runs(self._staging, integration):
                begun = _begun(run_id)
                if begun and self._now() - begun > _KEPT:
                    with suppress(TandemError):
                        Staging(self._staging, integration, run_id).remove()


def _document(place: Staging) -> str:
    return f"{place.folder()}/work.json"


def _begun(run_id: str) -> datetime | None:
    """When the work that is staged so was begun; None if it is no work of pages."""
    found = _RUN_ID.fullmatch(run_id)
    return datetime.fromtimestamp(int(found[1], 16), UTC) if found else None


class _Piece:
    """One piece of work. Until it has ended, a note says every few seconds that it goes on."""

    def __init__(self, work_id: str, place: Staging, now: Callable[[], datetime]) -> None:
        self._id = work_id
        self._place = place
        self._now = now
        self._state: Literal["waiting", "running"] = "waiting"
        self._doing = ""
        self._ended = Event()
        self._noting = Lock()

    def note(self) -> None:
        """Let others know that it goes on."""
        with self._noting:
            if not self._ended.is_set():
                self._write(state=self._state, progress=self._doing)

    def done(self, do: Callable[[Progress], BaseModel], turns: Semaphore) -> None:
        """Do it when it is its turn, and note what came of it."""
        Thread(target=self._beat, daemon=True).start()
        with turns:
            self._state = "running"
            with suppress(TandemError):
                self.note()
            ended = self._outcome(do)
        with self._noting:
            self._ended.set()
            try:
                self._write(progress=self._doing, **ended)
            except TandemError as error:
                _log.error("What came of a page's work cannot be kept: %s", error)

    def _outcome(self, do: Callable[[Progress], BaseModel]) -> dict[str, Any]:
        try:
            return {"state": "done", "result": do(self._progress).model_dump(mode="json")}
        except TandemError as error:
            return {"state": "failed", "problem": problem_text(error), "remedy": error.remedy}
        except Exception as error:  # noqa: BLE001 - nobody else is there to say it
            _log.error("What a page asked for failed: this is a bug", exc_info=error)
            problem = f"This is a bug: {type(error).__name__}."
            remedy = "The API server's log has more."
            return {"state": "failed", "problem": problem, "remedy": remedy}

    def _write(self, **values: Any) -> None:
        found = Seen.model_validate({"id": self._id, "at": self._now(), **values})
        self._place.write_json(_document(self._place), found.model_dump(mode="json"))

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT):
            with suppress(TandemError):  # where they are staged may be out of reach for a while
                self.note()

    def _progress(self, entity: str, step: str, records: int) -> None:
        self._doing = f"{entity}: {step}, {records:,} records"
