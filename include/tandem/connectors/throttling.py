"""What this process waits on the spot because systems ask for it, and what it leaves to others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, TypeVar

from tandem.errors import TandemError, asks_to_wait

T = TypeVar("T")

_SHORT: Final = 60.0
"""Seconds for which no worker is left."""
_FEW: Final = 20
"""Answers that may be asked for once more. Who began anew after many might never get further."""


@dataclass
class Worker:
    """This process, a worker of Airflow's, say, as one that waits. All its threads share it."""

    can_be_left: bool = False
    """Whether somebody waits in its stead: a long wait is then an error at once, at the beginning
    of what it does.
    """
    slept: float = 0.0
    """Seconds that it has waited because systems asked for it."""
    answers: int = 0
    """What systems have answered so far."""
    _lock: Lock = field(default_factory=Lock)

    def answered(self, answer: T) -> T:
        """Count an answer, and give it back."""
        with self._lock:
            self.answers += 1
        return answer

    def leaves(self, seconds: float, error: TandemError) -> bool:
        """Whether the wait is left to whoever gets the error."""
        few = self.can_be_left and self.answers < _FEW
        return few and seconds > _SHORT and asks_to_wait(error)

    def rest(self, sleep: Callable[[float], None], seconds: float, error: TandemError) -> None:
        """Sleep before the next attempt; counted if the system asked for it."""
        sleep(seconds)
        if asks_to_wait(error):
            with self._lock:
                self.slept += seconds


WORKER: Final = Worker()
"""Of this process."""
