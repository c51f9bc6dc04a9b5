"""Whether an integration would run: both systems answer, every mapping fits, and what is seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tandem.connectors.base import Connector, Writer
from tandem.connectors.sign_in import SignsIn
from tandem.core.anchors import SEEN, SEES_SETTLED
from tandem.core.mapping import BoundMapping
from tandem.errors import RetryLater, TandemError, one_line
from tandem.model.problems import Severity as Gravity
from tandem.model.schema import ChangeTracking
from tandem.sync.job import Job
from tandem.sync.people.problems import Looked, look_at
from tandem.sync.sides.reading import Reading, external_reading, is_settled, local_reading
from tandem.sync.validation import by_entity

Severity = Literal["ok", "note", "warning", "problem", "unreachable"]


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
        looked = look_at(job)
        return findings + _provisioning(job, looked) + _mappings(job, looked)
    except TandemError as error:
        return [*findings, finding_of(job.integration.name, error)]
    finally:
        job.staging.remove()


def _reached(side: str, connector: Connector) -> Finding:
    try:
        if isinstance(connector, SignsIn):
            connector.begin_sign_in()  # whoever checks can enter a code, even if nobody just did
        return Finding(side, "ok", one_line(connector.check()))
    except TandemError as error:
        return finding_of(side, error)


def finding_of(about: str, error: TandemError) -> Finding:
    """An error as a finding."""
    severity: Severity = "unreachable" if isinstance(error, RetryLater) else "problem"
    return Finding(about, severity, str(error))


def _provisioning(job: Job, looked: Looked) -> list[Finding]:
    """What will be created; what is missing and will not be is a problem of its mapping."""
    if not job.integration.provision:
        return []
    return [Finding("local", "note", f"The next run will: {line}.") for line in looked.missing]


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


def _mappings(job: Job, looked: Looked) -> list[Finding]:
    problems = by_entity(looked.problems)
    findings: list[Finding] = []
    for mapping in job.mappings:
        name = mapping.external
        if name not in looked.stopped:
            findings += _reading(job, job.bound(name))
        findings += [
            Finding(name, _SEVERITIES[problem.severity], str(problem))
            for problem in problems.get(name, ())
        ]
        if name in looked.stopped and not _has_errors(looked, name):
            findings.append(Finding(name, "problem", looked.stopped[name]))
    return findings


def _has_errors(looked: Looked, name: str) -> bool:
    return any(p.entity == name and p.severity is Gravity.ERROR for p in looked.problems)


_SEVERITIES: Final[dict[Gravity, Severity]] = {
    Gravity.ERROR: "problem",
    Gravity.WARNING: "warning",
    Gravity.NOTE: "note",
}


def _reading(job: Job, bound: BoundMapping) -> Iterator[Finding]:
    """How the entity's changes are seen, and what cannot be."""
    name = bound.mapping.external
    if bound.is_downloaded:
        text = f"{len(bound.downloads)} fields to {bound.local.name}"
        yield _way(name, text, external_reading(job, bound), bound)
    if bound.is_uploaded:
        text = f"{len(bound.uploads)} fields from {bound.local.name}"
        yield _way(name, text, local_reading(job, bound), bound)


def _way(name: str, text: str, reading: Reading, bound: BoundMapping) -> Finding:
    by = f" by {reading.field}" if reading.field else ""
    deletes = _DELETES[bound.mapping.deletes]
    if bound.mapping.deletes == "propagate" and reading.tracking is ChangeTracking.DELTA:
        deletes = "deletions are read with them"
    return Finding(
        name,
        "ok",
        f"{text}; changes are read as {reading.tracking}{by}, {_sees(reading)}; {deletes}.",
    )


def _sees(reading: Reading) -> str:
    return SEES_SETTLED if is_settled(reading) else SEEN[reading.tracking]


_DELETES: Final = {
    "propagate": "deletions are found by comparing all keys",
    "ignore": "deletions are ignored",
}
