"""Both sides' schemas: read once a run, kept as snapshots, completed where the user asked for it,
and pinned.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tandem.core.drift.diff import Change, diff
from tandem.core.filters.relations import reached
from tandem.core.names.choices import similar
from tandem.errors import printable
from tandem.model.schema import Schema
from tandem.state.snapshots import SnapshotEntry
from tandem.sync.identities import note_identities, refuse_other_records
from tandem.sync.job import Job, Run
from tandem.sync.provisioning import expected_local, provision
from tandem.sync.system_schema import system_schema

_log: Final = logging.getLogger(__name__)
_LINES: Final = 50
"""Changes of a side that are logged and handed on one by one; the snapshots have them all."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One side's schema as it is now."""

    about: SnapshotEntry
    """The snapshot that says so."""
    is_new: bool
    """Whether this run was the first to see it."""
    changes: tuple[Change, ...]
    """Since the version before; empty unless the snapshot is new."""

    @property
    def told(self) -> Sequence[Change]:
        """The changes that are told one by one: those that may do harm first."""
        return sorted(self.changes, key=lambda change: change.is_harmless)[:_LINES]

    @property
    def lines(self) -> list[str]:
        """The changes in words, not more than a log should hold."""
        lines = [_one_line(f"{self.about.side}: {change}") for change in self.told]
        more = len(self.changes) - len(lines)
        return [*lines, *([f"{self.about.side}: {more:,} more changes"] if more else [])]


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a run is pinned to."""

    provisioned: list[str]
    """What was created on the local side, one line each."""
    versions: dict[str, int]
    """Side → version of the snapshot; of the local side the one after provisioning."""
    changes: list[str]
    """What changed on either side since the versions before, one line each."""


def pin_schemas(run: Run) -> Pinned:
    """Keep both sides' schemas, and stage those that this run is pinned to.

    ConfigurationError if a side does not hold the records any more that it held before.
    """
    note_identities(run)
    external, local = system_schema(run, "external"), system_schema(run, "local")
    seen = [keep_seen(run, "external", external)]
    done = provision(run, external, local) if run.integration.provision else []
    if done:
        local = system_schema(run, "local")
    seen.append(keep_seen(run, "local", local))
    versions = {one.about.side: one.about.version for one in seen}
    stage_schemas(run, external, local, existing=local)
    return Pinned(done, versions, _logged(seen))


def keep_seen(run: Run, side: str, schema: Schema) -> Seen:
    """Keep that side's schema, if it is new; what changed since the version before."""
    about = run.state.keep_schema(side, schema, run_id=run.run_id, at=run.now())
    if about.run_id != run.run_id:
        return Seen(about, is_new=False, changes=())
    before = run.state.schema_snapshot(side, about.version - 1)
    return Seen(about, is_new=True, changes=diff(before.schema, schema) if before else ())


def _logged(seen: Sequence[Seen]) -> list[str]:
    for one in seen:
        _log.info("%s schema: version %s", one.about.side, one.about.version)
        harmful = sum(not change.is_harmless for change in one.told)
        for at, line in enumerate(one.lines):
            _log.log(logging.WARNING if at < harmful else logging.INFO, "%s", line)
    return [line for one in seen for line in one.lines]


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The schemas as a run would find them."""

    external: Schema
    local: Schema
    """With what the run would create."""
    existing: Schema
    """The local side as it is."""


def pin_expected_schemas(job: Job) -> Foreseen:
    """Stage the schemas as a run would find them, creating nothing: what a preview needs."""
    refuse_other_records(job)
    external, local = system_schema(job, "external"), system_schema(job, "local")
    expected = expected_local(job.integration, job.state, external, local)
    stage_schemas(job, external, expected, existing=local)
    return Foreseen(external, expected, local)


def stage_schemas(job: Job, external: Schema, local: Schema, *, existing: Schema) -> None:
    """Pin the run to these schemas; `existing` is what the local side has by now."""
    mappings = job.integration.active_entities
    externals = {mapping.external for mapping in mappings}
    locals_ = {mapping.local for mapping in mappings}
    looked_at = locals_ | reached(job.integration, local, "local")
    sides = {
        "external": _only(external, externals | reached(job.integration, external, "external")),
        "local": _only(local, looked_at),
        "existing": _only(existing, looked_at),
    }
    staged = {side: schema.model_dump(mode="json") for side, schema in sides.items()}
    job.staging.write_json(job.schema_path, staged)


def _only(schema: Schema, names: set[str]) -> Schema:
    """The entities of these names; in place of one that is missing those that may be meant."""
    missing = names - schema.by_name.keys()
    meant = {name for one in missing for name in similar(one, schema.by_name)}
    return Schema(entities=tuple(e for e in schema.entities if e.name in names | meant))
