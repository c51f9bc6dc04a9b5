"""Where runs take place: settings, connections, a clock; and the state that is found by them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tandem.model.connection import Connection
from tandem.settings import Settings
from tandem.staging_places import find_connections_by
from tandem.state.sign_in_key import SignInKey
from tandem.state.sign_ins import SqlSignIns
from tandem.state.store import SqlState, open_state


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a run takes place."""

    settings: Settings
    connections: Callable[[str], Connection]
    """A connection by its id; ConfigurationError if there is none."""
    now: Callable[[], datetime]

    def __post_init__(self) -> None:
        """What is staged may need a connection too, and its path alone tells which."""
        find_connections_by(self.connections)

    @property
    def state_url(self) -> str:
        """The SQLAlchemy URL of the state database."""
        url = self.settings.state
        return url if "://" in url else str(self.connections(url).extra.get("url", ""))


def open_state_of(name: str, environment: Environment) -> SqlState:
    """The state of the integration of that name; close it afterwards."""
    return open_state(environment.state_url, name)


def sign_ins_of(environment: Environment) -> SqlSignIns:
    """People's sign-ins, beside the state of all integrations; close it afterwards. Nothing is
    opened before it is needed.
    """
    settings = environment.settings
    key = SignInKey(settings.fernet_keys, settings.key_file)
    return SqlSignIns(lambda: environment.state_url, key, environment.now)
