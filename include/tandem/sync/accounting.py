"""Account for a plan of pairs: links, bases, transactions, rejected records and conflicts."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.images import bases, image_hashes
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, flags
from tandem.model.changes import Action, Counts
from tandem.state.account import Account, Conflict, Rejected
from tandem.sync import columns
from tandem.sync.job import Run
from tandem.sync.side_writes import Outcome, transactions_of

_CHANGED: Final = "changed again while it was written"
_WAITS: Final = "a lookup waits for its partner"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of each row of a plan."""

    done: Flags
    """Both sides are as planned."""
    changed: Flags
    """The record was not what the plan saw."""
    failed: Flags
    """Rejected, by the plan or by a system."""


class PairAccount:
    """The account of one plan of one entity mapping's pairs."""

    def __init__(self, run: Run, bound: BoundMapping, plan: pa.RecordBatch, sent: Outcome) -> None:
        self._run = run
        self._bound = bound
        self._plan = plan
        self._sent = sent

    def created_externally(self, answered: pa.RecordBatch) -> None:
        """Link what was created there before anything else happens: it must not be created twice.

        The base is what was sent, so that what the system made of it is an edit still.
        """
        creates = pc.fill_null(pc.equal(answered.column(columns.TO_EXTERNAL), "create"), False)
        rows = (
            flags(creates)
            & self._sent.done
            & flags(answered.column(columns.EXTERNAL_ID).is_valid())
        )
        if not rows.any():
            return
        ids = {columns.EXTERNAL_ID: answered.column(columns.EXTERNAL_ID)}
        with self._opened() as account:
            self._link(account, columns.replaced(self._plan, ids), rows)
            self._settle(account, answered, "external", self._sent, rows)

    def settled(self, plan: pa.RecordBatch, written: Outcome, *, last: bool) -> Settled:
        """Commit what became of each row, `plan` with what the external system answered."""
        sent = self._sent
        action = plan.column(columns.ACTION)
        refused = flags(pc.is_in(action, pa.array([Action.REJECT.value])))
        conflicts = flags(pc.equal(action, Action.CONFLICT.value))
        failed = refused | _at(plan, sent.rejected) | _at(plan, written.rejected)
        done = sent.done & written.done & ~refused & ~conflicts
        changed = sent.changed | written.changed
        with self._opened() as account:
            self._over(account, plan, done | failed | conflicts)
            self._link(account, plan, done & flags(plan.column(columns.ACCOUNTED)))
            self._settle(account, plan, "external", sent)
            self._settle(account, plan, "local", written, sent.done)
            self._reject(account, plan, written, refused)
            self._keep_conflicts(account, plan, done, conflicts, changed & last)
            self._recheck(account, plan, done & flags(plan.column(columns.WAITS)), _WAITS)
            self._recheck(account, plan, changed & last, _CHANGED)
        return Settled(done, changed, failed)

    def _opened(self) -> Any:
        return self._run.state.account(self._bound.mapping.external)

    def _link(self, account: Account, plan: pa.RecordBatch, rows: Flags) -> None:
        """Write or remove the links of these rows."""
        chosen = plan.filter(pa.array(rows))
        if not chosen.num_rows:
            return
        moved = chosen.column(columns.MOVED_FROM).drop_null()
        if len(moved):
            account.links.remove(moved)
        ends = _ends(chosen)
        gone = chosen.filter(pa.array(ends)).column(columns.EXTERNAL_ID).drop_null()
        if len(gone):
            account.links.remove(gone)
        kept = chosen.filter(pa.array(~ends))
        if kept.num_rows:
            account.links.put(_links(self._bound, kept), at=self._run.now(), replace=True)

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
        ids = {
            "external": pc.coalesce(
                chosen.column(columns.EXTERNAL_ID), chosen.column(columns.MOVED_FROM)
            ).drop_null(),
            "local": chosen.column(columns.LOCAL_ID).drop_null(),
        }
        for side, own in ids.items():
            account.accept(own, side=side)
            account.rechecked(side, own)
        account.resolve(external_ids=ids["external"], local_ids=ids["local"], at=self._run.now())

    def _reject(
        self, account: Account, plan: pa.RecordBatch, written: Outcome, refused: Flags
    ) -> None:
        found: dict[str, list[Rejected]] = {"external": [], "local": []}
        of_local = flags(plan.column(columns.OF_LOCAL))
        reasons = plan.column(columns.REASON)
        for row in np.flatnonzero(refused).tolist():
            side = "local" if of_local[row] else "external"
            kind = "dependency" if plan.column(columns.WAITS)[row].as_py() else "record"
            found[side].append(_rejected(plan, row, side, reasons[row].as_py(), kind))
        for row, reason in self._sent.rejected.items():
            found["local"].append(_rejected(plan, row, "local", reason, _kind(plan, row)))
        for row, reason in written.rejected.items():
            found["external"].append(_rejected(plan, row, "external", reason, _kind(plan, row)))
        for side, records in found.items():
            account.reject(records, side=side, run_id=self._run.run_id, at=self._run.now())

    def _keep_conflicts(
        self, account: Account, plan: pa.RecordBatch, done: Flags, waiting: Flags, changed: Flags
    ) -> None:
        clashes = plan.column(columns.CLASHES)
        decided = done & flags(clashes.is_valid())
        found = [
            Conflict(
                local_id=plan.column(columns.LOCAL_ID)[row].as_py(),
                external_id=plan.column(columns.EXTERNAL_ID)[row].as_py(),
                kind="changed"
                if changed[row]
                else "edited"
                if clashes[row].is_valid
                else "deleted",
                fields=json.loads(clashes[row].as_py() or "{}"),
                decision=_winner(clashes[row].as_py()) if decided[row] else None,
            )
            for row in np.flatnonzero(decided | waiting | changed).tolist()
        ]
        account.conflict(found, run_id=self._run.run_id, at=self._run.now())

    def _recheck(self, account: Account, plan: pa.RecordBatch, rows: Flags, reason: str) -> None:
        of_local = flags(plan.column(columns.OF_LOCAL))
        for side, name, mine in (
            ("local", columns.LOCAL_ID, rows & of_local),
            ("external", columns.EXTERNAL_ID, rows & ~of_local),
        ):
            ids = plan.column(name).filter(pa.array(mine)).drop_null()
            if len(ids):
                account.recheck(side, ids, reason=reason, at=self._run.now())


