"""What both systems are seen to have, and had: snapshots and their differences, for people."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tandem.connectors.base import Provisioner
from tandem.core.drift.diff import Change, diff
from tandem.errors import ConfigurationError, one_of
from tandem.model.filters import Condition, fields_of, lookup_path
from tandem.model.integration import EntityMapping, Integration
from tandem.model.schema import Entity, Schema
from tandem.state.snapshots import Snapshot, SnapshotEntry
from tandem.state.store import StateReader
from tandem.sync.job import Run
from tandem.sync.provisioning import missing, not_looked_at, provision
from tandem.sync.schema import Seen, keep_seen
from tandem.sync.system_schema import SIDES, system_schema


@dataclass(frozen=True, slots=True)
class SideSeen:
    """The newest snapshot of one side."""

    about: SnapshotEntry
    entities: int
    fields: int


@dataclass(frozen=True, slots=True)
class Use:
    """What a mapping uses of an entity."""

    name: str
    used: tuple[str, ...]
    """Fields, those that are not there too."""
    fields: int | None
    """How many there are; None: there is no such entity."""
    missing: tuple[str, ...]
    """Fields that are used and not there."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One mapping, and what it uses of both its entities."""

    external: Use
    local: Use


@dataclass(frozen=True, slots=True)
class Overview:
    """What the newest snapshots say about an integration."""

    sides: tuple[SideSeen, ...]
    mapped: tuple[Mapped, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed on one side between two of its snapshots."""

    side: str
    before: SnapshotEntry | None
    """None: there is nothing to compare with."""
    after: SnapshotEntry | None
    """None: there is no snapshot."""
    changes: tuple[Change, ...] = ()


def has_snapshots(state: StateReader) -> bool:
    """Whether both sides have been looked at."""
    return all(state.schema_snapshots(side, limit=1) for side in SIDES)


def refresh(run: Run) -> list[Seen]:
    """Read both systems now, and keep what is new."""
    schemas = {side: system_schema(run, side) for side in SIDES}
    return [keep_seen(run, side, schema) for side, schema in schemas.items()]


def overview(integration: Integration, state: StateReader) -> Overview:
    """What the newest snapshots say; ConfigurationError if there are none."""
    snapshots = [_snapshot(state, side) for side in SIDES]
    external, local = (snapshot.schema for snapshot in snapshots)
    return Overview(
        tuple(_seen(snapshot) for snapshot in snapshots),
        tuple(
            Mapped(
                _use(mapping.external, external, external_names(mapping, external)),
                _use(mapping.local, local, local_names(mapping, local)),
            )
            for mapping in integration.active_entities
        ),
    )


def entity_of(
    state: StateReader, name: str, sides: Sequence[str] = SIDES
) -> tuple[SnapshotEntry, Entity]:
    """That entity as the newest snapshot of the first side that has it says.

    ConfigurationError if none has it.
    """
    snapshots = [_snapshot(state, side) for side in sides]
    for snapshot in snapshots:
        if name in snapshot.schema.by_name:
            return snapshot.about, snapshot.schema.entity(name)
    told = {side: _not_there(one.schema, name) for side, one in zip(sides, snapshots, strict=True)}
    raise ConfigurationError(
        f"No entity {name!r} has been seen on the {one_of(list(told))} side.",
        remedy=" ".join(f"{side.capitalize()}: {remedy}" for side, remedy in told.items()),
    )


def _not_there(schema: Schema, name: str) -> str:
    """What the entity could be called."""
    try:
        schema.entity(name)
    except ConfigurationError as error:
        return error.remedy
    return ""


def difference(state: StateReader, side: str, since: int | None = None) -> Difference:
    """What changed since that version, or the one before the newest.

    ConfigurationError if there is no such version.
    """
    newest = state.schema_snapshot(side)
    if newest is None:
        if since is not None:
            _snapshot(state, side)
        return Difference(side, None, None)
    version = newest.about.version - 1 if since is None else since
    before = state.schema_snapshot(side, version)
    if before:
        changes = diff(before.schema, newest.schema)
        return Difference(side, before.about, newest.about, changes)
    if since is None:
        return Difference(side, None, newest.about)
    raise ConfigurationError(
        f"There is no version {since} of the {side} schema.",
        remedy=f"The newest one is {newest.about.version}; --versions lists all.",
    )


def missing_locally(run: Run) -> list[str]:
    """Local tables and columns that mappings need and that are not there, one line each.

    ConfigurationError if the local connector creates none.
    """
    _refuse_connector_without(run)
    return missing(run, *_both(run))


def not_provisioned(run: Run) -> list[str]:
    """Mappings that were left out of that, and why, one line each."""
    return not_looked_at(run.integration, *_both(run))


def provision_locally(run: Run) -> list[str]:
    """Create them; what was done, one line each. What is there now is kept as a snapshot."""
    _refuse_connector_without(run)
    external, local = _both(run)
    done = provision(run, external, local, deliberately=True)
    keep_seen(run, "external", external)
    keep_seen(run, "local", system_schema(run, "local") if done else local)
    return done


def _both(run: Run) -> tuple[Schema, Schema]:
    return system_schema(run, "external"), system_schema(run, "local")


def _refuse_connector_without(run: Run) -> None:
    if not isinstance(run.local, Provisioner):
        raise ConfigurationError(
            f"Connector {run.integration.local.connector!r} creates no entities or fields.",
            remedy="Create what is missing in the local system: tandem validate "
            f"{run.integration.name} names it.",
        )


def external_names(mapping: EntityMapping, schema: Schema) -> list[str]:
    """The external fields that the mapping uses."""
    names = [field.external for field in mapping.active_fields]
    names += [*mapping.primary_key, mapping.version_number, *_read_beside(mapping, up=False)]
    return _each([*names, *_filtered(mapping.download_filter, schema, mapping.external)])


def local_names(mapping: EntityMapping, schema: Schema) -> list[str]:
    """The local fields that the mapping uses."""
    names = [field.local for field in mapping.active_fields]
    names += _read_beside(mapping, up=True)
    filtered = _filtered(mapping.upload_filter, schema, mapping.local)
    return _each([*names, mapping.local_version_number, *filtered])


def _read_beside(mapping: EntityMapping, *, up: bool) -> list[str]:
    """What transforms read beside their line's own field, on the side that the line is read on."""
    return [
        name
        for field in mapping.active_fields
        if ("upload_only" in (mapping.direction, field.direction)) is up
        for name in field.also_reads
    ]


def _filtered(condition: Condition | None, schema: Schema, entity: str) -> Iterator[str]:
    """The entity's own fields that the filter looks at."""
    known = schema.by_name[entity].by_name if entity in schema.by_name else {}
    for name in sorted(fields_of(condition)):
        path = lookup_path(name)
        yield path[0] if path and name not in known else name


def _each(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _use(name: str, schema: Schema, used: list[str]) -> Use:
    entity = schema.by_name.get(name)
    if entity is None:
        return Use(name, tuple(used), None, ())
    gone = tuple(field for field in used if field not in entity.by_name)
    return Use(name, tuple(used), len(entity.fields), gone)


def _seen(snapshot: Snapshot) -> SideSeen:
    entities = snapshot.schema.entities
    return SideSeen(snapshot.about, len(entities), sum(len(e.fields) for e in entities))


def _snapshot(state: StateReader, side: str) -> Snapshot:
    snapshot = state.schema_snapshot(side)
    if snapshot is None:
        raise ConfigurationError(
            f"There is no snapshot of the {side} schema yet.",
            remedy="Take one: tandem schema NAME --refresh.",
        )
    return snapshot
