"""Why pairs of records are rejected: values that do not fit, partners that are missing."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tandem.core.fields import BoundField
from tandem.core.merge import Flags, Merged, Ways
from tandem.core.pairs import Pairs, Refusal, Seen

Found = Iterator[tuple[int, Refusal]]


def refusals_of(
    fields: Sequence[BoundField],
    pairs: Pairs,
    merged: Mapping[str, Merged],
    writes: Ways,
    creates: tuple[Flags, Flags],
) -> dict[int, Refusal]:
    """Row number → why the pair is rejected; of several reasons the first.

    `writes` says to which sides a record may be written, `creates` where a local and where an
    external record is created.
    """
    found = dict(pairs.refused)
    for row, refusal in _unfit(pairs, writes.down):
        found.setdefault(row, refusal)
    for field in fields:
        for row, refusal in _unsendable(field, pairs, merged[field.name], writes.up):
            found.setdefault(row, refusal)
        for row, refusal in _incomplete(field, pairs, *creates):
            found.setdefault(row, refusal)
    return found


def _unfit(pairs: Pairs, downloads: Flags) -> Found:
    """External records with a value that the local side cannot hold."""
    for row, reason in pairs.external_problems.items():
        if downloads[row] and pairs.external[row] == Seen.EDITED:
            yield row, Refusal(reason, waits=False)


def _unsendable(field: BoundField, pairs: Pairs, merged: Merged, uploads: Flags) -> Found:
    """Local records with a value that the external side cannot hold, where it would be sent."""
    for row, reason in pairs.local_problems.get(field.name, {}).items():
        if uploads[row] and merged.to_external[row]:
            yield row, Refusal(reason, waits=False, of_local=True)


def _incomplete(
    field: BoundField, pairs: Pairs, creates_local: Flags, creates_external: Flags
) -> Found:
    """Records that cannot be created before the partner of a lookup is there."""
    pair = pairs.fields[field.name]
    if field.local and not field.local.nullable:
        for row in np.flatnonzero(creates_local & pair.external_waits).tolist():
            yield row, _waiting(field, pair.external[row].as_py())
    if field.externals and not all(external.nullable for external in field.externals):
        for row in np.flatnonzero(creates_external & pair.local_waits).tolist():
            yield row, _waiting(field, pair.local[row].as_py(), of_local=True)


def _waiting(field: BoundField, partner: str, *, of_local: bool = False) -> Refusal:
    target = field.reference.entity if field.reference else ""
    reason = f"field {field.name!r}: waits for {target} {partner}"
    return Refusal(reason, waits=True, of_local=of_local)
