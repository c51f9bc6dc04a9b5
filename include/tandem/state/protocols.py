"""What the state can be asked, and told. Readers look; only a run is given a `StateStore`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

import pyarrow as pa

from tandem.model.changes import Anchor, Counts
from tandem.model.identity import Identity
from tandem.model.schema import Schema
from tandem.state.account import Account
from tandem.state.anchors import SetAnchor
from tandem.state.edits import EditEntry
from tandem.state.links import LinkEntry
from tandem.state.overview import OverviewReader
from tandem.state.plans import Begun
from tandem.state.questions import QuestionReader, QuestionStore
from tandem.state.run_history import HistoryReader
from tandem.state.run_log import LogEntry
from tandem.state.snapshots import Snapshot, SnapshotEntry
from tandem.state.transactions import TransactionEntry
from tandem.state.waiting import WaitingReader


class StateReader(OverviewReader, HistoryReader, WaitingReader, QuestionReader, Protocol):
    """Look, do not touch. Preview is given this one."""

    def set_anchor(self, entity: str, side: str) -> SetAnchor | None:
        """The anchor of that side, and the mapping that it was set under."""
        ...

    def links_asked(self, entity: str) -> str | None:
        """What was asked for when the links were made or last restated, as `tandem.model.asked`."""
        ...

    def all_links_asked(self) -> dict[str, str]:
        """The same of all entities, also of those that are not mapped any more."""
        ...

    def identity(self, side: str) -> Identity | None:
        """Whose records that side's links and anchors are about; None: nobody has said."""
        ...

    def schema_snapshot(self, side: str, version: int | None = None) -> Snapshot | None:
        """That version of that side's schema, or the newest; None if there is none."""
        ...

    def schema_snapshots(self, side: str, *, limit: int = 50) -> list[SnapshotEntry]:
        """The versions of that side's schema, the newest first."""
        ...

    def edits(self, *, limit: int = 50) -> list[EditEntry]:
        """Edits of the integration file that Tandem made, the newest first."""
        ...

    def has_links(self, entity: str) -> bool:
        """Whether any pair of records is linked."""
        ...

    def link_count(self, entity: str) -> int:
        """How many pairs of records are linked."""
        ...

    def links(self, entity: str, side: str, ids: pa.Array) -> pa.Table:
        """The links of these ids of that side, as `tandem.state.links.LINKS`."""
        ...

    def all_links(self, entity: str) -> Iterator[pa.Table]:
        """All links as LINKS, in parts, in order of external_id (byte by byte)."""
        ...

    def bases(self, entity: str, external_ids: pa.Array) -> pa.Table:
        """The base of each of these ids, in their order: external_id, base (JSON text or null)."""
        ...

    def link_of(self, entity: str, record_id: str) -> tuple[LinkEntry, ...]:
        """The links of the record with that id, on whichever side."""
        ...

    def waiting(self, entity: str, error_class: str, side: str = "external") -> list[str]:
        """Ids of rejected records of that side and class."""
        ...

    def rechecks(self, entity: str, side: str) -> pa.Table:
        """Records of that side to be read by id: record_id, policy (a person's, or null)."""
        ...

    def sent_creates(self, entity: str, side: str, ids: pa.Array) -> pa.Table:
        """Creates on that side that were sent and whose answer is not known.

        `ids` are those of the other side, which the records come from. Columns: record_id (one
        of `ids`), key (the id on `side` that was chosen beforehand, or null).
        """
        ...

    def chosen_keys(self, entity: str, external_ids: pa.Array) -> pa.Table:
        """Of these ids, those that were chosen for external creates whose answer is not known.

        Columns: external_id, local_id (of the record that was to be created).
        """
        ...

    def unanswered(self, entity: str, run_id: str) -> pa.Table:
        """Writes that other runs than this one have sent and whose answer is not known.

        Columns: id, side (that was written to), operation, local_id, external_id, request.
        """
        ...

    def has_blind_creates(self, entity: str) -> bool:
        """Whether an external create without a chosen key was sent and not answered."""
        ...

    def pending_deletes(self, entity: str) -> pa.Table:
        """Deletes that wait for approval: side (that is written to), external_id, local_id."""
        ...

    def deferred(self, entity: str, field: str) -> Iterator[pa.Table]:
        """The lookups in that field that wait, as `tandem.state.account.DEFERRED`, in parts."""
        ...

    def has_synced(self, entity: str) -> bool:
        """Whether a sync, not only an import, export or window, has loaded this entity."""
        ...

    def last_plan(self, entity: str) -> Begun | None:
        """The last plan of this entity that a run has begun to carry out."""
        ...

    def runs_logged(self, entity: str) -> int:
        """How many syncs have loaded this entity, wholly or in part."""
        ...

    def log_entries(self, *, run_id: str | None = None, limit: int = 50) -> list[LogEntry]:
        """The log, newest first."""
        ...

    def transactions(
        self,
        entity: str | None = None,
        *,
        local_id: str | None = None,
        external_id: str | None = None,
        limit: int = 50,
    ) -> list[TransactionEntry]:
        """Transactions, newest first."""
        ...


