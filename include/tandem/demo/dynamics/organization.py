"""One organization: its store, its limits, and what requests to it have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from tandem.demo.call import Call, Json, Service
from tandem.demo.dynamics.control import Control
from tandem.demo.dynamics.errors import bad_url
from tandem.demo.headers import JSON, parse_media_type
from tandem.demo.options import system_options
from tandem.demo.store import Store
from tandem.demo.write import read_json

ROOT: Final = "/api/data/v9.2/"
NOT_ALLOWED: Final = ("$skip", "$search", "$format", "$apply", "$compute")
"""Microsoft Learn, "Query data using the Web API": not supported ($apply: not here)."""
EVERYTHING: Final = frozenset(
    (
        "$select",
        "$filter",
        "$orderby",
        "$top",
        "$count",
        "$expand",
        "$skiptoken",
        "$deltatoken",
        *NOT_ALLOWED,
    )
)


@dataclass(frozen=True)
class Organization:
    """What all requests share."""

    service: Service
    control: Control
    token_life: timedelta

    def now(self) -> datetime:
        """Now; Dataverse keeps whole seconds."""
        return self.service.clock().replace(microsecond=0)

    def new_id(self) -> UUID:
        """The id of a new row that brings none."""
        return self.service.new_id()

    @property
    def store(self) -> Store:
        """Where the rows are."""
        return self.service.store


@dataclass(frozen=True)
class Ask:
    """One request, alone or within a batch."""

    organization: Organization
    call: Call

    @cached_property
    def options(self) -> Mapping[str, str]:
        """The system query options; ServiceError (400) if one of them is not supported."""
        found = system_options(self.call.query, EVERYTHING)
        for name in NOT_ALLOWED:
            if name in found:
                raise bad_url(
                    f"Query option '{name[1:].capitalize()}' is not allowed. To allow it, set the "
                    "'AllowedQueryOptions' property on EnableQueryAttribute or "
                    "QueryValidationSettings."
                )
        return found

    @cached_property
    def annotations(self) -> tuple[str, ...]:
        """The patterns of the annotations that are wanted."""
        text = self.call.preferences.get("include-annotations", "")
        return tuple(part.strip() for part in text.split(",") if part.strip())

    def header(self, name: str) -> str | None:
        """A conditional header; `null` is none (Microsoft Learn, "Compose HTTP requests")."""
        value = self.call.headers.get(name)
        return None if value == "null" else value

    def document(self) -> object:
        """The JSON of the body."""
        if isinstance(self.call.body, Json):
            return self.call.body.value
        return read_json(self.call.body)

    @property
    def ieee754(self) -> bool:
        """Whether numbers of the body may be strings."""
        return parse_media_type(self.call.headers.get("content-type", JSON)).ieee754
