"""Connectors by name, found by entry point: a new one touches no file of ours."""

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from tandem.connectors.base import Connector, Provisioner
from tandem.connectors.sign_in import SignIns, SignsIn
from tandem.errors import ConfigurationError, one_of
from tandem.model.connection import Connection

GROUP = "tandem.connectors"


@cache
def installed_connectors() -> dict[str, EntryPoint]:
    """Entry points of all connectors that are installed, by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def open_connector(name: str, connection: Connection, sign_ins: SignIns | None = None) -> Connector:
    """The connector of that name, for that connection. Nothing is sent yet.

    `sign_ins`: where people's sign-ins are kept; without it they last as long as the connector.
    """
    if name not in installed_connectors():
        raise ConfigurationError(
            f"There is no connector {name!r}.",
            remedy=f"Use {one_of(list(installed_connectors()))}.",
        )
    factory = cast("Callable[[Connection], Connector]", installed_connectors()[name].load())
    connector = factory(connection)
    if sign_ins is not None and isinstance(connector, SignsIn):
        connector.sign_in_with(sign_ins)
    return connector


def can_provision(name: str) -> bool:
    """Whether connectors of that name are `Provisioner`s; nothing is opened to know it."""
    entry = installed_connectors().get(name)
    kind = entry.load() if entry else None
    return isinstance(kind, type) and issubclass(kind, Provisioner)
