"""What a run has to be allowed before it goes on: asked once, and carried out as it was asked.

Asked about is what is known before anything is read: first syncs that replace local records, and
deletions that an earlier run withheld.
"""

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any, Final

from tandem.errors import StopRun
from tandem.model.integration import EntityMapping
from tandem.staging import Staging
from tandem.state.questions import QuestionEntry
from tandem.sync.granted import Granted
from tandem.sync.job import Job, Run, going
from tandem.sync.pairs.approval import local_records

_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class FirstSync:
    """A first sync that replaces local records."""

    entity: str
    local: str
    """The local entity."""
    records: int
    """How many of it there are now that it may replace."""


@dataclass(frozen=True, slots=True)
class Deletions:
    """Deletions on one side of an entity that an earlier run withheld."""

    entity: str
    side: str
    """The side that the records would be deleted on."""
    count: int
    examples: tuple[str, ...]
    """Ids of some of the records, on that side."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What a run has to be allowed."""

    first_syncs: tuple[FirstSync, ...] = ()
    deletions: tuple[Deletions, ...] = ()
    ids: tuple[int, ...] = ()
    """Of the transactions of all these deletions, in order."""

    @property
    def is_nothing(self) -> bool:
        """Whether nobody has to be asked."""
        return not self.first_syncs and not self.deletions

    @property
    def fingerprint(self) -> str:
        """The same for the same list. How many records a first sync would meet is no part of it:
        they come and go every day.
        """
        listed = [[one.entity, one.local] for one in self.first_syncs]
        text = json.dumps([sorted(listed), self.ids])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def counts(self) -> dict[str, Any]:
        """How many it is, JSON-able."""
        deletions = [asdict(one) for one in self.deletions]
        return {
            "first_syncs": [asdict(one) for one in self.first_syncs],
            "deletions": [{k: v for k, v in d.items() if k != "examples"} for d in deletions],
        }


def needed(job: Job) -> Needed:
    """What this run has to be allowed. Raises what counting the local records raises.

    Nothing for a window of time, which deletes nothing that waits.
    """
    if job.window:
        return Needed()
    first_syncs, deletions, ids = [], [], list[int]()
    for mapping in going(job):
        if job.replaces(mapping) and (first_sync := _first_sync(job, mapping)):
            first_syncs.append(first_sync)
        found, of_these = _deletions(job, mapping)
        deletions += found
        ids += of_these
    return Needed(tuple(first_syncs), tuple(deletions), tuple(sorted(ids)))


def _first_sync(job: Job, mapping: EntityMapping) -> FirstSync | None:
    records = local_records(job, mapping.external)
    return FirstSync(mapping.external, mapping.local, records) if records else None


def _deletions(job: Job, mapping: EntityMapping) -> tuple[list[Deletions], list[int]]:
    """By side, and the ids of their transactions."""
    rows = job.state.pending_deletes(mapping.external).to_pylist()
    by_side: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_side[row["side"]].append(row[f"{row['side']}_id"] or "?")
    found = [
        Deletions(mapping.external, side, len(names), tuple(names[:_EXAMPLES]))
        for side, names in sorted(by_side.items())
    ]
    return found, [row["id"] for row in rows]


def asked_before(job: Job, wanted: Needed) -> QuestionEntry | None:
    """The last question about the same list, if it was not approved: rejected, or left without an
    answer until its time was over.
    """
    for question in job.state.questions(wanted.fingerprint):
        if question.answer:
            return question if question.answer != "approved" else None
    return None


def ask(run: Run, wanted: Needed) -> int:
    """Note the question, and keep the list that it is about; its id."""
    counts = json.dumps(wanted.counts, ensure_ascii=False)
    question = run.state.ask(run.run_id, wanted.fingerprint, counts, at=run.now())
    asked = {
        "deletions": wanted.ids,
        "first_syncs": {one.entity: one.records for one in wanted.first_syncs},
    }
    run.staging.write_json(list_of(run, question), asked)
    return question


def list_of(job: Job, question: int) -> str:
    """Where the list is kept that the question was about: while the run lasts."""
    return f"{job.staging.folder()}/asked-{question}.json"


def granted(staging: Staging, path: str) -> Granted:
    """What somebody has approved who was asked about the list at that path.

    StopRun if it is gone: nothing is deleted that nobody was asked about.
    """
    try:
        asked = staging.read_json(path)
    except FileNotFoundError:
        raise StopRun(
            "The list that was approved is gone.",
            remedy="Clear the task approve too, and all that follow it: it asks anew.",
        ) from None
    return Granted(frozenset(asked["deletions"]), asked["first_syncs"])
