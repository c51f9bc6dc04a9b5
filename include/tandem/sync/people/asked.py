"""Records that a person asked for: read by id on both sides and planned anew, at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from tandem.errors import ConfigurationError, one_of
from tandem.state.protocols import StateReader
from tandem.state.rechecks import RECHECKS
from tandem.sync.job import Job, Run
from tandem.sync.report import RunReport
from tandem.sync.run import run_all


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a record that a person asked for."""

    entity: str
    external_id: str | None
    local_id: str | None
    settled: bool
    """Whether it waits no longer."""
    text: str


class AskedFor:
    """A `StateReader` in which somebody has asked for these records, and nothing else waits."""

    def __init__(self, state: StateReader, ids: Mapping[str, str | None]) -> None:
        self._state = state
        self._ids = ids

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def waiting(self, _entity: str, _error_class: str, _side: str = "external") -> list[str]:
        return []

    def rechecks(self, _entity: str, side: str) -> pa.Table:
        ids = [id_ for id_ in (self._ids.get(side),) if id_ is not None]
        return pa.table(
            [pa.array(ids, pa.string()), pa.nulls(len(ids), pa.string())], schema=RECHECKS
        )


def run_asked(run: Run, entities: Sequence[str]) -> RunReport:
    """Look only at what was asked for, and what waits for others, of these entities."""
    chosen = tuple(dict.fromkeys(entities))
    return run_all(replace(run, kind="sync", only_waiting=True, entities=chosen))


def became(job: Job, entity: str, external_id: str | None, local_id: str | None) -> Became:
    """What this run made of the record with these ids, from what the state says now."""
    reason = _still_waits(job, entity, external_id, local_id)
    text = reason or _written(job, entity, external_id, local_id) or "both sides agree"
    return Became(entity, external_id, local_id, reason is None, text)


def refuse_unknown(ids: Sequence[str], known: Sequence[str | None], what: str, where: str) -> None:
    """ConfigurationError if one of the ids that a person gave is not among those known."""
    unknown = [id_ for id_ in ids if id_ not in known]
    if unknown:
        raise ConfigurationError(
            f"{one_of(unknown)} is not among the {what}.", remedy=f"List them: {where}."
        )


def _still_waits(
    job: Job, entity: str, external_id: str | None, local_id: str | None
) -> str | None:
    for side, id_ in (("external", external_id), ("local", local_id)):
        if id_ is None:
            continue
        for rejected in job.state.rejected_records(entity, record_id=id_):
            if rejected.side == side:
                return f"still rejected: {rejected.error}"
        for conflict in job.state.conflicts(entity, record_id=id_, limit=1):
            return f"still a conflict ({conflict.kind})"
    pending = job.state.pending_deletes(entity).to_pylist()
    ids = {external_id, local_id} - {None}
    if any(ids & {row["external_id"], row["local_id"]} for row in pending):
        return "its deletion waits for approval: tandem sync --yes"
    return None


def _written(job: Job, entity: str, external_id: str | None, local_id: str | None) -> str:
    """What was written in this run, in words."""
    ids = {"external_id": external_id} if external_id else {"local_id": local_id}
    found = job.state.transactions(entity, **ids)
    mine = [t for t in found if t.run_id == job.run_id and t.status == "processed"]
    return ", ".join(f"{t.side} record {t.operation}d" for t in reversed(mine))
