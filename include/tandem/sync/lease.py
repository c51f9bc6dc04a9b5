"""One run of an integration at a time: a lease that is held while a process is at work."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread
from typing import Final

from tandem.errors import Busy, RetryLater, StopRun, TandemError
from tandem.state.process import this_process
from tandem.sync.environment import Environment, open_state_of
from tandem.sync.job import Run

LIFETIME: Final = timedelta(minutes=10)
"""How long a lease is good for after it was renewed last: tasks of one run may wait in between."""
_PULSE: Final = 60.0
"""Seconds between renewals."""


@contextmanager
def holding(run: Run, *, keeps: bool = False) -> Iterator[None]:
    """Hold the integration's lease for this run; Busy while another run holds it.

    `keeps`: the run goes on in other processes, so that the lease is not given back.
    """
    run.state.acquire(run.run_id, process=this_process(), now=run.now(), ttl=LIFETIME)
    ended = Event()
    pulse = Thread(target=_renew, args=(run, ended), name="tandem-lease", daemon=True)
    pulse.start()
    try:
        yield
    except BaseException:
        with suppress(TandemError):  # what stopped the run matters more
            _end(run, ended, pulse, keeps=keeps)
        raise
    _end(run, ended, pulse, keeps=keeps)


def _end(run: Run, ended: Event, pulse: Thread, *, keeps: bool) -> None:
    ended.set()
    pulse.join()
    if keeps:
        run.state.acquire(run.run_id, process=None, now=run.now(), ttl=LIFETIME)
    else:
        run.state.release()


def _renew(run: Run, ended: Event) -> None:
    while not ended.wait(_PULSE):
        try:
            run.state.renew(run.now(), LIFETIME)
        except RetryLater:
            continue  # the lease is good for several pulses
        except StopRun:
            return  # whoever writes next is told


def give_back(run: Run) -> None:
    """Let other runs in. One that has taken over already is left alone."""
    with suppress(Busy), holding(run):
        pass


def keep(environment: Environment, name: str, run_id: str) -> None:
    """The integration stays this run's for another LIFETIME, though no process is at work.

    Raises Busy if another run has it. Opens neither side.
    """
    with closing(open_state_of(name, environment)) as state:
        state.acquire(run_id, process=None, now=environment.now(), ttl=LIFETIME)