def counts_of(
    plan: pa.RecordBatch, sent: Outcome, written: Outcome, settled: Settled, *, last: bool
) -> tuple[Counts, Counts]:
    """What was written to the local side, and to the external one.

    What was not written counts on the side that it was read from.
    """
    of_local = flags(plan.column(columns.OF_LOCAL))
    conflicts = flags(pc.equal(plan.column(columns.ACTION), Action.CONFLICT.value))
    conflicts |= settled.changed & last
    failed = settled.failed & ~_at(plan, sent.rejected) & ~_at(plan, written.rejected)
    to_local, to_external = plan.column(columns.TO_LOCAL), plan.column(columns.TO_EXTERNAL)
    untouched = settled.done & flags(to_local.is_null()) & flags(to_external.is_null())
    left = ~(settled.done | settled.failed | settled.changed | conflicts)
    waits = settled.done & flags(plan.column(columns.WAITS))
    found = []
    for does, outcome, mine in ((to_local, written, ~of_local), (to_external, sent, of_local)):
        wrote = {
            op: int((flags(pc.fill_null(pc.equal(does, op), False)) & settled.done).sum())
            for op in ("create", "update", "delete")
        }
        found.append(
            Counts(
                created=wrote["create"],
                updated=wrote["update"],
                deleted=wrote["delete"],
                unchanged=int((untouched & mine).sum()),
                failed=int((failed & mine).sum()) + len(outcome.rejected),
                conflicts=int((conflicts & mine).sum()),
                deferred=int((waits & mine).sum()),
                superseded=int((left & mine).sum()),
            )
        )
    return found[0], found[1]


def _ends(plan: pa.RecordBatch) -> Flags:
    """Where the link ends: one of the records is, or both are, gone."""
    deleted = pc.or_kleene(
        pc.equal(plan.column(columns.TO_LOCAL), "delete"),
        pc.equal(plan.column(columns.TO_EXTERNAL), "delete"),
    )
    return flags(pc.fill_null(deleted, False)) | flags(plan.column(columns.UNLINKS))


def _links(bound: BoundMapping, plan: pa.RecordBatch) -> pa.Table:
    external = columns.fields_of(plan, columns.EXTERNAL_AFTER)
    local = columns.fields_of(plan, columns.LOCAL_AFTER)
    fields = bound.fields
    return pa.table(
        {
            "external_id": plan.column(columns.EXTERNAL_ID),
            "local_id": plan.column(columns.LOCAL_ID),
            "base_hash": image_hashes(fields, external),
            "local_hash": image_hashes(fields, local),
            "base": bases(fields, external, local),
            "external_version": plan.column(columns.ETAG),
        }
    )


def _at(plan: pa.RecordBatch, rows: dict[int, str]) -> Flags:
    found = np.zeros(plan.num_rows, np.bool_)
    found[list(rows)] = True
    return found


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
