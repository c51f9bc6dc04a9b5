"""The next page is fetched while this one is worked on."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread

from tandem.connectors.http import Answer

Fetch = Callable[[str, Callable[[], bool]], Answer]
"""Fetches a URL, trying again as long as the second argument says that it is still wanted."""


@dataclass(slots=True)
class _Job:
    url: str
    answer: "Future[Answer]" = field(default_factory=Future)
    wanted: bool = True


class Ahead:
    """At most one page that is fetched ahead, in a thread of its own."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._job: _Job | None = None

    def start(self, url: str) -> None:
        """Fetch this one ahead, and no other."""
        if self._job and self._job.url == url:
            return
        self.drop()
        self._job = _Job(url)
        # A daemon, so that nobody who interrupts us waits for a slow server.
        Thread(target=self._run, args=(self._job,), name="tandem-next-page", daemon=True).start()

    def take(self, url: str) -> Answer:
        """The page at that URL, fetched ahead or now; raises what fetching raised."""
        job, self._job = self._job, None
        if job and job.url == url:
            return job.answer.result()
        if job:
            job.wanted = False
        return self._fetch(url, lambda: True)

    def drop(self) -> None:
        """Nothing is wanted any more; a request under way ends by itself."""
        if self._job:
            self._job.wanted = False
            self._job = None

    def _run(self, job: _Job) -> None:
        try:
            job.answer.set_result(self._fetch(job.url, lambda: job.wanted))
        except BaseException as error:  # noqa: BLE001 - raised again by take(), in the other thread
            job.answer.set_exception(error)
