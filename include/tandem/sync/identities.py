"""Whether a connection still leads to the records that the links and anchors are about."""

from tandem.connectors.base import Identified
from tandem.errors import ConfigurationError
from tandem.model.identity import Identity
from tandem.sync.job import Job, Run
from tandem.sync.system_schema import SIDES


def note_identities(run: Run) -> None:
    """Keep whose records both sides hold, as far as they tell.

    Raises ConfigurationError if they are not those that records were linked with, unless somebody
    approved: read as changes of the same records, all that was linked would be gone.
    """
    for side, identity in refuse_other_records(run).items():
        if run.state.identity(side) != identity:
            run.state.note_identity(side, identity, run.now())


def refuse_other_records(job: Job) -> dict[str, Identity]:
    """Side → whose records it holds; raises as `note_identities`, and keeps nothing."""
    connectors = {"external": job.external, "local": job.local}
    found = {s: c.identity() for s, c in connectors.items() if isinstance(c, Identified)}
    for side, now in found.items():
        before = job.state.identity(side)
        if before and before.id != now.id and not job.approved and _remembers(job):
            connection = getattr(job.integration, side).connection
            raise ConfigurationError(
                f"Connection {connection!r} leads to {now.name} now; what this integration has "
                f"linked so far are records of {before.name}.",
                remedy="Point it back, or give the integration another name: it then begins anew. "
                "If they are the same records, moved or copied: tandem sync --yes.",
            )
    return found


def _remembers(job: Job) -> bool:
    mapped = [mapping.external for mapping in job.integration.entities]
    anchored = any(job.state.set_anchor(name, side) for name in mapped for side in SIDES)
    return anchored or any(job.state.has_links(name) for name in mapped)