class StateStore(StateReader, QuestionStore, Protocol):
    """Look and write. Only a run is given this one.

    Once it has acquired the lease, whatever it writes raises StopRun, and writes nothing, if
    another run has taken over.
    """

    def acquire(self, run_id: str, *, process: str | None, now: datetime, ttl: timedelta) -> int:
        """Take the lease for this run until `now + ttl`, or keep it; its epoch.

        Raises Busy while another run holds it: until it lets go, its time is over, or the
        process that it named (`tandem.state.process.this_process`) is known to have ended.
        """
        ...

    def renew(self, now: datetime, ttl: timedelta) -> None:
        """Hold the lease until `now + ttl`, if it was acquired. Not within an account."""
        ...

    def release(self) -> None:
        """Let go of the lease, if it is ours still. What is written afterwards is refused."""
        ...

    def start(self, key: Mapping[str, str], *, mode: str, at: datetime, kind: str = "sync") -> None:
        """Log that an entity of a run has begun. `key`: run_id, entity, direction."""
        ...

    def note_mode(self, key: Mapping[str, str], mode: str) -> None:
        """Log how an entity of a run that has begun was read: full or incremental."""
        ...

    def finish(
        self, key: Mapping[str, str], *, status: str, counts: Counts, message: str, at: datetime
    ) -> None:
        """Log what became of an entity of a run that has begun."""
        ...

    def wait(self, entity: str, run_id: str, message: str, *, failure: str) -> None:
        """Log that the entity, whose step failed in that run for that reason, goes on later."""
        ...

    def wait_no_more(self, entity: str, run_id: str, message: str, *, at: datetime) -> None:
        """Log that the entity, if it still runs in that run, has failed."""
        ...

    def begin_plan(self, entity: str, begun: Begun, *, after: str | None) -> bool:
        """This try carries out that plan of the entity: whatever else would still write about the
        entity, for an earlier try or another plan, raises Stale. False, and nothing is done, unless
        the last plan that was begun is this one or `after`.
        """
        ...

    def stop_plan(self, entity: str) -> None:
        """Whoever carries out a plan of the entity raises Stale when it writes next."""
        ...

    def refuse_overtaken(self, entity: str) -> None:
        """Raise Stale, or StopRun, if another task or run has taken over."""
        ...

    def note_identity(self, side: str, identity: Identity, at: datetime) -> None:
        """That side's links and anchors are about these records from now on."""
        ...

    def keep_schema(self, side: str, schema: Schema, *, run_id: str, at: datetime) -> SnapshotEntry:
        """Keep that side's schema as a new version, unless the newest one is the same."""
        ...

    def note_edit(self, *, reason: str, before: str, after: str, at: datetime) -> None:
        """Keep an edit of the integration file: the whole text before and after it."""
        ...

    def send(self, entity: str, side: str, run_id: str, at: datetime, rows: pa.Table) -> None:
        """Note writes to that side that are about to be sent.

        Rows: operation, local_id, external_id, request (null: none). One that is open already,
        pending or sent, is superseded: its attempts are counted on, its creation is kept.
        """
        ...

    def withhold(self, entity: str, side: str, run_id: str, at: datetime, rows: pa.Table) -> None:
        """Note writes to that side that wait for approval; rows as for `send`."""
        ...

    def account(self, entity: str) -> AbstractContextManager[Account]:
        """One transaction in which a batch is accounted for."""
        ...

    def move_anchor(
        self,
        entity: str,
        side: str,
        anchor: Anchor,
        *,
        mapping_hash: str,
        asked: str | None = None,
        at: datetime,
    ) -> None:
        """Every change up to this anchor has been accounted for. It never moves back.

        `asked`: what the mapping asked for, as `tandem.model.asked`.
        """
        ...

    def forget_fields(self, entity: str, names: Sequence[str]) -> None:
        """Nothing was agreed on in these fields (local names): all of the entity is read again.

        What only one side holds then goes to the other; an empty field wins over nothing.
        """
        ...

    def forget_links(self, entity: str, *, at: datetime) -> None:
        """No record is linked: all is read again, and records meet by their primary key."""
        ...

    def recheck(
        self,
        entity: str,
        side: str,
        ids: pa.Array,
        *,
        reason: str,
        at: datetime,
        policy: str | None = None,
    ) -> None:
        """The next run reads these records by id.

        `policy`: a person's decision, as `tandem.core.decided` keeps it.
        """
        ...

    def archive_rejected(
        self, entity: str, side: str, ids: pa.Array | None = None, *, at: datetime
    ) -> int:
        """These rejected records (None: all) wait no longer; how many there were."""
        ...

    def archive_transactions(
        self,
        entity: str | None = None,
        *,
        statuses: Sequence[str] = ("error",),
        ids: Sequence[int] | None = None,
        at: datetime,
    ) -> int:
        """Archive those of these statuses with these ids (None: all); how many there were."""
        ...
