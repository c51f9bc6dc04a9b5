"""One run of one integration: what its steps share."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from tandem.connectors.base import Connector, Provisioner, Writer
from tandem.connectors.registry import open_connector
from tandem.core.mapping import BoundMapping
from tandem.core.order import entity_order
from tandem.core.validation.validate import stopped_entities
from tandem.errors import ConfigurationError, Stale, one_of
from tandem.model.integration import EntityMapping, Integration, System
from tandem.model.problems import Problem
from tandem.model.schema import Schema
from tandem.model.transforms import UserTransforms
from tandem.staging import Staging
from tandem.state.sign_ins import SqlSignIns
from tandem.state.store import SqlState, StateReader, StateStore
from tandem.sync.approved import Deletion
from tandem.sync.environment import Environment, open_state_of, sign_ins_of
from tandem.sync.expected import Expected
from tandem.sync.granted import Granted
from tandem.sync.validation import validated
from tandem.sync.windows import Window, check_window
from tandem.transforms import transforms_for

Mode = Literal["auto", "full", "window"]
JobKind = Literal["sync", "import", "export"]
Progress = Callable[[str, str, int], None]
"""Called with entity, step and the number of records that the step has dealt with so far."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What looks at an integration: both sides, the state and a place for staged batches."""

    integration: Integration
    run_id: str
    kind: JobKind
    mode: Mode
    entities: tuple[str, ...]
    only_waiting: bool = False
    """Only records that wait for others, or that somebody asked for, are looked at."""
    approved: bool = False
    """A person has approved the deletions that this run finds."""
    granted: Granted | None = None
    """What a person was asked before the run went on, and has approved."""
    approvals: frozenset[Deletion] | None = None
    """The only deletions that this run may carry out, as a person saw them; None: any."""
    looks_only: bool = False
    """A preview: nothing has to be approved."""
    window: Window | None = None
    """Only records that were changed last within it; None: all."""
    external: Connector
    local: Connector
    state: StateReader
    staging: Staging
    now: Callable[[], datetime]
    progress: Progress
    functions: UserTransforms = field(default_factory=dict)
    """The user's own transforms."""
    expected: dict[str, Expected] = field(default_factory=dict)
    """External entity → what a run would have made by now: what a preview counts on."""

    @property
    def syncs_window(self) -> bool:
        """Whether this is a sync of a window of time only."""
        return self.kind == "sync" and self.window is not None

    @property
    def syncs_all(self) -> bool:
        """Whether this is a sync of all that changed: what it does not find is gone, and what it
        read needs no reading again. Imports, exports and windows know too little for that.
        """
        return self.kind == "sync" and self.window is None

    @property
    def downloads(self) -> bool:
        """Whether this run writes to the local side."""
        return self.kind != "export"

    @property
    def uploads(self) -> bool:
        """Whether this run writes to the external side."""
        return self.kind != "import"

    @property
    def mappings(self) -> tuple[EntityMapping, ...]:
        """The enabled mappings that this run is about."""
        active = self.integration.active_entities
        asked = (m for m in active if not self.entities or m.external in self.entities)
        return tuple(m for m in asked if self.directions(m))

    def directions(self, mapping: EntityMapping) -> tuple[str, ...]:
        """The directions in which records of that mapping travel in this run."""
        down = mapping.direction != "upload_only" and self.downloads
        up = mapping.direction != "download_only" and self.uploads
        return (*(["download"] if down else []), *(["upload"] if up else []))

    def replaces(self, mapping: EntityMapping) -> bool:
        """Whether this is a first sync that replaces the local records of that mapping."""
        first = self.kind == "sync" and not self.state.has_synced(mapping.external)
        return (
            first and mapping.first_sync == "replace_local" and mapping.direction != "upload_only"
        )

    @property
    def schema_path(self) -> str:
        """Where the schemas that the run is pinned to are staged."""
        return self.staging.schema_path

    @cached_property
    def schemas(self) -> dict[str, Schema]:
        """The schemas that the run is pinned to: `external`, `local`, and of the local side
        what is `existing` before anything is created.
        """
        try:
            staged = self.staging.read_json(self.schema_path)
        except FileNotFoundError:
            raise Stale(
                f"What the run {self.run_id} staged is gone, as it is once a run has ended well.",
                remedy="Clear refresh_schema with all that follow it, or start another run.",
            ) from None
        return {side: Schema.model_validate(schema) for side, schema in staged.items()}

    def mapping(self, entity: str) -> EntityMapping:
        """The mapping of that external entity; ConfigurationError if there is none."""
        return _mapping(self.integration, entity)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the mappings of the integration, by the pinned schemas."""
        schemas = self.schemas
        return validated(
            self.integration,
            schemas["external"],
            schemas["local"],
            self.state,
            can_provision=isinstance(self.local, Provisioner),
            functions=self.functions,
        )

    @cached_property
    def stopped(self) -> dict[str, ConfigurationError]:
        """External entity → why it cannot be synced: its own problems, or one that it needs."""
        remedy = f"See tandem validate {self.integration.name}."
        reasons = stopped_entities(self.integration, self.problems)
        return {name: ConfigurationError(why, remedy=remedy) for name, why in reasons.items()}

    def bound(self, entity: str) -> BoundMapping:
        """The mapping of that external entity, bound to the pinned schemas.

        ConfigurationError with its problems if it is stopped; others are not affected.
        """
        mapping = self.mapping(entity)
        if entity in self.stopped:
            raise self.stopped[entity]
        external = self.schemas["external"].entity(mapping.external)
        local = self.schemas["local"].entity(mapping.local)
        return BoundMapping(mapping, external, local, self.functions)

    def try_folder(self, entity: str, step: str) -> str:
        """A staging folder that no other try of this step uses."""
        return self.staging.folder(entity, f"{step}-{secrets.token_hex(4)}")


@dataclass(frozen=True, kw_only=True)
class Run(Job):
    """A job that may also write: the only one that is given a `StateStore`."""

    state: StateStore

    def writer(self, side: str) -> Writer:
        """That side, for writing; ConfigurationError if its connector only reads."""
        connector = self.external if side == "external" else self.local
        if not isinstance(connector, Writer):
            system = getattr(self.integration, side)
            raise ConfigurationError(
                f"Connector {system.connector!r} cannot write.",
                remedy=f"Choose another {side} connector, or a direction that only reads there.",
            )
        return connector


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run."""

    run_id: str
    kind: JobKind = "sync"
    mode: Mode = "auto"
    entities: tuple[str, ...] = ()
    """External entities; none means all."""
    only_waiting: bool = False
    """Look only at records that wait for others, or that somebody asked for."""
    approved: bool = False
    """The deletions that an earlier run withheld, or that this one finds, are approved."""
    granted: Granted | None = None
    """Of these, what a person was asked and has approved."""
    window: Window | None = None
    """Only records that were changed last within it; of a sync, in mode `window`."""


