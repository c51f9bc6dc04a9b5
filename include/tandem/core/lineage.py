"""Which field comes from which, as the mapping says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tandem.model.integration import EntityMapping, FieldMapping
from tandem.model.transforms import name_of

Way = Literal["download", "upload"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the values of a field come from."""

    field: str
    """Of the side that is written."""
    sources: tuple[str, ...]
    """Fields of the side that is read; none for a constant."""
    how: str
    """What is done to the values on their way, for people; empty: nothing."""


def origins(mapping: EntityMapping, way: Way) -> tuple[Origin, ...]:
    """The fields that are written in that direction, in the order of the mapping."""
    found: dict[str, Origin] = {}
    for line in mapping.active_fields:
        if _goes(mapping, line, way):
            one = _origin(line, way)
            known = found.get(one.field)
            found[one.field] = _joined(known, one) if known else one
    return tuple(found.values())


def _goes(mapping: EntityMapping, line: FieldMapping, way: Way) -> bool:
    other = "upload_only" if way == "download" else "download_only"
    written = line.local if way == "download" else line.external
    return written is not None and other not in (mapping.direction, line.direction)


def _origin(line: FieldMapping, way: Way) -> Origin:
    written, read = (
        (line.local, line.external) if way == "download" else (line.external, line.local)
    )
    sources = () if read is None else (read, *line.also_reads)
    return Origin(str(written), tuple(dict.fromkeys(sources)), ", ".join(_steps(line)))


def _joined(one: Origin, more: Origin) -> Origin:
    """Of a field that several lines fill: those of a composite lookup, say."""
    sources = tuple(dict.fromkeys((*one.sources, *more.sources)))
    hows = tuple(dict.fromkeys(how for how in (one.how, more.how) if how))
    return Origin(one.field, sources, "; ".join(hows))


def _steps(line: FieldMapping) -> Iterator[str]:
    if line.constant is not None:
        yield "constant"
    if line.lookup:
        yield f"lookup of {line.lookup.entity} by {line.lookup.field}"
    if line.values:
        yield "values"
    yield from (name_of(step) for step in line.transform)
    if line.default is not None:
        yield "default"
