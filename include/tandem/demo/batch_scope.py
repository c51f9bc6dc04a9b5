"""What a request in a batch can see of those before it: whether they succeeded, and their URLs."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from tandem.demo.batch_parts import Part, Step
from tandem.demo.call import Reply
from tandem.demo.errors import ServiceError, bad_request

SYSTEM: Final = frozenset(("$batch", "$crossjoin", "$all", "$entity", "$root", "$id", "$metadata"))
"""First segments that are no references (OData Protocol 4.01, 11.7.4)."""
_URL: Final = re.compile(r"[!\"$-~]+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Scope:
    """The requests so far, by request identifier.

    In multipart, what happens in a change set is not seen outside of it (11.7.7.2): the service
    does not announce `ReferencesAcrossChangeSetsSupported`.
    """

    root: str
    """Service root URL, with a slash at the end."""
    as_json: bool
    paths: dict[str, str] = field(default_factory=dict)
    """Path below the root of what a request created or was about."""
    done: dict[str, bool] = field(default_factory=dict)
    """Whether it succeeded; also by the name of an atomicity group."""

    def inner(self) -> "Scope":
        """The scope within a change set or an atomicity group."""
        return Scope(self.root, self.as_json, dict(self.paths), dict(self.done))

    def note(self, part: Part, reply: Reply) -> None:
        """Remember a request that has been answered."""
        if part.id is None:
            return
        self.done[part.id] = 200 <= reply.status < 300
        if self.done[part.id]:
            location = reply.headers.get("location", "").removeprefix(self.root)
            self.paths[part.id] = location or self.locate(part)[0]

    def note_group(self, step: Step, inner: "Scope | None") -> None:
        """Remember the requests that were all done, or none of them (no inner scope)."""
        if not self.as_json:
            return
        if inner is None:
            self.done.update({part.id: False for part in step.parts if part.id})
        else:
            self.done.update(inner.done)
            self.paths.update(inner.paths)
        if step.group:
            self.done[step.group] = inner is not None

    def check_dependencies(self, part: Part) -> None:
        """Raise (424) if a request that this one depends on has failed (JSON Format 4.01, 19.1)."""
        if part.conditional:
            raise failed_dependency("Conditions of a request (if) are not supported.")
        for name in part.depends_on:
            if not self.done.get(name):
                raise failed_dependency(f"The request depends on {name!r}, which failed.")

    def locate(self, part: Part) -> tuple[str, str]:
        """Path below the service root and query of a request's URL; ServiceError (400)."""
        if not _URL.fullmatch(part.url):
            raise bad_request("The URL of a request in a batch is percent-encoded.")
        path, _, query = self._below_root(part).partition("?")
        first, slash, rest = path.partition("/")
        if first.startswith("$") and first not in SYSTEM:
            path = f"{self._referenced(first[1:], part)}{slash}{rest}"
        return path, query

    def _below_root(self, part: Part) -> str:
        """One of the three forms of a URL in a batch (OData Protocol 4.01, 11.7.7.1)."""
        url = part.url
        if not url.startswith("/") and not _SCHEME.match(url):
            if ":" in url.partition("?")[0]:
                raise bad_request("In a relative URL a colon has to be percent-encoded.")
            return url
        home = urlsplit(self.root)
        if _SCHEME.match(url):
            start = self.root
        else:
            start = home.path
            if not self.as_json and part.headers.get("host") != home.netloc:
                raise bad_request(f"An absolute path needs the Host header {home.netloc}.")
        if not url.startswith(start):
            raise bad_request(f"The URL of a request in a batch is below {start}.")
        return url.removeprefix(start)

    def _referenced(self, name: str, part: Part) -> str:
        if self.as_json and name not in part.depends_on:
            raise bad_request(f"A request that refers to ${name} has to depend on it.")
        if name not in self.paths:
            raise bad_request(f"There is no earlier request ${name} to refer to.")
        return self.paths[name]


def failed_dependency(message: str) -> ServiceError:
    """424: not tried, as something before it failed (OData Protocol 4.01, 9.3.7)."""
    return ServiceError(424, "FailedDependency", message)
