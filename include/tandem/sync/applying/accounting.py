"""Account for a plan of pairs: links, bases, transactions, rejected records and conflicts."""

import json
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.images import bases, image_hashes
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, chosen, flags
from tandem.model.changes import Action
from tandem.state.account import Account, Conflict, Rejected
from tandem.state.rechecks import WAITS
from tandem.sync import columns
from tandem.sync.applying.pair_counts import Settled, at_rows
from tandem.sync.applying.side_writes import Outcome, transactions_of
from tandem.sync.job import Run
from tandem.sync.sides.held import external_side, filter_of, local_side

_CHANGED: Final = "changed again while it was written"
_PARTNER: Final = "its partner is rejected, or both are in conflict"


class PairAccount:
    """The account of one plan of one entity mapping's pairs."""

    def __init__(self, run: Run, bound: BoundMapping, plan: pa.RecordBatch) -> None:
        self._run = run
        self._bound = bound
        self._plan = plan

    def begin(self) -> None:
        """Keep the values that will lose before they are overwritten: as conflicts that are open
        until it is done.
        """
        clashes = flags(self._plan.column(columns.CLASHES).is_valid())
        rows = np.flatnonzero(clashes).tolist()
        if not rows:
            return
        found = [_conflict(self._plan, row, again=False, decided=False) for row in rows]
        with self._opened() as account:
            account.conflict(found, run_id=self._run.run_id, at=self._run.now())

    def created_externally(self, answered: pa.RecordBatch, sent: Outcome) -> None:
        """Link what was created there before anything else happens: it must not be created twice.

        The base is what was sent, so that what the system made of it is an edit still.
        """
        creates = pc.fill_null(pc.equal(answered.column(columns.TO_EXTERNAL), "create"), False)
        rows = flags(creates) & sent.done & flags(answered.column(columns.EXTERNAL_ID).is_valid())
        if not rows.any():
            return
        ids = {columns.EXTERNAL_ID: answered.column(columns.EXTERNAL_ID)}
        with self._opened() as account:
            self._link(account, columns.replaced(self._plan, ids), rows)
            self._settle(account, answered, "external", sent, rows)

    def settled(
        self, plan: pa.RecordBatch, sent: Outcome, written: Outcome, *, last: bool
    ) -> Settled:
        """Commit what became of each row, `plan` with what the external system answered."""
        action = plan.column(columns.ACTION)
        refused = flags(pc.is_in(action, pa.array([Action.REJECT.value])))
        conflicts = flags(pc.equal(action, Action.CONFLICT.value))
        failed = refused | at_rows(plan, sent.rejected) | at_rows(plan, written.rejected)
        done = sent.done & written.done & ~refused & ~conflicts
        changed = sent.changed | written.changed
        linked = done & flags(plan.column(columns.ACCOUNTED))
        inside = self._inside(plan, linked)
        with self._opened() as account:
            self._over(account, plan, done | failed | conflicts)
            clashes = flags(plan.column(columns.CLASHES).is_valid())
            self._resolve(account, plan, (done & ~clashes) | failed)
            self._link(account, plan, linked, inside)
            self._settle(account, plan, "external", sent)
            self._settle(account, plan, "local", written, sent.done)
            of_local = self._reject(account, plan, sent, written, refused)
            self._keep_conflicts(account, plan, done, conflicts, changed & last)
            mine = flags(plan.column(columns.OF_LOCAL))
            waits, again = done & flags(plan.column(columns.WAITS)), changed & last
            self._recheck(account, plan, (waits & mine, waits & ~mine), WAITS)
            self._recheck(account, plan, (again & mine, again & ~mine), _CHANGED)
            there = self._there(plan)
            partners = (there[0] & (conflicts | of_local[1]), there[1] & (conflicts | of_local[0]))
            self._recheck(account, plan, partners, _PARTNER)
        return Settled(done, changed, failed)

    def _opened(self) -> Any:
        return self._run.state.account(self._bound.mapping.external)

    def _inside(self, plan: pa.RecordBatch, rows: Flags) -> pa.Array | None:
        """Which of both records are in their side's filter now, in words; None: it is all one."""
        if self._bound.mapping.filter_exit != "delete":
            return None
        words = []
        for side, name in (
            (external_side(self._run, self._bound), columns.EXTERNAL_ID),
            (local_side(self._run, self._bound), columns.LOCAL_ID),
        ):
            ids = chosen((~rows, pa.nulls(len(rows), pa.string())), otherwise=plan.column(name))
            held = side.of_ids(ids, filter_of(self._bound, side.name))
            words.append(pc.if_else(held.holds(ids), side.name, ""))
        return pc.binary_join_element_wise(*words, " ")

    def _link(
        self,
        account: Account,
        plan: pa.RecordBatch,
        rows: Flags,
        inside: pa.Array | None = None,
    ) -> None:
        """Write or remove the links of these rows."""
        linked = plan.filter(pa.array(rows))
        if not linked.num_rows:
            return
        moved = linked.column(columns.MOVED_FROM).drop_null()
        if len(moved):
            account.links.remove(moved)
        over = ends(linked)
        gone = linked.filter(pa.array(over)).column(columns.EXTERNAL_ID).drop_null()
        if len(gone):
            account.links.remove(gone)
        kept = linked.filter(pa.array(~over))
        if kept.num_rows:
            marks = (
                None if inside is None else inside.filter(pa.array(rows)).filter(pa.array(~over))
            )
            account.links.put(_links(self._bound, kept, marks), at=self._run.now(), replace=True)

    def _settle(
        self,
        account: Account,
        plan: pa.RecordBatch,
        side: str,
        outcome: Outcome,
        rows: Flags | None = None,
    ) -> None:
        for status, table in transactions_of(plan, side, outcome, rows):
            account.settle_transactions(side, status, table, at=self._run.now())

    def _over(self, account: Account, plan: pa.RecordBatch, rows: Flags) -> None:
        """Whatever these rows waited for before is over; what they wait for now comes after."""
        chosen = plan.filter(pa.array(rows))
        if not chosen.num_rows:
            return
        one_way = {"import": "external", "export": "local"}.get(self._run.kind)
        for side, own in _both_ids(chosen).items():
            if one_way in (None, side):
                account.accept(own, side=side)
            if one_way is None:  # what waits for a sync, or for what a person said, still does
                account.rechecked(side, own)

    def _resolve(self, account: Account, plan: pa.RecordBatch, rows: Flags) -> None:
        """Conflicts of these rows are over; a row that still is one replaces its own."""
        if self._run.kind != "sync":
            return
        ids = _both_ids(plan.filter(pa.array(rows)))
        account.resolve(external_ids=ids["external"], local_ids=ids["local"], at=self._run.now())

    def _reject(
        self,
        account: Account,
        plan: pa.RecordBatch,
        sent: Outcome,
        written: Outcome,
        refused: Flags,
    ) -> tuple[Flags, Flags]:
        """Keep what is rejected; where local records are, and where external ones."""
        found: dict[str, dict[int, Rejected]] = {"local": {}, "external": {}}
        of_local = flags(plan.column(columns.OF_LOCAL))
        reasons = plan.column(columns.REASON)
        for row in np.flatnonzero(refused).tolist():
            side = "local" if of_local[row] else "external"
            kind = "dependency" if plan.column(columns.WAITS)[row].as_py() else "record"
            found[side][row] = _rejected(plan, row, side, reasons[row].as_py(), kind)
        for side, outcome in (("local", sent), ("external", written)):
            for row, reason in outcome.rejected.items():
                found[side][row] = _rejected(plan, row, side, reason, _kind(plan, row))
        for side, records in found.items():
            rejected = list(records.values())
            account.reject(rejected, side=side, run_id=self._run.run_id, at=self._run.now())
        return at_rows(plan, found["local"]), at_rows(plan, found["external"])

    def _keep_conflicts(
        self, account: Account, plan: pa.RecordBatch, done: Flags, waiting: Flags, changed: Flags
    ) -> None:
        clashes = plan.column(columns.CLASHES)
        decided = done & flags(clashes.is_valid())
        found = [
            _conflict(plan, row, again=bool(changed[row]), decided=bool(decided[row]))
            for row in np.flatnonzero(decided | waiting | changed).tolist()
        ]
        account.conflict(found, run_id=self._run.run_id, at=self._run.now())

    def _recheck(
        self, account: Account, plan: pa.RecordBatch, rows: tuple[Flags, Flags], reason: str
    ) -> None:
        """Have these local and these external records looked at in the next run."""
        names = (("local", columns.LOCAL_ID), ("external", columns.EXTERNAL_ID))
        for (side, name), mine in zip(names, rows, strict=True):
            ids = plan.column(name).filter(pa.array(mine)).drop_null()
            if len(ids):
                account.recheck(side, ids, reason=reason, at=self._run.now())

    def _there(self, plan: pa.RecordBatch) -> tuple[Flags, Flags]:
        """Where there is a local record, and where an external one."""
        keys = (
            (columns.LOCAL_SEEN, self._bound.local.key[0]),
            (columns.EXTERNAL_SEEN, self._bound.external.key[0]),
        )
        local, external = (
            flags(columns.records_of(plan, seen).column(key).is_valid()) for seen, key in keys
        )
        return local, external


