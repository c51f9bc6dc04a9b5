"""The connector of Dynamics 365, and of whatever else keeps its records in Dataverse."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import httpx

from tandem.connectors.dynamics.address import sign_in_of, web_api_root
from tandem.connectors.dynamics.catalogue import Catalogue
from tandem.connectors.dynamics.details import with_details
from tandem.connectors.dynamics.multiple import Multiple
from tandem.connectors.dynamics.tables import defined, without_guesses
from tandem.connectors.odata.connector import METADATA, ODataConnector
from tandem.connectors.odata.documents import load
from tandem.connectors.odata.metadata import parse_metadata
from tandem.connectors.odata.read import JSON
from tandem.connectors.odata.write import Write
from tandem.errors import ConfigurationError
from tandem.model.connection import Connection
from tandem.model.identity import Identity
from tandem.model.schema import Entity, Schema

_ANNOTATED: Final = {"Prefer": 'odata.include-annotations="*"'}
"""Metadata comes without annotations otherwise (Microsoft Learn, "Web API service documents")."""


class DynamicsConnector(ODataConnector):
    """OData as Dataverse speaks it, with table definitions and bulk operations.

    Records are named by their ids alone: alternate keys only tell which columns hold no value
    twice, because records cannot be found by one whose column is empty.
    """

    def __init__(
        self,
        connection: Connection,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        """The host is the address of the environment, with or without `/api/data/v9.2/`."""
        root = web_api_root(connection)
        extra = sign_in_of(connection, root)
        super().__init__(connection, transport, sleep, random, root=root, extra=extra)
        self._catalogue = Catalogue(self._http)
        self._bulk = Multiple(self._http, self._catalogue)

    def check(self) -> str:
        """Whom we met (the function WhoAmI), and what its tables can do."""
        organisation, user = self._who_am_i()
        tables = self._catalogue.read().values()
        tracking = sum(1 for table in tables if table.tracks_changes)
        what = self._catalogue.unreadable or (
            f"{len(tables)} tables, {tracking} track changes (the others are read by "
            "versionnumber; tracking finds more surely what is committed late)"
        )
        return (
            f"Dataverse at {self._http.root}: organisation {organisation}, user {user}; "
            f"{what.rstrip('.')}"
        )

    def identity(self) -> Identity:
        """The organisation."""
        organisation, _ = self._who_am_i()
        name = f"organisation {organisation} at {self._http.root}"
        return Identity(id=organisation, name=name)

    def schema(self) -> Schema:
        """Tables with their columns, from `$metadata` and the table definitions. Options, lengths
        and what is required come with `described`.
        """
        answer = self._http.get(self._http.root + "$metadata", METADATA, _ANNOTATED)
        schema = without_guesses(parse_metadata(answer.body))
        definitions = self._catalogue.read()
        return defined(schema, definitions) if definitions else schema

    def described(self, entities: Sequence[Entity]) -> tuple[Entity, ...]:
        """As `connectors.base.Describer`: from the attributes of the tables' definitions."""
        return with_details(self._http, self._catalogue, entities)

    def _who_am_i(self) -> tuple[str, str]:
        return _who(self._http.get(self._http.root + "WhoAmI", JSON).body)

    def _write(self, entity: Entity, returning: Sequence[str] = ()) -> Write:
        return replace(super()._write(entity, returning), bulk=self._bulk)


def _who(body: bytes) -> tuple[str, str]:
    try:
        document = load(body)
        return str(document["OrganizationId"]), str(document["UserId"])
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(
            "The host of the connection does not answer as Dataverse does when it is asked who "
            "we are.",
            remedy="The host is the address of the environment, such as "
            "https://contoso.crm4.dynamics.com/.",
        ) from None
