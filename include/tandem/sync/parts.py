"""A large full reading in parts that are read by themselves, and put together as one reading.

What the parts have in common is settled before the first of them is read: the anchor that the
whole may move to, and the plan that was begun last. What only the whole can tell,
such as which linked records are gone, is found out once all parts are there.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from tandem.connectors.parts import Splitter
from tandem.core.mapping import BoundMapping
from tandem.errors import Stale
from tandem.model.schema import ChangeTracking
from tandem.sync.extract import extract, extract_part, join_parts, read_side, readings
from tandem.sync.job import Job
from tandem.sync.manifests import Extracted, Part, Read, SidePart
from tandem.sync.sides.reading import Reading, greatest, mapping_hash
from tandem.sync.stale import refuse_stale

LEAST: Final = 25_000
"""Records that a part is worth: five pages of 5,000. Four round trips find the parts, and Airflow
takes a second or two to start the task of each (BENCHMARKS.md).
"""

_log: Final = logging.getLogger(__name__)


def split(job: Job, entity: str) -> tuple[Part, ...]:
    """The parts in which the entity is to be read: one, unless a side is read in full that is
    large enough and can be split.
    """
    bound = job.bound(entity)
    before, reading = job.state.last_plan(entity), secrets.token_hex(8)
    shares = {name: _shares(bound, how) for name, how in readings(job, bound).items()}
    number = max(map(len, shares.values()), default=1)
    _log.info("%s: read in %d part(s)", entity, number)
    return tuple(
        Part(
            entity=entity,
            reading=reading,
            number=part,
            of=number,
            after_plan=before and before.plan,
            sides={name: share[part] for name, share in shares.items() if part < len(share)},
        )
        for part in range(number)
    )


def _shares(bound: BoundMapping, reading: Reading) -> tuple[SidePart, ...]:
    """What each part reads of that side. A walk that ends with a token cannot be split."""
    side, job = reading.side, reading.side.job
    splits = isinstance(side.connector, Splitter) and side.is_there
    is_full = reading.anchor is None and reading.tracking is not ChangeTracking.DELTA
    if not (splits and is_full) or job.window or job.only_waiting:
        return (SidePart(),)
    assert isinstance(side.connector, Splitter)  # noqa: S101 - for the type
    anchor = greatest(reading)
    query = reading.changes(bound.mapping.overlap)
    names = side.connector.split(query, bound.mapping.parallel_reads, least=LEAST)
    return tuple(SidePart(name=name, anchor=anchor) for name in names) or (SidePart(),)


def read_part(job: Job, part: Part) -> Extracted:
    """Stage one part. It may be read again at any time: what belongs to it does not change."""
    if part.of == 1:
        return extract(job, part.entity)
    bound = job.bound(part.entity)
    read = {
        name: _read(job, bound, how, part.sides[name])
        for name, how in readings(job, bound).items()
        if name in part.sides
    }
    for side, found in read.items():
        place = f"part {part.number + 1} of {part.of}"
        _log.info("%s: %s %s: %d records read", part.entity, side, place, found.records)
    return Extracted(
        entity=part.entity,
        part=part,
        mapping_hash=mapping_hash(bound.mapping),
        after_plan=part.after_plan,
        external=read.get("external"),
        local=read.get("local"),
    )


def _read(job: Job, bound: BoundMapping, reading: Reading, share: SidePart) -> Read:
    if share.name is None:
        return read_side(job, bound, reading)
    return extract_part(job, bound, reading, share.name)


def joined(job: Job, parts: Sequence[Extracted]) -> Extracted:
    """The parts as one reading; Stale unless they are all parts of one, none missing."""
    first = parts[0]
    if first.part is None:
        return first
    refuse_stale(job, first.entity, first.after_plan)
    _refuse_incomplete(parts)
    bound = job.bound(first.entity)
    read = {
        name: _join(job, bound, how, [part for part in parts if name in _sides(part)])
        for name, how in readings(job, bound).items()
        if name in first.part.sides
    }
    for side, found in read.items():
        _log.info("%s: %s %s read of %d records", first.entity, side, found.mode, found.records)
    return first.model_copy(update={"part": None, **read})


def _join(job: Job, bound: BoundMapping, reading: Reading, parts: Sequence[Extracted]) -> Read:
    name = reading.side.name
    read = [found for part in parts if (found := part.of_side(name))]
    share = _sides(parts[0])[name]
    return read[0] if share.name is None else join_parts(job, bound, reading, read, share.anchor)


def _sides(part: Extracted) -> Mapping[str, SidePart]:
    return part.part.sides if part.part else {}


def _refuse_incomplete(parts: Sequence[Extracted]) -> None:
    """Parts of different readings may leave records out between them."""
    known = [part.part for part in parts if part.part]
    numbers = sorted(part.number for part in known)
    alike = {(part.reading, part.of) for part in known}
    hashes = {part.mapping_hash for part in parts}
    if len(alike) > 1 or len(hashes) > 1 or numbers != list(range(known[0].of)):
        raise Stale(
            f"What was read of {parts[0].entity} does not belong together: parts of it are missing "
            "or of another reading.",
            remedy="Clear the entity's split task too, with all that follow it.",
        )
