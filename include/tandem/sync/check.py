"""Whether an integration would run: both systems answer, every mapping fits, and what is seen."""

from dataclasses import dataclass
from typing import Literal

from tandem.connectors.base import Connector, Writer
from tandem.core.anchors import UNSEEN
from tandem.core.mapping import BoundMapping
from tandem.errors import RetryLater, TandemError
from tandem.model.schema import Schema
from tandem.sync.job import Job
from tandem.sync.reading import external_reading
from tandem.sync.schema import as_provisioned, bind_all, missing, wanted_entities

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
    if not isinstance(job.local, Writer):
        name = job.integration.local.connector
        findings.append(Finding("local", "problem", f"Connector {name!r} cannot write."))
    try:
        external, local = job.external.schema(), job.local.schema()
        return findings + _provisioning(job, external, local) + _mappings(job, external, local)
    except TandemError as error:
        return [*findings, finding_of(job.integration.name, error)]


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


def _mappings(job: Job, external: Schema, local: Schema) -> list[Finding]:
    if job.integration.provision:
        local = as_provisioned(local, wanted_entities(job, external, local))
    bound, problems = bind_all(job, external, local)
    return [
        Finding(m.external, "problem", problems[m.external])
        if m.external in problems
        else _reading(job, bound[m.external])
        for m in job.mappings
    ]


def _reading(job: Job, bound: BoundMapping) -> Finding:
    reading = external_reading(job, bound)
    by = f" by {reading.field}" if reading.field else ""
    return Finding(
        bound.mapping.external,
        "ok",
        f"{len(bound.downloads)} fields to {bound.local.name}; changes are read as "
        f"{reading.tracking}{by}, which does not see {UNSEEN[reading.tracking]}.",
    )
