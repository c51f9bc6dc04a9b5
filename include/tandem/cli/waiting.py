"""What waits for a person: how many, and the command to look at them."""

from collections.abc import Mapping
from typing import Final

from tandem.cli.output import say
from tandem.state.overview import Waits
from tandem.sync.job import Job

_LINES: Final = {
    "conflicts": "Conflicts that wait for a decision: {1:,}. See tandem conflicts {0}",
    "rejected": "Rejected records: {1:,}. See tandem rejected {0}",
    "deferred": "Lookups that wait for their partner: {1:,}. They are completed once it is there.",
    "deletions": "Deletions that wait for approval: {1:,}. See tandem preview {0}, then "
    "tandem sync {0} --yes",
}


def waiting_of(job: Job) -> dict[str, int]:
    """What of the job's entities waits: conflicts, rejected, deferred and deletions."""
    waits = job.state.waits([mapping.external for mapping in job.mappings])
    found = Waits.sum(waits.values())
    return {kind: getattr(found, kind) for kind in _LINES}


def print_waiting(name: str, waiting: Mapping[str, int]) -> None:
    """One line for each kind that there is."""
    for kind, count in waiting.items():
        if count:
            say(_LINES[kind].format(name, count), "yellow")
