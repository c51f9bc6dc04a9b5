"""The state database: at which migration it is, and moved to another one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tandem.database import open_engine
from tandem.state import moves
from tandem.state.diagnosis import Diagnosis
from tandem.state.migrate import HEAD, open_database
from tandem.sync.environment import Environment


@dataclass(frozen=True, slots=True)
class Stand:
    """At which migration the state database is."""

    revision: str | None
    """None: it has none yet."""
    newest: str = HEAD
    """The newest that this version of Tandem knows."""


@dataclass(frozen=True, slots=True)
class Downgrade:
    """A move to an older migration."""

    lost: tuple[str, ...]
    """What is lost by it, a line for each migration."""
    carry_out: Callable[[], None]


def stand(environment: Environment) -> Stand:
    """At which migration it is; nothing is changed."""
    state = Diagnosis(environment.state_url)
    try:
        return Stand(state.revision() if state.exists else None)
    finally:
        state.close()


def upgrade(environment: Environment) -> Stand:
    """Bring it to the newest migration."""
    open_database(environment.state_url).dispose()
    return stand(environment)


@contextmanager
def downgrading(environment: Environment, target: str) -> Iterator[Downgrade]:
    """A downgrade to that migration, to be looked at and carried out."""
    engine = open_engine(environment.state_url)
    try:
        lost = tuple(moves.lost(engine, target))
        yield Downgrade(lost, lambda: moves.downgrade(engine, target, now=environment.now()))
    finally:
        engine.dispose()