def ends(plan: pa.RecordBatch) -> Flags:
    """Where the link ends: one of the records is, or both are, gone."""
    deleted = pc.or_kleene(
        pc.equal(plan.column(columns.TO_LOCAL), "delete"),
        pc.equal(plan.column(columns.TO_EXTERNAL), "delete"),
    )
    return flags(pc.fill_null(deleted, False)) | flags(plan.column(columns.UNLINKS))


def _links(bound: BoundMapping, plan: pa.RecordBatch, inside: pa.Array | None) -> pa.Table:
    external = columns.fields_of(plan, columns.EXTERNAL_AFTER)
    local = columns.fields_of(plan, columns.LOCAL_AFTER)
    fields = bound.fields
    return pa.table(
        {
            "external_id": plan.column(columns.EXTERNAL_ID),
            "local_id": plan.column(columns.LOCAL_ID),
            "base_hash": image_hashes(fields, external),
            "local_hash": image_hashes(fields, local),
            "base": bases(fields, external, local, inside),
            "external_version": plan.column(columns.ETAG),
        }
    )


def _both_ids(plan: pa.RecordBatch) -> dict[str, pa.Array]:
    external = pc.coalesce(plan.column(columns.EXTERNAL_ID), plan.column(columns.MOVED_FROM))
    return {"external": external.drop_null(), "local": plan.column(columns.LOCAL_ID).drop_null()}


