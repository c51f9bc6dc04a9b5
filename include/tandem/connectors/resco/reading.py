"""Pages of OData → records in Resco's names, with lookups told apart by what they refer to.

A lookup's value may be a GUID, `account:guid:label` as in the data service, or an object; of which
entity its target is, an annotation of the value may say. None of this is documented. Where a page
does not tell the entity of a lookup that has several targets, the data service is asked: it does.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tandem.connectors.base import ETAG, Page, Unreadable
from tandem.connectors.odata.page import PageReader, Parsed
from tandem.connectors.odata.wire import Wires
from tandem.connectors.resco.names import wire_entity, wire_name
from tandem.core.fit import fit
from tandem.core.ids import record_ids
from tandem.model.schema import Entity, Field, Kind

_GUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_VALUE: Final = rf"^(?:(?P<type>\w+):)?\{{?(?P<id>{_GUID})\}}?(?::(?s:.*))?$"
_ANNOTATION: Final = r'"({names})@([\w.]*(?:logicalname|entityname|lookuptype))"\s*:'
_OBJECT: Final = r'"(?:{names})"\s*:\s*\{{'
_IDS: Final = ("id", "Id", "ID", "value", "Value")
_TYPES: Final = ("logicalname", "LogicalName", "logicalName", "entity", "EntityName", "type")

TypesOf = Callable[[Sequence[str], Sequence[str]], Mapping[tuple[str, str], str]]
"""Lookups and ids of records → the entity that each of the records' lookups refers to, by id and
lookup, as the data service says."""


@dataclass(frozen=True, slots=True)
class _Lookup:
    """A column of lookups: which entity, and which record."""

    types: pa.Array
    ids: pa.Array
    bad: pa.Array
    """Whether the value is there and cannot be understood."""


class RescoReader:
    """Reads the pages of one query; a reader for `odata.read.Walk`."""

    def __init__(
        self, entity: Entity, names: Sequence[str], wires: Wires, types_of: TypesOf
    ) -> None:
        """`names` are fields in Resco's names; `wires` as for `PageReader`."""
        self._entity = entity
        self._fields = [entity.field(name) for name in dict.fromkeys((*names, *entity.key))]
        self._names = tuple(names)
        self._wires = wires
        self._types_of = types_of
        self._wire = wire_entity(entity)
        self._lookups = {wire_name(f): f.part_of or f.name for f in self._fields if is_lookup(f)}

    def read(self, body: bytes) -> Parsed:
        """The page's records; raises as `PageReader.read`."""
        notes = self._notes(body)
        kind = Kind.JSON if self._holds_objects(body) else Kind.STRING
        special = dict.fromkeys(self._lookups, kind) | dict.fromkeys(notes.values(), Kind.STRING)
        fields = {f.name: f for f in self._wire.fields}
        fields |= {name: Field(name=name, kind=kind) for name, kind in special.items()}
        entity = self._wire.model_copy(update={"fields": tuple(fields.values())})
        asked = dict.fromkeys([*(wire_name(f) for f in self._fields), *notes.values()])
        wires = {name: wire for name, wire in self._wires.items() if name not in special}
        parsed = PageReader(entity, tuple(asked), wires).read(body)
        self._wires.update({n: wire for n, wire in wires.items() if n not in special})
        return self._translated(parsed, notes)

    def _notes(self, body: bytes) -> dict[str, str]:
        """Lookup's value → the annotation that says of which entity its target is."""
        if not self._lookups:
            return {}
        pattern = _ANNOTATION.format(names="|".join(map(re.escape, self._lookups)))
        found = re.findall(pattern.encode(), body, re.IGNORECASE)
        return {name.decode(): f"{name.decode()}@{note.decode()}" for name, note in set(found)}

    def _holds_objects(self, body: bytes) -> bool:
        pattern = _OBJECT.format(names="|".join(map(re.escape, self._lookups)))
        return bool(self._lookups) and re.search(pattern.encode(), body) is not None

    def _translated(self, parsed: Parsed, notes: Mapping[str, str]) -> Parsed:
        records = parsed.page.records
        lookups = {
            wire: _told(records.column(wire), notes.get(wire) and records.column(notes[wire]))
            for wire in self._lookups
        }
        lookups = self._asked_for_types(records, lookups)
        columns: dict[str, pa.Array] = {}
        problems: dict[int, str] = {}
        for field in self._fields:
            if (wire := wire_name(field)) in lookups:
                columns[field.name] = _column(field, lookups[wire])
                bad = pc.indices_nonzero(lookups[wire].bad).to_pylist()
                problems |= dict.fromkeys(bad, f"field {field.name!r}: no lookup")
            else:
                lenient = field.model_copy(update={"max_length": None, "nullable": True})
                fitted = fit(records.column(wire), lenient)
                columns[field.name] = fitted.values
                problems |= fitted.problems
        return self._done(parsed, columns, problems)

    def _done(
        self, parsed: Parsed, columns: Mapping[str, pa.Array], problems: Mapping[int, str]
    ) -> Parsed:
        records = parsed.page.records
        wanted = {name: columns[name] for name in self._names}
        if ETAG in records.schema.names:
            wanted[ETAG] = records.column(ETAG)
        page = pa.RecordBatch.from_arrays(list(wanted.values()), names=list(wanted))
        if not problems:
            return replace(parsed, page=replace(parsed.page, records=page))
        keys = pa.RecordBatch.from_pydict({name: columns[name] for name in self._entity.key})
        ids = record_ids(keys, self._entity.key)
        aside = [
            Unreadable(ids[row].as_py() or "", reason, json.dumps(shown, default=str))
            for row, reason in sorted(problems.items())
            for shown in records.slice(row, 1).to_pylist()
        ]
        fits = pa.array([row not in problems for row in range(len(page))], pa.bool_())
        unreadable = (*parsed.page.unreadable, *aside)
        return replace(parsed, page=Page(page.filter(fits), unreadable), keys=None)

    def _asked_for_types(
        self, records: pa.RecordBatch, lookups: dict[str, _Lookup]
    ) -> dict[str, _Lookup]:
        """With the types that the page does not tell and parts have to know."""
        parts = {wire_name(field): field.part_of for field in self._fields if field.part_of}
        untold = {
            wire: name
            for wire, name in parts.items()
            if pc.any(pc.and_(lookups[wire].ids.is_valid(), lookups[wire].types.is_null())).as_py()
        }
        if not untold:
            return lookups
        ids = record_ids(records, self._entity.key).to_pylist()
        types = self._types_of(list(untold.values()), ids)
        filled = dict(lookups)
        for wire, name in untold.items():
            found = pa.array([types.get((known, name)) for known in ids], pa.string())
            told = pc.coalesce(lookups[wire].types, found)
            # What nobody tells must not pass for null.
            unknown = pc.and_(lookups[wire].ids.is_valid(), told.is_null())
            filled[wire] = replace(
                lookups[wire], types=told, bad=pc.or_(lookups[wire].bad, unknown)
            )
        return filled