def _in_silence(entity: str, step: str, records: int) -> None:
    pass


@contextmanager
def open_job(
    integration: Integration,
    request: Request,
    environment: Environment,
    progress: Progress = _in_silence,
) -> Iterator[Run]:
    """Open both systems and the state for one run, and close them afterwards."""
    check_window(request.kind, request.mode, request.window)
    for entity in request.entities:
        _mapping(integration, entity)
    with ExitStack() as stack:
        sign_ins = stack.enter_context(closing(sign_ins_of(environment)))
        yield Run(
            integration=integration,
            run_id=request.run_id,
            kind=request.kind,
            mode=request.mode,
            entities=request.entities,
            only_waiting=request.only_waiting,
            approved=request.approved,
            granted=request.granted,
            window=request.window,
            external=_open(integration.external, environment, sign_ins, stack),
            local=_open(integration.local, environment, sign_ins, stack),
            state=_open_state(integration.name, environment, stack),
            staging=Staging(environment.settings.staging, integration.name, request.run_id),
            now=environment.now,
            progress=progress,
            functions=transforms_for(integration, environment.settings.config),
        )


def in_order(job: Job) -> tuple[EntityMapping, ...]:
    """The mappings of the job, those that others look up first."""
    groups = entity_order(job.integration)
    return tuple(m for group in groups for m in group if m in job.mappings)


def check_mappings(job: Job) -> None:
    """ConfigurationError if every entity that the job is about is stopped, with all reasons."""
    asked = [mapping.external for mapping in job.mappings]
    if asked and job.stopped.keys() >= {*asked}:
        raise ConfigurationError(
            "\n".join(
                [
                    f"Integration {job.integration.name!r} does not fit its systems.",
                    *(job.stopped[entity].problem for entity in asked),
                ]
            ),
            remedy=f"\nSee tandem validate {job.integration.name}.",
        )


def going(job: Job) -> tuple[EntityMapping, ...]:
    """The mappings of the job that are not stopped, those that others look up first."""
    return tuple(mapping for mapping in in_order(job) if mapping.external not in job.stopped)


def _mapping(integration: Integration, entity: str) -> EntityMapping:
    mapping = integration.entity(entity)
    if mapping is None:
        known = [mapping.external for mapping in integration.active_entities]
        raise ConfigurationError(
            f"Integration {integration.name!r} has no enabled entity {entity!r}.",
            remedy=f"It has {one_of(known)}." if known else "",
        )
    return mapping


def _open(
    system: System, environment: Environment, sign_ins: SqlSignIns, stack: ExitStack
) -> Connector:
    connection = environment.connections(system.connection)
    connector = open_connector(system.connector, connection, sign_ins)
    stack.callback(connector.close)
    return connector


def _open_state(name: str, environment: Environment, stack: ExitStack) -> SqlState:
    state = open_state_of(name, environment)
    stack.callback(state.close)
    return state
