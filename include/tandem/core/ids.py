"""Record ids: one text for a record's key, and back."""

import hashlib
import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.texts import from_text
from tandem.core.values import arrow_type, canonical_text, instant_text
from tandem.model.schema import Entity, Kind


def record_ids(records: pa.RecordBatch, key: tuple[str, ...]) -> pa.Array:
    """The id of each record: its key as text; a composite key as a JSON list of texts.

    Null where a part of the key is null.
    """
    return joined_ids([id_text(records.column(name)) for name in key])


def joined_ids(parts: Sequence[pa.Array]) -> pa.Array:
    """The texts of a key's parts as one text: one as it is, several as a JSON list."""
    if len(parts) == 1:
        return parts[0]
    quoted = [
        pc.replace_substring(pc.replace_substring(part, "\\", "\\\\"), '"', '\\"') for part in parts
    ]
    return pc.binary_join_element_wise('["', pc.binary_join_element_wise(*quoted, '","'), '"]', "")


def split_ids(ids: pa.Array, parts: int) -> list[pa.Array]:
    """The texts that `joined_ids` made one of; nulls for a null."""
    if parts == 1:
        return [ids]
    none = [None] * parts  # composite keys are few and short
    rows = [json.loads(text, strict=False) if text else none for text in ids.to_pylist()]
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return columns or [pa.array([], pa.string()) for _ in none]


def id_text(values: pa.Array) -> pa.Array:
    """One text for each value of a key, which `key_columns` reads back; equal values, equal texts.

    Decimals without trailing zeros, instants, local date-times and times as ISO 8601 with
    microseconds, binary values as hexadecimal.
    """
    kind = values.type
    if pa.types.is_timestamp(kind):
        return instant_text(values)
    return values.cast(pa.string()) if pa.types.is_time(kind) else canonical_text(values)


def key_columns(ids: pa.Array, entity: Entity) -> pa.RecordBatch:
    """The key fields of each id, in the types of the entity's fields; nulls for a null."""
    types = [arrow_type(entity.field(name)) for name in entity.key]
    parts = split_ids(ids, len(types))
    columns = [from_text(part, kind) for part, kind in zip(parts, types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, names=list(entity.key))


def are_chosen(entity: Entity) -> bool:
    """Whether `new_ids` may give new records of that entity their keys."""
    fields = [entity.by_name[name] for name in entity.key if name in entity.by_name]
    one_guid = len(fields) == len(entity.key) == 1 and fields[0].kind is Kind.GUID
    return one_guid and entity.capabilities.client_keys and not fields[0].read_only


def new_ids(scope: str, external_ids: pa.Array) -> pa.Array:
    """Ids for local records that are created for these external ones: guids (RFC 9562, version 8).

    They depend on nothing but `scope` and the external id, so that a create that is repeated
    after a crash meets the record it made. Null for a null.
    """
    seed = hashlib.blake2b(scope.encode(), digest_size=16)

    def guid(external_id: str | None) -> str | None:
        if external_id is None:
            return None
        own = seed.copy()
        own.update(external_id.encode())
        text = own.hexdigest()
        return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-a{text[17:20]}-{text[20:]}"

    # A guid is text; Arrow cannot make it from a hash by columns (1.5 s a million).
    return pa.array([guid(external_id) for external_id in external_ids.to_pylist()], pa.string())
