"""What a connector has learnt of its organisation, asked for once: definitions and messages."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from tandem.connectors.dynamics.definitions import URL, Definition, Definitions, parse_definitions
from tandem.connectors.http import Http
from tandem.connectors.odata.documents import load
from tandem.connectors.odata.query import with_options
from tandem.connectors.odata.read import JSON
from tandem.errors import AuthenticationError, ConfigurationError, TandemError
from tandem.model.schema import Entity

_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Catalogue:
    """Belongs to one connector."""

    http: Http
    unreadable: str = ""
    """Why the table definitions are not known, in words; empty if they are, or were not asked for.
    """
    _definitions: Definitions | None = None
    _messages: dict[tuple[str, str], bool] = field(default_factory=dict)

    def read(self) -> Definitions:
        """The definitions as they are now; none if this user may not read them."""
        try:
            self._definitions = parse_definitions(self.http.get(self.http.root + URL, JSON).body)
            self.unreadable = ""
        except (AuthenticationError, ConfigurationError) as error:
            # What the data is worth does not hang on them: Learn, "Query table definitions".
            self._definitions = {}
            self.unreadable = (
                "the table definitions cannot be read, so that no table counts as tracking "
                f"changes unless its metadata says so: {error.problem}"
            )
            _LOG.warning("%s: %s", self.http.root, self.unreadable)
        return self._definitions

    @property
    def definitions(self) -> Definitions:
        """The definitions as they were read first."""
        return self.read() if self._definitions is None else self._definitions

    def of(self, entity: Entity) -> Definition | None:
        """The definition of an entity's table."""
        return self.definitions.get(entity.name)

    def offers(self, message: str, table: Definition) -> bool:
        """Whether the table takes a message (Microsoft Learn, "Use bulk operation messages",
        Availability).
        """
        asked = (table.logical_name, message)
        with suppress(TandemError):  # who cannot ask goes without
            if asked not in self._messages:
                self._messages[asked] = self._lists(message, table.logical_name)
        return self._messages.get(asked, False)

    def _lists(self, message: str, table: str) -> bool:
        condition = f"sdkmessageid/name eq '{message}' and primaryobjecttypecode eq '{table}'"
        options = {"$select": "sdkmessagefilterid", "$filter": condition}
        url = with_options(f"{self.http.root}sdkmessagefilters", options)
        try:
            return bool(load(self.http.get(url, JSON).body)["value"])
        except (ValueError, KeyError, TypeError):
            return False
