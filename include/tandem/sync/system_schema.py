"""What a side's system has now, and of the entities in use all that is to be known."""

from collections.abc import Collection
from typing import Final, Literal

from tandem.connectors.base import Connector, Describer
from tandem.model.schema import Schema
from tandem.sync.job import Job

Side = Literal["external", "local"]
SIDES: Final[tuple[Side, ...]] = ("external", "local")


def system_schema(job: Job, side: Side, also: Collection[str] = ()) -> Schema:
    """The side's schema, read now; entities that are mapped, and `also` these, in full."""
    connector = job.external if side == "external" else job.local
    mapped = {getattr(mapping, side) for mapping in job.integration.entities}
    return described_schema(connector, mapped | {*also})


def described_schema(connector: Connector, names: Collection[str]) -> Schema:
    """The schema of a system, with all that is to be known of the entities of these names.

    The others lack what takes a request for each of them, such as the options of their fields.
    """
    schema = connector.schema()
    wanted = [entity for entity in schema.entities if entity.name in names]
    if not wanted or not isinstance(connector, Describer):
        return schema
    found = connector.described(wanted)
    described = {e.name: e.model_copy(update={"is_described": True}) for e in found}
    return Schema(entities=tuple(described.get(e.name, e) for e in schema.entities))
