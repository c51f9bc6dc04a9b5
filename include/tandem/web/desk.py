"""What all pages work with: the Airflow that they are in, the integration files and the state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tandem.airflow.host import Host
from tandem.errors import ConfigurationError
from tandem.integration_files import (
    BrokenFile,
    integration_text,
    list_integration_files,
    parse_integration,
)
from tandem.model.integration import Integration
from tandem.state.sign_ins import SqlSignIns
from tandem.state.store import SharedStates, SqlState
from tandem.sync.environment import Environment, sign_ins_of
from tandem.sync.job import Progress, Request, Run, open_job
from tandem.web.work import Work
from tandem.yaml_source import Problem


def _in_silence(_entity: str, _step: str, _records: int) -> None:
    pass


@dataclass(frozen=True)
class Desk:
    """Shared by all requests of a process."""

    host: Host
    environment: Environment

    @property
    def folder(self) -> Path:
        """Where the integration files are."""
        return self.environment.settings.config

    def files(self) -> dict[str, Path]:
        """Name → file, broken ones too. A name that somebody sends is looked up here, and never
        made a path.
        """
        return {path.stem: path for path in list_integration_files(self.folder)}

    def file(self, name: str) -> Path:
        """The file of that integration; ConfigurationError if there is none."""
        try:
            return self.files()[name]
        except KeyError:
            raise NoSuchIntegration(
                f"There is no integration {name!r}.", remedy="See the list of integrations."
            ) from None

    def integration(self, name: str) -> Integration:
        """The integration of that name; BrokenFile if it cannot be used."""
        path = self.file(name)
        found = _parsed(path, integration_text(path))
        if isinstance(found, Integration):
            return found
        raise BrokenFile(path, [*found])

    @contextmanager
    def state(self, name: str) -> Iterator[SqlState]:
        """The state of that integration, without its systems."""
        yield self._states.of(name)

    @contextmanager
    def job(self, name: str, request: Request, progress: Progress = _in_silence) -> Iterator[Run]:
        """Both systems and the state, opened for a run of that integration."""
        with open_job(self.integration(name), request, self.environment, progress) as run:
            yield run

    def run_id(self, what: str) -> str:
        """The id of a run that somebody starts on a page now: `pages__preview__…`."""
        return f"pages__{what}__{self.environment.now():%Y-%m-%dT%H:%M:%S.%f}"

    @cached_property
    def _states(self) -> SharedStates:
        return SharedStates(self.environment.state_url)

    @cached_property
    def work(self) -> Work:
        """What outlasts a request."""
        return Work(self.environment.settings.staging, self.environment.now)

    @cached_property
    def sign_ins(self) -> SqlSignIns:
        """People's sign-ins."""
        return sign_ins_of(self.environment)


class NoSuchIntegration(ConfigurationError):
    """There is no file of that name."""


@lru_cache(maxsize=256)
def _parsed(path: Path, text: str) -> Integration | tuple[Problem, ...]:
    """What a file with that text says, or what is wrong in it: large ones take half a second."""
    try:
        return parse_integration(path, text)
    except BrokenFile as error:
        return error.problems
