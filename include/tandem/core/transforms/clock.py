"""Dates and times of day, taken from moments and joined to them, by whole columns."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.fit import fit
from tandem.core.transforms.transformed import Transformed, refused
from tandem.core.transforms.zones import CLOCK, clocks_at, first_instants, last_instants
from tandem.model.schema import Field, Kind
from tandem.model.transforms import InZone, WithTime

_WORDS: Final = {
    Kind.DATE: "is not a date",
    Kind.TIME: "is not a time of day",
    Kind.INSTANT: "is not an instant with a zone",
    Kind.LOCAL_DATETIME: "is not a date with a time of day",
}


def date_of(values: pa.Array, where: InZone | None) -> Transformed:
    """The date of each moment: of an instant in the zone, or else in UTC."""
    return _part(values, where, pa.date32())


def time_of(values: pa.Array, where: InZone | None) -> Transformed:
    """The time of day of each moment."""
    return _part(values, where, pa.time64("us"))


def with_time(dates: pa.Array, times: pa.Array, how: WithTime) -> Transformed:
    """Each date with its time of day: a local date-time or, in a zone, an instant.

    Null where either is. What the clocks of the zone skip or show twice is not one instant.
    """
    dated, timed = _read(dates, Kind.DATE), _read(times, Kind.TIME)
    of_day = timed.values.cast(pa.int64()).cast(pa.duration("us"))
    moments = Transformed(
        pc.add(dated.values.cast(CLOCK), of_day), {**timed.problems, **dated.problems}
    )
    return _in_zone(moments, how.zone) if how.zone else moments


def _part(values: pa.Array, where: InZone | None, kind: pa.DataType) -> Transformed:
    read = Transformed(values)
    if pa.types.is_string(values.type):
        read = _read(values, Kind.INSTANT if where else Kind.LOCAL_DATETIME)
    if not read.values.type.tz:
        return Transformed(read.values.cast(kind), read.problems)
    zone = where.zone if where else "UTC"
    clocks = clocks_at(read.values, zone)
    beyond = pc.and_(clocks.is_null(), read.values.is_valid())
    found = refused(clocks, beyond, f"is beyond the year 9999 in {zone}", values)
    return Transformed(found.values.cast(kind), {**found.problems, **read.problems})


def _in_zone(local: Transformed, zone: str) -> Transformed:
    clock = local.values
    first, last = first_instants(clock, zone), last_instants(clock, zone)
    shown = clocks_at(first, zone)
    skipped = pc.not_equal(shown, clock)
    twice = pc.and_(pc.not_equal(first, last), pc.invert(skipped))
    beyond = pc.and_(shown.is_null(), clock.is_valid())
    problems = dict(local.problems)
    for bad, why in (
        (skipped, f"does not exist in {zone}: clocks skip it"),
        (twice, f"is not one instant in {zone}: clocks show it twice"),
        (beyond, f"is beyond the year 9999 in {zone}"),
    ):
        found = refused(first, bad, why, clock)
        first, problems = found.values, {**found.problems, **problems}
    return Transformed(first, problems)


def _read(values: pa.Array, kind: Kind) -> Transformed:
    """The values as that kind, which texts may write as ISO 8601 does."""
    if not pa.types.is_string(values.type):
        return Transformed(values)
    texts = pc.utf8_trim_whitespace(values)
    fitted = fit(texts, Field(name="", kind=kind))
    bad = pc.and_(fitted.values.is_null(), values.is_valid())
    return refused(fitted.values, bad, _WORDS[kind], values)
