"""Schema snapshots: what each side was seen to have, a new version whenever that changed."""

import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, select

from tandem.model.schema import Schema
from tandem.state.scope import Scope, insert_new
from tandem.state.tables import schema as table

_ABOUT = ("side", "version", "fingerprint", "run_id", "taken_at")


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """About one version of one side's schema."""

    side: str
    version: int
    fingerprint: str
    run_id: str
    """The run that saw it first."""
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of one side's schema."""

    about: SnapshotEntry
    schema: Schema


def listed(scope: Scope, side: str, *, limit: int) -> list[SnapshotEntry]:
    """What versions there are, the newest first."""
    columns = [table.c[name] for name in _ABOUT]
    query = select(*columns).where(*scope.mine(table, side=side))
    newest = query.order_by(table.c.version.desc()).limit(limit)
    return [SnapshotEntry(**row) for row in scope.connection.execute(newest).mappings()]


def found(scope: Scope, side: str, version: int | None = None) -> Snapshot | None:
    """That version of that side's schema, or the newest; None if there is none."""
    query = select(table).where(*scope.mine(table, side=side))
    if version is not None:
        query = query.where(table.c.version == version)
    row = scope.connection.execute(query.order_by(table.c.version.desc()).limit(1)).first()
    return Snapshot(_about(row), _unpacked(row.document)) if row else None


def keep(scope: Scope, side: str, schema: Schema, *, run_id: str, at: datetime) -> SnapshotEntry:
    """Keep it as a new version, unless it is what the newest version says already.

    The order of entities, fields, options and targets of a lookup does not make it another one.
    """
    fingerprint = fingerprint_of(schema)
    packed = zlib.compress(schema.model_dump_json(exclude_defaults=True).encode())
    while True:
        newest = next(iter(listed(scope, side, limit=1)), None)
        if newest and newest.fingerprint == fingerprint:
            return newest
        version = newest.version + 1 if newest else 1
        about = SnapshotEntry(side, version, fingerprint, run_id, at)
        row = {**scope.place, **{name: getattr(about, name) for name in _ABOUT}}
        # PostgreSQL: another process may have taken this number since we looked.
        if insert_new(scope.connection, table, {**row, "document": packed}):
            return about


def fingerprint_of(schema: Schema) -> str:
    """The same for all schemas that say the same, in whatever order."""
    document = schema.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps(_ordered(document), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _ordered(schema: dict[str, Any]) -> list[Any]:
    """The document's entities, with everything in order whose order says nothing."""
    entities = sorted(schema.get("entities", ()), key=itemgetter("name"))
    for entity in entities:
        entity["fields"] = sorted(entity.get("fields", ()), key=itemgetter("name"))
        for field in entity["fields"]:
            field.get("options", []).sort()
            field.get("lookup", []).sort(key=lambda target: sorted(target.items()))
    return entities


def _about(row: Row[object]) -> SnapshotEntry:
    return SnapshotEntry(**{name: getattr(row, name) for name in _ABOUT})


def _unpacked(document: bytes) -> Schema:
    # Another release may have said more about a field.
    return Schema.model_validate_json(zlib.decompress(document), extra="ignore")
