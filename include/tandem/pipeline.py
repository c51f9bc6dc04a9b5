"""Two cores for one stream: what comes next is made while what is there is used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_END: Final = object()


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, each made in another thread while the one before it is used."""
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tandem-ahead") as thread:
        upcoming = thread.submit(next, iterator, _END)
        while (item := upcoming.result()) is not _END:
            upcoming = thread.submit(next, iterator, _END)
            yield item  # type: ignore[misc] # the end is not among them


def in_parallel(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> Iterator[Result]:
    """The function's results in the order of the items, `workers` of them in the making."""
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="tandem-worker") as threads:
        making: deque[Future[Result]] = deque(
            threads.submit(function, item) for item in islice(iterator, workers)
        )
        while making:
            result = making.popleft().result()
            making.extend(threads.submit(function, item) for item in islice(iterator, 1))
            yield result
