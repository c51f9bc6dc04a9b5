"""How an integration stands: what each entity's last run made of it, how far behind it is, and
what waits.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tandem.model.integration import EntityMapping, Integration
from tandem.state.overview import OverviewReader, Waits, Way
from tandem.state.run_log import LogEntry

CUT_SHORT: Final = "cut short"
"""The status of a run whose log says that it runs, and which does not."""
_WORST_FIRST: Final = ("failed", CUT_SHORT, "partial", None, "running", "success")
"""Of statuses; None: there was no run yet."""
_WAYS: Final = {
    "download_only": ("download",),
    "upload_only": ("upload",),
    "bidirectional": ("download", "upload"),
}


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that an entity was part of, sync or not."""

    run_id: str
    started_at: datetime
    status: str
    """The worse of its directions: running, success, partial, failed or cut short."""
    message: str


@dataclass(frozen=True, slots=True)
class EntityStanding:
    """How one entity mapping stands."""

    mapping: EntityMapping
    last_run: LastRun | None
    lag: timedelta | None
    """Since the start of the last sync that loaded it, in each of its directions: what was changed
    before is accounted for. None: no sync has.
    """
    waits: Waits


@dataclass(frozen=True, slots=True)
class Standing:
    """How an integration stands: the worst of its enabled entities."""

    entities: tuple[EntityStanding, ...]
    """In the order of the file, disabled ones too."""

    @property
    def waits(self) -> Waits:
        """What waits of all entities."""
        return Waits.sum(entity.waits for entity in self.entities)

    @property
    def status(self) -> str | None:
        """The worst status; None: an entity has not been part of a run yet."""
        runs = [entity.last_run for entity in self._enabled]
        return _worst(run.status if run else None for run in runs)

    @property
    def last_run(self) -> LastRun | None:
        """The newest of the last runs."""
        runs = [entity.last_run for entity in self.entities if entity.last_run]
        return max(runs, key=lambda run: run.started_at, default=None)

    @property
    def lag(self) -> timedelta | None:
        """The longest lag; None: an entity has not been synced yet."""
        lags = [entity.lag for entity in self._enabled]
        known = [lag for lag in lags if lag is not None]
        return max(known) if known and len(known) == len(lags) else None

    @property
    def _enabled(self) -> list[EntityStanding]:
        return [entity for entity in self.entities if entity.mapping.enabled]


def standing(
    integration: Integration, state: OverviewReader, now: datetime, at_work: Collection[str]
) -> Standing:
    """How the integration stands now, by what the state says: its systems are not asked.

    `at_work`: ids of the runs that have not ended.
    """
    names = list(dict.fromkeys(mapping.external for mapping in integration.entities))
    loads = state.last_loads([way for mapping in integration.entities for way in _ways(mapping)])
    waits, runs = state.waits(names), _by_entity(state.last_runs(names))
    return Standing(
        tuple(
            EntityStanding(
                mapping,
                _last_run(runs.get(mapping.external, ()), at_work),
                _lag([loads.get(way) for way in _ways(mapping)], now),
                waits.get(mapping.external, Waits()),
            )
            for mapping in integration.entities
        )
    )


def _ways(mapping: EntityMapping) -> list[Way]:
    return [(mapping.external, direction) for direction in _WAYS[mapping.direction]]


def _by_entity(entries: Iterable[LogEntry]) -> dict[str, list[LogEntry]]:
    found: dict[str, list[LogEntry]] = {}
    for entry in entries:
        found.setdefault(entry.entity, []).append(entry)
    return found


def _last_run(entries: Sequence[LogEntry], at_work: Collection[str]) -> LastRun | None:
    if not entries:
        return None
    status = {entry.direction: _status(entry, at_work) for entry in entries}
    worst = min(entries, key=lambda entry: _WORST_FIRST.index(status[entry.direction]))
    started = min(entry.started_at for entry in entries)
    return LastRun(worst.run_id, started, status[worst.direction], worst.message)


def _status(entry: LogEntry, at_work: Collection[str]) -> str:
    is_cut = entry.status == "running" and entry.run_id not in at_work
    return CUT_SHORT if is_cut else entry.status


def _lag(loaded: Sequence[datetime | None], now: datetime) -> timedelta | None:
    known = [at for at in loaded if at is not None]
    return now - min(known) if len(known) == len(loaded) else None


def _worst(statuses: Iterable[str | None]) -> str | None:
    return min(statuses, key=_WORST_FIRST.index, default=None)