def is_lookup(field: Field) -> bool:
    """Whether the field is a lookup or a part of one."""
    return bool(field.lookup or field.part_of) or field.type_name.startswith("Lookup")


def lookup_of(text: str) -> tuple[str, str] | None:
    """Entity and id of a lookup as the data service writes it; None if it is none."""
    found = re.match(_VALUE.replace("(?s:.*)", "[^\0]*"), text)
    return (found["type"] or "", found["id"].lower()) if found else None


def _told(values: pa.Array, notes: pa.Array | None) -> _Lookup:
    """What the values say, whichever way they say it."""
    texts = pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
    if pc.any(pc.match_substring_regex(texts, r'^["{]')).as_py():
        texts = pa.array([None if t is None else _from_json(t) for t in texts.to_pylist()])
        texts = texts.cast(pa.string())
    found = pc.extract_regex(texts, _VALUE)
    ids = pc.ascii_lower(pc.struct_field(found, "id"))
    types = pc.struct_field(found, "type")
    ids, types = (
        pc.if_else(pc.equal(c, ""), pa.scalar(None, pa.string()), c) for c in (ids, types)
    )
    if notes is not None:
        types = pc.coalesce(notes, types)
    return _Lookup(types, ids, pc.and_(texts.is_valid(), ids.is_null()))


def _from_json(text: str) -> str:
    """A JSON value as the data service would write the lookup; `?` if it is none."""
    if text.startswith("{") and re.fullmatch(rf"\{{{_GUID}\}}", text):
        return text
    try:
        value: Any = json.loads(text)
    except ValueError:
        return "?"
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return "?"
    known = next((str(value[name]) for name in _IDS if name in value), "?")
    stated = str(value.get("@odata.type", "")).rpartition(".")[2]
    entity = next((str(value[name]) for name in _TYPES if value.get(name)), stated)
    return f"{entity}:{known}" if entity and ":" not in known else known


def _column(field: Field, lookup: _Lookup) -> pa.Array:
    """The lookup's ids; of a part those that refer to its target."""
    if not field.part_of:
        return lookup.ids
    is_it = pc.equal(lookup.types, field.lookup[0].type)
    return pc.if_else(is_it, lookup.ids, pa.scalar(None, pa.string()))