def _conflict(plan: pa.RecordBatch, row: int, *, again: bool, decided: bool) -> Conflict:
    clashes = plan.column(columns.CLASHES)[row].as_py()
    return Conflict(
        local_id=plan.column(columns.LOCAL_ID)[row].as_py(),
        external_id=plan.column(columns.EXTERNAL_ID)[row].as_py(),
        kind="changed" if again else "edited" if clashes else "deleted",
        fields=json.loads(clashes or "{}"),
        decision=_winner(clashes) if decided else None,
    )


def _kind(plan: pa.RecordBatch, row: int) -> str:
    """A deletion is refused because others refer to the record: it waits for them."""
    deletes = "delete" in (
        plan.column(columns.TO_LOCAL)[row].as_py(),
        plan.column(columns.TO_EXTERNAL)[row].as_py(),
    )
    return "dependency" if deletes else "record"


def _rejected(plan: pa.RecordBatch, row: int, side: str, reason: str, kind: str) -> Rejected:
    seen = columns.LOCAL_SEEN if side == "local" else columns.EXTERNAL_SEEN
    record = columns.records_of(plan.slice(row, 1), seen).to_pylist()[0]
    name = columns.LOCAL_ID if side == "local" else columns.EXTERNAL_ID
    return Rejected(
        record_id=plan.column(name)[row].as_py(),
        error=reason,
        payload=json.dumps(record, default=str, ensure_ascii=False),
        error_class=kind,
    )


def _winner(clashes: str | None) -> str:
    winners = {field["winner"] for field in json.loads(clashes or "{}").values()}
    return winners.pop() if len(winners) == 1 else "both"
