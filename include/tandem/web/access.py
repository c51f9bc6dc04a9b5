"""Who may do what. Every route has one of these guards; a test walks them all."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Request

from tandem.airflow.host import Host, May, User
from tandem.errors import TandemError
from tandem.model.alerts import Notice
from tandem.model.integration import Integration
from tandem.web.desk import Desk

_IN_PATHS: Final = r"^\.*[A-Za-z0-9_-][A-Za-z0-9_.-]*$"
_LONGEST: Final = 100
Name = Annotated[str, Path(pattern=_IN_PATHS, max_length=_LONGEST)]
"""Name of an integration. Its file is found in the list of files; a broken one may have any that
has pages.
"""


def has_pages(name: str) -> bool:
    """Whether an integration of that name, which is that of its file, can be in a path."""
    return len(name) <= _LONGEST and re.fullmatch(_IN_PATHS, name) is not None


class NotLoggedIn(TandemError):
    """Nobody is logged in to Airflow."""


class NotAllowed(TandemError):
    """The user has not got the permission in Airflow."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A user at an integration, whose guard has let him pass."""

    user: User
    name: str
    may: frozenset[May]

    @property
    def may_run(self) -> bool:
        """Whether he may start runs, and whatever else speaks to the systems."""
        return May.RUN in self.may

    @property
    def may_edit(self) -> bool:
        """Whether he may change the file, and decide about records."""
        return May.EDIT in self.may


def desk_of(request: Request) -> Desk:
    """What the pages work with."""
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(desk_of)]


async def signed_in(request: Request, desk: AtDesk) -> User:
    """The user; NotLoggedIn if there is none. What he sees is filtered by what he may read."""
    user = await desk.host.user(request)
    if user is None:
        raise NotLoggedIn("Nobody is logged in.", remedy="Log in to Airflow.")
    return user


SignedIn = Annotated[User, Depends(signed_in)]


def dag_of(name: str) -> str:
    """The DAG by whose permissions an integration is guarded."""
    return f"{name}__sync"


def what_may(host: Host, user: User, names: list[str]) -> dict[str, frozenset[May]]:
    """What the user may do with each of these integrations."""
    may = host.may(user, [dag_of(name) for name in names])
    return {name: may[dag_of(name)] for name in names}


def require(visit: Visit, wanted: May) -> Visit:
    """The visit; NotAllowed unless the user may do that."""
    if wanted not in visit.may:
        raise NotAllowed(
            f"{visit.user.name} may not {wanted} {visit.name}.",
            remedy=f"{_NEEDED[wanted]} the DAG {dag_of(visit.name)} has to be granted in Airflow.",
        )
    return visit


def require_connection(desk: Desk, user: User, conn_id: str) -> None:
    """NotAllowed unless the user may read that connection.

    Whoever points an integration to a connection reads and writes with its secrets.
    """
    if not desk.host.may_use_connection(user, conn_id):
        raise NotAllowed(
            f"{user.name} may not use the connection {conn_id!r}.",
            remedy="Permission to read that connection has to be granted in Airflow; "
            "or name another one.",
        )


def require_connections(
    desk: Desk, user: User, before: Integration | None, after: Integration
) -> None:
    """NotAllowed if a side of `after`, or who is told, names a connection that the user may not
    read, or if somebody is told by a notifier.

    What is as it was in `before` may stay; None: there was no integration before. Another
    connector would use the secrets of a connection in another way.
    """
    for side in ("external", "local"):
        system = getattr(after, side)
        if before is None or system != getattr(before, side):
            require_connection(desk, user, system.connection)
    _require_notices(desk, user, before.notify if before else (), after.notify)


def _require_notices(
    desk: Desk, user: User, before: Sequence[Notice], after: Sequence[Notice]
) -> None:
    known = [_told_through(notice) for notice in before]
    for notice in after:
        if (through := _told_through(notice)) in known:
            continue
        if notice.notifier is not None:
            raise NotAllowed(
                f"The notifier {notice.notifier}, or its options, are not in the file yet. A "
                "notifier is code that may do all that Airflow may; the pages save none.",
                remedy="Put it into the file by hand, or leave it out.",
            )
        require_connection(desk, user, through[1])


def _told_through(notice: Notice) -> tuple[str, str, dict[str, Any]]:
    """The kind of notice; its connection or notifier, and the options of that."""
    if notice.slack:
        return "slack", notice.slack.connection, {}
    if notice.email:
        return "email", notice.email.connection, {}
    return "notifier", str(notice.notifier), notice.options


_NEEDED: Final = {
    May.READ: "Permission to read",
    May.RUN: "Permission to trigger",
    May.EDIT: "Permission to edit",
}


def _guard(wanted: May) -> Callable[..., Any]:
    def guard(name: Name, desk: AtDesk, user: SignedIn) -> Visit:
        may = what_may(desk.host, user, [name])[name]
        require(Visit(user, name, may), May.READ)
        visit = require(Visit(user, name, may), wanted)
        desk.file(name)
        return visit

    guard.__name__ = f"may_{wanted}"
    return guard


Reads = Annotated[Visit, Depends(_guard(May.READ))]
"""A user who may read the integration of the path."""
Runs = Annotated[Visit, Depends(_guard(May.RUN))]
"""One who may trigger its DAG."""
Edits = Annotated[Visit, Depends(_guard(May.EDIT))]
"""One who may edit its DAG."""
