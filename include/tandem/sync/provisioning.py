"""Local tables and columns that mappings need: shown, and created where the user asked for it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tandem.connectors.base import Provisioner
from tandem.core.order import looked_up
from tandem.core.wanted import wanted_entity
from tandem.errors import ConfigurationError
from tandem.model.integration import EntityMapping, Integration
from tandem.model.schema import Capabilities, Entity, Field, Kind, Schema
from tandem.state.protocols import StateReader
from tandem.sync.changed_mapping.vanished import Vanished, vanished
from tandem.sync.job import Job, Run

_NOTHING: Final = Vanished(table=False, fields=frozenset())
_MADE: Final = Capabilities(creates=True, updates=True, removes=True, client_keys=True)
"""What can be done with an entity that was created here."""


def provision(
    run: Run, external: Schema, local: Schema, *, deliberately: bool = False
) -> list[str]:
    """Create the local tables and columns that the mappings lack; what was done.

    What was there before, and linked records had values in, is made again only `deliberately`.
    Nothing is believed any more of what is made: the external values come down again.
    """
    if not isinstance(run.local, Provisioner):
        return []
    done: list[str] = []
    for mapping, wanted in _wanted(run, external, local, deliberately=deliberately):
        if run.local.missing(wanted):
            # First, so that a crash in between leaves nothing that is believed and not there.
            _forget(run, mapping, wanted, local.by_name.get(wanted.name))
        done += run.local.provision(wanted)
    return done


def missing(job: Job, external: Schema, local: Schema) -> list[str]:
    """What a person may have created, one line each, also what vanished."""
    if not isinstance(job.local, Provisioner):
        return []
    lines = []
    gone = vanished(job.integration, local, job.state)
    for mapping, wanted in _wanted(job, external, local, deliberately=True):
        silently = _allowed(wanted, gone.get(mapping.external, _NOTHING))
        plain = job.local.missing(silently) if silently else ()
        for line in job.local.missing(wanted):
            again = " again, empty: it was there before" if line not in plain else ""
            lines.append(f"{line}{again}")
    return list(dict.fromkeys(lines))


def not_looked_at(integration: Integration, external: Schema, local: Schema) -> list[str]:
    """Mappings of which nothing is created, since the external system lacks what they name."""
    return [
        f"{mapping.external}: not looked at. {why}"
        for mapping, why in _wanted_or_why_not(integration, external, local)
        if isinstance(why, ConfigurationError)
    ]


def expected_local(
    integration: Integration,
    state: StateReader,
    external: Schema,
    local: Schema,
    about: Collection[str] | None = None,
) -> Schema:
    """The local schema as the next run would find it: with what it creates first.

    `about` names the local entities that matter; the others stay as they are. None: all.
    """
    if not integration.provision:
        return local
    mappings = tuple(m for m in integration.entities if about is None or m.local in about)
    gone = vanished(integration.model_copy(update={"entities": mappings}), local, state)
    found = _allowed_ones(_all_wanted(integration, external, local, about), gone)
    return _as_provisioned(local, [entity for _, entity in found])


def _as_provisioned(local: Schema, wanted: list[Entity]) -> Schema:
    """The local schema as it will be once what is wanted has been created."""
    entities = dict(local.by_name)
    for entity in wanted:
        known = entities.get(entity.name, entity.model_copy(update={"capabilities": _MADE}))
        added = tuple(f for f in entity.fields if f.name not in known.by_name)
        entities[entity.name] = known.model_copy(update={"fields": (*known.fields, *added)})
    return Schema(entities=tuple(entities.values()))


def _wanted(
    job: Job, external: Schema, local: Schema, *, deliberately: bool
) -> list[tuple[EntityMapping, Entity]]:
    """The mappings whose external side is whole, and what each may have created."""
    gone = {} if deliberately else vanished(job.integration, local, job.state)
    return _allowed_ones(_all_wanted(job.integration, external, local), gone)


def _allowed_ones(
    wanted: list[tuple[EntityMapping, Entity]], gone: Mapping[str, Vanished]
) -> list[tuple[EntityMapping, Entity]]:
    """Without what is not created by itself because it vanished."""
    allowed = ((m, _allowed(entity, gone.get(m.external, _NOTHING))) for m, entity in wanted)
    return [(mapping, entity) for mapping, entity in allowed if entity is not None]


def _all_wanted(
    integration: Integration,
    external: Schema,
    local: Schema,
    about: Collection[str] | None = None,
) -> list[tuple[EntityMapping, Entity]]:
    found = _wanted_or_why_not(integration, external, local, about)
    return [(mapping, wanted) for mapping, wanted in found if isinstance(wanted, Entity)]


def _wanted_or_why_not(
    integration: Integration,
    external: Schema,
    local: Schema,
    about: Collection[str] | None = None,
) -> Iterator[tuple[EntityMapping, Entity | ConfigurationError]]:
    keys = {}
    for mapping in integration.active_entities:
        if mapping.external in external.by_name:
            key = _local_key(mapping, external, local.by_name.get(mapping.local))
            if key is not None:
                keys[mapping.external] = key
    for mapping in integration.active_entities:
        if about is not None and mapping.local not in about:
            continue
        known = local.by_name.get(mapping.local)
        try:
            entity = external.entity(mapping.external)
            yield mapping, wanted_entity(mapping, entity, known, keys)
        except ConfigurationError as error:
            yield mapping, error


def _allowed(wanted: Entity, gone: Vanished) -> Entity | None:
    """What may be created of it by itself; None: nothing."""
    if gone.table:
        return None
    kept = tuple(field for field in wanted.fields if field.name not in gone.fields)
    return wanted.model_copy(update={"fields": kept}) if gone.fields else wanted


def _forget(run: Run, mapping: EntityMapping, wanted: Entity, known: Entity | None) -> None:
    """Believe nothing any more of what is about to be created."""
    if known is None:
        sharing = [m for m in run.integration.active_entities if m.local == mapping.local]
        for one in sharing:
            if run.state.has_links(one.external):
                run.state.forget_links(one.external, at=run.now())
                _forget_references(run, one.external)
        return
    there = {name.lower() for name in known.by_name}
    made = [field.name for field in wanted.fields if field.name.lower() not in there]
    if run.state.has_links(mapping.external):
        run.state.forget_fields(mapping.external, made)


def _forget_references(run: Run, entity: str) -> None:
    """Its local records may get other ids: whatever refers to them is asked for again."""
    for mapping in run.integration.active_entities:
        if entity not in looked_up(mapping) or not run.state.has_links(mapping.external):
            continue
        names = [
            field.local
            for field in mapping.active_fields
            if field.local and field.lookup and field.lookup.entity == entity
        ]
        run.state.forget_fields(mapping.external, names)


def _local_key(mapping: EntityMapping, external: Schema, known: Entity | None) -> Field | None:
    if known and known.key:
        return known.field(known.key[0])
    source = next(
        (f.external for f in mapping.active_fields if f.local and f.local.lower() == "id"), None
    )
    if source:
        return external.entity(mapping.external).by_name.get(source)
    return Field(name="id", kind=Kind.GUID)
