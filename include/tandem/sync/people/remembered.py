"""What the state knows of a record, or pair of records, without asking either system."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from tandem.core.decided import in_words
from tandem.state.conflicts import ConflictEntry
from tandem.state.deferred import DeferredEntry
from tandem.state.links import LinkEntry
from tandem.state.protocols import StateReader
from tandem.state.rejected import RejectedEntry
from tandem.state.run_history import RunFilter
from tandem.state.run_log import LogEntry
from tandem.state.transactions import TransactionEntry

_SOME: Final = 10
"""Transactions and decided conflicts that are shown."""
_RUNS: Final = 4
"""Runs that are shown."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of one record, or pair of records."""

    entity: str
    record_id: str
    link: LinkEntry | None
    waiting: tuple[str, ...]
    """What it waits for, a sentence each."""
    rejected: tuple[RejectedEntry, ...]
    conflicts: tuple[ConflictEntry, ...]
    deferred: tuple[DeferredEntry, ...]
    transactions: tuple[TransactionEntry, ...]
    runs: tuple[LogEntry, ...]
    """The last runs of its entity."""

    @property
    def is_noted(self) -> bool:
        """Whether a run has had to do with it."""
        noted = self.transactions or self.rejected or self.conflicts or self.deferred
        return self.link is not None or bool(noted)


def link_of(state: StateReader, entity: str, record_id: str) -> LinkEntry | None:
    """The link of the record with that id, on whichever side."""
    return next(iter(state.link_of(entity, record_id)), None)


def remembered(state: StateReader, entity: str, record_id: str) -> Remembered:
    """What is known of the record with that id, on whichever side it is."""
    link = link_of(state, entity, record_id)
    ids = (link.external_id, link.local_id) if link else (record_id, record_id)
    return _Memory(state, entity, *ids).of(record_id, link)


def remembered_of(
    state: StateReader,
    link: LinkEntry | None,
    asked: tuple[str, str],
    ids: tuple[str | None, str | None],
) -> Remembered:
    """What is known of the record that was `asked` for: entity and id.

    `ids`: its external and its local one; None where it is not.
    """
    entity, record_id = asked
    return _Memory(state, entity, *ids).of(record_id, link)


@dataclass(frozen=True, slots=True)
class _Memory:
    state: StateReader
    entity: str
    external_id: str | None
    local_id: str | None

    @property
    def _known(self) -> list[str]:
        return [*dict.fromkeys(id_ for id_ in (self.external_id, self.local_id) if id_)]

    def of(self, record_id: str, link: LinkEntry | None) -> Remembered:
        """All of it."""
        state, entity, known = self.state, self.entity, self._known
        return Remembered(
            entity=entity,
            record_id=record_id,
            link=link,
            waiting=tuple(self._waiting()),
            rejected=_once(
                rejected
                for id_ in known
                for status in ("waiting", "archived")
                for rejected in state.rejected_records(entity, status=status, record_id=id_)
            ),
            conflicts=_once(
                conflict
                for id_ in known
                for conflict in state.conflicts(entity, status=None, record_id=id_, limit=_SOME)
            ),
            deferred=_once(
                lookup for id_ in known for lookup in state.deferred_lookups(entity, record_id=id_)
            ),
            transactions=self._transactions(),
            runs=tuple(self._runs()),
        )

    def _waiting(self) -> Iterator[str]:
        for side, id_ in (("external", self.external_id), ("local", self.local_id)):
            for row in self.state.rechecks(self.entity, side).to_pylist():
                if id_ is not None and row["record_id"] == id_:
                    policy = f", {in_words(row['policy'])}" if row["policy"] else ""
                    yield f"The next run reads the {side} record by its id{policy}."
        for row in self.state.pending_deletes(self.entity).to_pylist():
            if {row["external_id"], row["local_id"]} & {*self._known}:
                yield f"The deletion of the {row['side']} record waits for approval."

    def _transactions(self) -> tuple[TransactionEntry, ...]:
        found = {
            t.id: t
            for name, id_ in (("external_id", self.external_id), ("local_id", self.local_id))
            if id_
            for t in self.state.transactions(self.entity, **{name: id_}, limit=_SOME)
        }
        return tuple(sorted(found.values(), key=lambda t: -t.id)[:_SOME])

    def _runs(self) -> Iterator[LogEntry]:
        for run in self.state.runs(RunFilter(entity=self.entity), limit=_RUNS):
            entries = self.state.run_entries(run.run_id)
            yield from (entry for entry in entries if entry.entity == self.entity)


def _once(entries: Iterable[T]) -> tuple[T, ...]:
    found: list[T] = []
    for entry in entries:
        if entry not in found:
            found.append(entry)
    return tuple(found)
