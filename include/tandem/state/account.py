"""What is written about one batch, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from tandem.state import (
    anchors,
    conflicts,
    deferred,
    link_mappings,
    rechecks,
    rejected,
    transactions,
)
from tandem.state.conflicts import Conflict
from tandem.state.deferred import DEFERRED
from tandem.state.links import Links
from tandem.state.rejected import Rejected
from tandem.state.scope import Scope
from tandem.state.tables import deferred as deferred_table

__all__ = ["DEFERRED", "Account", "Conflict", "Rejected"]


class Account:
    """The open account of one batch of one entity mapping."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.links = Links(scope)

    def reject(self, records: Sequence[Rejected], *, side: str, run_id: str, at: datetime) -> None:
        """Keep records of that side with their reasons; one rejected before counts up."""
        rejected.put(self._scope, records, side=side, run_id=run_id, at=at)

    def accept(self, ids: pa.Array, *, side: str) -> None:
        """Records of that side that were applied are rejected no longer."""
        rejected.forget(self._scope, ids, side)

    def defer(self, lookups: pa.Table, *, of: pa.Array, at: datetime) -> None:
        """Remember the lookups whose partner is missing, as DEFERRED.

        `of` are the external ids of all records that were written: what was deferred for them
        before is over, whether their lookups now have a partner or refer to nothing.
        """
        deferred.put(self._scope, lookups, of=of, at=at)

    def settle(self, ids: pa.Array, field: str) -> None:
        """The lookups in this field of these external records have been completed."""
        deferred.settle(self._scope, ids, deferred_table.c.field == field)

    def settle_transactions(self, side: str, status: str, rows: pa.Table, *, at: datetime) -> None:
        """What became of the open transactions of these rows.

        `side` is the one that is written to. `status`: processed, error or archived (it is not
        wanted any more). Rows have operation, local_id, external_id and perhaps error_class and
        error. A create is found by the id of the record that it is made from, and gets the id
        that it was given.
        """
        transactions.settle(self._scope, side, status, rows, at=at)

    def conflict(self, records: Sequence[Conflict], *, run_id: str, at: datetime) -> None:
        """Keep these conflicts; an open one of the same pair of ids is replaced."""
        conflicts.put(self._scope, records, run_id=run_id, at=at)

    def resolve(
        self,
        *,
        external_ids: pa.Array | None = None,
        local_ids: pa.Array | None = None,
        at: datetime,
    ) -> None:
        """Conflicts that waited, of one of these records, are over."""
        conflicts.resolve(self._scope, external_ids, local_ids, at=at)

    def recheck(
        self, side: str, ids: pa.Array, *, reason: str, at: datetime, policy: str | None = None
    ) -> None:
        """The next run reads these records of that side by id, whatever the anchors say.

        `policy` is a person's decision; None leaves one that was made before.
        """
        rechecks.put(self._scope, side, ids, reason=reason, policy=policy, at=at)

    def doubt_anchors(self) -> None:
        """Both sides are read in full once: links say nothing of some fields any more."""
        anchors.doubt(self._scope)

    def note_links(self, *, asked: str, at: datetime) -> None:
        """The links of the entity say what fits this mapping; `asked`: `tandem.model.asked`."""
        link_mappings.note(self._scope, asked, at)

    def rechecked(self, side: str, ids: pa.Array, *, until: datetime | None = None) -> None:
        """These have been read and dealt with; not what was asked for after `until`, if given."""
        rechecks.remove(self._scope, side, ids, until)
