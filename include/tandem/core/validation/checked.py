"""An entity mapping beside what both systems have under its names: what every check looks at."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from tandem.core.mapping import BoundMapping
from tandem.core.validation.renamed import Renamed
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, FieldMapping, Integration
from tandem.model.problems import Place, Problem, Remedy, Severity
from tandem.model.schema import Entity, Field, Schema

Side = Literal["external", "local"]

SOME: Final = 5
"""Names that are told before the rest is counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """An enabled field mapping, and the fields it names as far as they are there."""

    at: int
    """Its position in the file, disabled ones counted."""
    mapping: FieldMapping
    external: Field | None
    """None for a constant, and for a field that is missing."""
    local: Field | None
    downloads: bool
    uploads: bool


@dataclass(frozen=True)
class Checked:
    """One enabled entity mapping, and the entities it names as far as they are there."""

    integration: Integration
    at: int
    """Its position in the file, disabled ones counted."""
    mapping: EntityMapping
    schemas: Mapping[Side, Schema]
    renamed: Mapping[Side, Renamed]
    """What names that are missing look to be called now."""
    can_provision: bool
    """The local side could be given what it lacks."""
    functions: Collection[str] | None
    """Names of the user's transforms; None: they are not looked at."""

    @cached_property
    def external(self) -> Entity | None:
        """The external entity; None if there is none."""
        return self.schemas["external"].by_name.get(self.mapping.external)

    @cached_property
    def local(self) -> Entity | None:
        """The local entity; None if there is none."""
        return self.schemas["local"].by_name.get(self.mapping.local)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The enabled field mappings that do something."""
        return tuple(line for line in self._enabled if self.mapping.uses(line.mapping))

    @cached_property
    def idle_lines(self) -> tuple[Line, ...]:
        """Those that never travel: their direction and their entity's exclude each other."""
        return tuple(line for line in self._enabled if not self.mapping.uses(line.mapping))

    @property
    def _enabled(self) -> Iterator[Line]:
        lines = enumerate(self.mapping.fields)
        return (self._line(at, mapping) for at, mapping in lines if mapping.enabled)

    @property
    def downloads(self) -> bool:
        """Whether external records travel to the local side."""
        return self.mapping.direction != "upload_only"

    @property
    def uploads(self) -> bool:
        """Whether local records travel to the external side."""
        return self.mapping.direction != "download_only"

    @cached_property
    def complete_lines(self) -> tuple[Line, ...]:
        """The lines that pair two fields which are there."""
        return tuple(line for line in self.lines if line.external and line.local)

    @cached_property
    def bound(self) -> BoundMapping | None:
        """The mapping as a run would bind it; None where names are missing."""
        if not (self.external and self.local):
            return None
        bound = BoundMapping(self.mapping, self.external, self.local)
        try:
            return bound if bound.fields else None
        except ConfigurationError:
            return None

    def why_not_found_by(self, external: str) -> ConfigurationError | None:
        """Why records cannot be found by an external field, which is mapped; None if they can."""
        try:
            _ = self.bound and self.bound.local_name(external)
        except ConfigurationError as error:
            return error
        return None

    def entity(self, side: Side) -> Entity | None:
        """The entity of that side; None if there is none."""
        return self.external if side == "external" else self.local

    def line_of(self, external: str) -> Line | None:
        """The line that maps this external field, and nothing else, to a local one."""
        found = (
            line
            for line in self.lines
            if line.mapping.external == external
            and line.mapping.local
            and not (line.mapping.lookup and line.mapping.lookup.composite)
        )
        return next(found, None)

    def fields(self, side: Side) -> Mapping[str, Field]:
        """The fields of that side's entity by name; none if there is no such entity."""
        entity = self.entity(side)
        return entity.by_name if entity else {}

    def key(self, side: Side) -> tuple[str, ...]:
        """The key of that side's entity."""
        entity = self.entity(side)
        return entity.key if entity else ()

    def renamed_entity(self, side: Side, name: str) -> str:
        """What that missing entity looks to be called now; empty if nothing looks like it."""
        return self.renamed[side].entity(name)

    def renamed_field(self, side: Side, name: str) -> str:
        """What that missing field of the entity looks to be called now; empty if nothing does."""
        entity = self.entity(side)
        return self.renamed[side].field(entity.name, name) if entity else ""

    def place(self, *parts: str | int) -> Place:
        """Where in the file that part of this mapping is."""
        return ("entities", self.at, *parts)

    def place_of(self, line: Line, *parts: str | int) -> Place:
        """Where in the file that part of the line is."""
        return self.place("fields", line.at, *parts)

    def found(  # noqa: PLR0913 - the parts of a problem
        self,
        severity: Severity,
        code: str,
        place: Place,
        text: str,
        remedy: Remedy = Remedy.EDIT,
        advice: str = "",
        choices: Iterable[str] = (),
    ) -> Problem:
        """A problem of this mapping."""
        entity = self.mapping.external
        return Problem(severity, entity, place, code, text, remedy, advice, tuple(choices))

    def _line(self, at: int, mapping: FieldMapping) -> Line:
        external = self.external.by_name.get(mapping.external or "") if self.external else None
        local = self.local.by_name.get(mapping.local or "") if self.local else None
        down = self.downloads and mapping.direction != "upload_only"
        up = self.uploads and mapping.direction != "download_only"
        read_only = external is not None and external.read_only
        return Line(
            at=at,
            mapping=mapping,
            external=external,
            local=local,
            downloads=down and mapping.local is not None,
            uploads=up and mapping.external is not None and not read_only,
        )


def entities_of(
    integration: Integration,
    external: Schema,
    local: Schema,
    *,
    before: Mapping[Side, Schema],
    can_provision: bool,
    functions: Collection[str] | None,
) -> Iterator[Checked]:
    """The enabled entity mappings of the integration, each with its position."""
    schemas: dict[Side, Schema] = {"external": external, "local": local}
    renamed = {side: Renamed(before.get(side), schema) for side, schema in schemas.items()}
    for at, mapping in enumerate(integration.entities):
        if mapping.enabled:
            yield Checked(integration, at, mapping, schemas, renamed, can_provision, functions)


def some(names: Iterable[str]) -> str:
    """The first of the names, and how many more there are."""
    told = list(map(repr, names))
    more = f" and {len(told) - SOME} more" if len(told) > SOME else ""
    return ", ".join(told[:SOME]) + more
