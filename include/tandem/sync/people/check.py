"""Whether an integration would run: both systems answer, every mapping fits, and what is seen."""

from dataclasses import dataclass
from typing import Final, Literal

from tandem.connectors.base import Connector, Writer
from tandem.core.anchors import UNSEEN
from tandem.core.mapping import BoundMapping
from tandem.errors import RetryLater, TandemError
from tandem.model.schema import ChangeTracking, Schema
from tandem.sync.job import Job
from tandem.sync.pairs.meeting import Meeting
from tandem.sync.provisioning import as_provisioned, missing, wanted_entities
from tandem.sync.schema import stage_schemas
from tandem.sync.sides.reading import Reading, external_reading, local_reading
from tandem.sync.validation import bind_all

Severity = Literal["ok", "note", "problem", "unreachable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    about: str
    """`external`, `local` or an external entity."""
    severity: Severity
    text: str


def check(job: Job) -> list[Finding]:
    """Everything that can be said about the integration without writing to either side."""
    findings = [_reached("external", job.external), _reached("local", job.local)]
    if any(finding.severity in ("problem", "unreachable") for finding in findings):
        return findings
    findings += _readers_only(job)
    try:
        external, local = job.external.schema(), job.local.schema()
        return findings + _provisioning(job, external, local) + _mappings(job, external, local)
    except TandemError as error:
        return [*findings, finding_of(job.integration.name, error)]
    finally:
        job.staging.remove()


def _reached(side: str, connector: Connector) -> Finding:
    try:
        return Finding(side, "ok", connector.check())
    except TandemError as error:
        return finding_of(side, error)


def finding_of(about: str, error: TandemError) -> Finding:
    """An error as a finding."""
    severity: Severity = "unreachable" if isinstance(error, RetryLater) else "problem"
    return Finding(about, severity, str(error))


def _provisioning(job: Job, external: Schema, local: Schema) -> list[Finding]:
    lines = missing(job, external, local)
    if job.integration.provision:
        return [Finding("local", "note", f"The next run will: {line}.") for line in lines]
    remedy = "Do it by hand, or set provision: true."
    return [Finding("local", "problem", f"Missing: {line}. {remedy}") for line in lines]


def _readers_only(job: Job) -> list[Finding]:
    """Sides that would have to be written, but cannot be."""
    written = {
        "local": any(m.direction != "upload_only" for m in job.mappings),
        "external": any(m.direction != "download_only" for m in job.mappings),
    }
    return [
        Finding(side, "problem", f"Connector {system.connector!r} cannot write.")
        for side, system, connector in (
            ("external", job.integration.external, job.external),
            ("local", job.integration.local, job.local),
        )
        if written[side] and not isinstance(connector, Writer)
    ]


def _mappings(job: Job, external: Schema, local: Schema) -> list[Finding]:
    existing = local
    if job.integration.provision:
        local = as_provisioned(local, wanted_entities(job, external, local))
    bound, problems = bind_all(job, external, local)
    stage_schemas(job, external, local, existing=existing)
    findings: list[Finding] = []
    for mapping in job.mappings:
        name = mapping.external
        if name in problems:
            findings.append(Finding(name, "problem", problems[name]))
        else:
            findings += _reading(job, bound[name])
    return findings


def _reading(job: Job, bound: BoundMapping) -> list[Finding]:
    """How the entity's changes are seen, and what cannot be."""
    name, findings = bound.mapping.external, []
    if bound.is_downloaded:
        text = f"{len(bound.downloads)} fields to {bound.local.name}"
        findings.append(_way(name, text, external_reading(job, bound), bound))
    if bound.is_uploaded:
        text = f"{len(bound.uploads)} fields from {bound.local.name}"
        findings.append(_way(name, text, local_reading(job, bound), bound))
        if not Meeting(job, bound).finds_external:
            findings.append(Finding(name, "note", _NO_WAY_BACK))
    return findings


_NO_WAY_BACK: Final = (
    "If the answer to a creation is lost, nothing tells whether the record is there: it then waits "
    "for a person. Give the mapping a primary_key."
)


def _way(name: str, text: str, reading: Reading, bound: BoundMapping) -> Finding:
    by = f" by {reading.field}" if reading.field else ""
    deletes = _DELETES[bound.mapping.deletes]
    if bound.mapping.deletes == "propagate" and reading.tracking is ChangeTracking.DELTA:
        deletes = "deletions are read with them"
    return Finding(
        name,
        "ok",
        f"{text}; changes are read as {reading.tracking}{by}, which does not see "
        f"{UNSEEN[reading.tracking]}; {deletes}.",
    )


_DELETES: Final = {
    "propagate": "deletions are found by comparing all keys",
    "ignore": "deletions are ignored",
}
