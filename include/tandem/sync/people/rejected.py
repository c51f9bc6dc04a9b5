"""Rejected records: listed, tried again, or put away."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa

from tandem.core.reasons import shared_reason
from tandem.errors import ConfigurationError
from tandem.state.protocols import StateReader
from tandem.state.rejected import Place, RejectedEntry
from tandem.sync.job import Run
from tandem.sync.people.asked import Became, became, refuse_unknown, run_asked
from tandem.sync.report import RunReport

ALL: Final = 1_000_000
"""More than anybody rejects."""


def waiting_records(
    state: StateReader,
    integration: str,
    entities: Sequence[str] = (),
    ids: Sequence[str] = (),
    limit: int = ALL,
) -> list[RejectedEntry]:
    """Rejected records that wait, newest first; ConfigurationError for an id that does not."""
    if ids:
        found = [e for id_ in ids for e in state.rejected_records(record_id=id_, limit=limit)]
        known = [entry.record_id for entry in found]
        refuse_unknown(ids, known, "rejected records", f"tandem rejected {integration}")
    else:
        found = state.rejected_records(limit=limit)
    return [entry for entry in found if not entities or entry.entity in entities]


def retry(run: Run, chosen: Sequence[RejectedEntry]) -> tuple[RunReport, list[Became]]:
    """Read these records by id on both sides and plan them anew; what became of each.

    A create whose answer was lost is created again: whoever asks for it has looked.
    """
    for (entity, side), ids in _by_side(chosen).items():
        _give_up_unanswered(run, entity, side, ids)
        at = run.now()
        run.state.recheck(entity, side, pa.array(ids, pa.string()), reason="retry", at=at)
    report = run_asked(run, [entry.entity for entry in chosen])
    return report, [_became(run, entry) for entry in chosen]


def archive(run: Run, chosen: Sequence[RejectedEntry]) -> int:
    """These wait no longer; how many there were. Once they change, they are read again."""
    return sum(
        run.state.archive_rejected(entity, side, pa.array(ids, pa.string()), at=run.now())
        for (entity, side), ids in _by_side(chosen).items()
    )


_REASONS: Final = 100_000
AT_ONCE: Final = 500
"""So many records of a kind are given by one call."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Rejected records that wait for the same reason, but for the values that it names."""

    entity: str
    side: str
    error_class: str
    reason: str
    """The reason with … for the values that it names."""
    count: int
    newest: datetime
    example: str
    """The whole reason of one of them."""


@dataclass(frozen=True, slots=True)
class Some:
    """Records of a kind, and how many are left for further calls."""

    chosen: list[RejectedEntry]
    left: int
    next: str = ""
    """What to give as `after` for those that are left; "" where none are."""


def rejected_kinds(state: StateReader, entities: Sequence[str] = ()) -> list[Kind]:
    """What records wait for, the most frequent first; of the newest 100,000 different reasons."""
    asked: list[str | None] = [*entities] or [None]
    found: dict[tuple[str, str, str, str], Kind] = {}
    for one in (one for entity in asked for one in state.reasons_given(entity, limit=_REASONS)):
        place = (one.entity, one.side, one.error_class, shared_reason(one.error))
        known = found.get(place) or Kind(*place, 0, one.newest, one.error)
        newest = max(known.newest, one.newest)
        found[place] = replace(known, count=known.count + one.count, newest=newest)
    return sorted(found.values(), key=lambda kind: (-kind.count, kind.entity, kind.reason))


def of_kind(state: StateReader, kind: Kind, limit: int = AT_ONCE, *, after: str = "") -> Some:
    """The oldest of that kind, of those that waited when the kind was listed (`kind.newest`).

    To get all of them, ask again with the same kind, and with `next` as `after`, until there is
    none. ConfigurationError for an `after` that is none.
    """
    place = (kind.entity, kind.side, kind.error_class)
    since = state.rejected_since(*place, after=_place(after), until=kind.newest)
    mine = pa.array([shared_reason(error) == kind.reason for error in since["error"].to_pylist()])
    since = since.filter(mine.cast(pa.bool_()))
    page = since.slice(0, limit)
    ids = page["record_id"].combine_chunks()
    found = {one.record_id: one for one in state.rejected_of(kind.entity, kind.side, ids)}
    chosen = [found[id_] for id_ in ids.to_pylist() if id_ in found]
    left = since.num_rows - page.num_rows
    last = page.select(["updated_at", "record_id"]).slice(limit - 1).to_pylist()
    following = [_text(Place(**one, entity=kind.entity, side=kind.side)) for one in last if left]
    return Some(chosen, left, "".join(following))


def page_of(
    state: StateReader, entity: str | None = None, *, limit: int = 50, before: str = ""
) -> tuple[list[RejectedEntry], str]:
    """Rejected records, newest first, and what to give as `before` for those that follow ("" where
    none do). ConfigurationError for a `before` that is none.
    """
    found = state.rejected_records(entity, limit=limit + 1, before=_place(before))
    page = found[:limit]
    return page, _text(_place_of(page[-1])) if len(found) > limit else ""


def _place_of(entry: RejectedEntry) -> Place:
    return Place(entry.updated_at, entry.record_id, entry.entity, entry.side)


def _text(place: Place) -> str:
    """The place as text."""
    at = place.updated_at.astimezone(UTC).isoformat()
    return json.dumps([at, place.record_id, place.entity, place.side])


def _place(text: str) -> Place | None:
    if not text:
        return None
    try:
        at, *others = json.loads(text)
        record_id, entity, side = (str(part) for part in others)
        return Place(datetime.fromisoformat(at), record_id, entity, side)
    except (ValueError, TypeError):
        raise ConfigurationError(
            f"{text[:50]!r} is no place in a list of rejected records.",
            remedy="Begin with the newest ones.",
        ) from None


def _by_side(chosen: Iterable[RejectedEntry]) -> dict[tuple[str, str], list[str]]:
    found = defaultdict(list)
    for entry in chosen:
        found[entry.entity, entry.side].append(entry.record_id)
    return found


def _give_up_unanswered(run: Run, entity: str, side: str, ids: Sequence[str]) -> None:
    """Forget creates of these records that were sent and not answered."""
    other = "external" if side == "local" else "local"
    unanswered = run.state.sent_creates(entity, other, pa.array(ids, pa.string()))
    sent = [
        transaction.id
        for id_ in unanswered["record_id"].to_pylist()
        for transaction in run.state.transactions(entity, **{f"{side}_id": id_}, limit=ALL)
        if (transaction.status, transaction.operation) == ("sent", "create")
        and transaction.side == other
    ]
    if sent:
        run.state.archive_transactions(entity, statuses=("sent",), ids=sent, at=run.now())


def _became(run: Run, entry: RejectedEntry) -> Became:
    external = entry.record_id if entry.side == "external" else None
    local = entry.record_id if entry.side == "local" else None
    return became(run, entry.entity, external, local)
