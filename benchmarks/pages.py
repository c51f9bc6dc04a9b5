"""Renders the benchmark's records as OData JSON, once, into files that a server only has to copy.

A *state* of the entity is one file: all records as JSON, each with a comma before it, in the
order of their versions. So every page, and every answer to "what changed since", is one stretch
of bytes. `base` is the first state; in `changed`, one record in a hundred has new values and a
new version, and stands at the end. Beside each file lie the versions, the numbers of the records
(keys ascend with them), and the offset of each record in the file.

Every value is a hash of its record's number and its column: the same on every machine, in every
version of every library, and for any range of records on its own.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import fields, words
from benchmarks.fields import COLUMNS

STATES = ("base", "changed")
FORMS = ("numbers", "strings")
"""How Int64 and Decimal are written: as JSON numbers, or as strings (`IEEE754Compatible=true`)."""
ROWS_AT_A_TIME = 50_000
CHANGED_EVERY = 100

U64 = np.ndarray  # of uint64
EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
STEP_MS = 7_123  # between two modifications


def modified_ms(version: np.ndarray) -> np.ndarray:
    """When the records of these versions were modified, in milliseconds since 1970."""
    return EPOCH_MS + version * STEP_MS


def cached(folder: Path, rows: int) -> Path:
    """The folder with the rendered states of that many records; rendered now if missing."""
    sources = [Path(__file__), Path(str(words.__file__)), Path(str(fields.__file__))]
    digest = hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()[:8]
    target = folder / f"{rows}-{digest}"
    if not target.exists():
        for stale in folder.glob(f"{rows}-*"):
            shutil.rmtree(stale)
        partial = folder / f"{rows}-partial"
        partial.mkdir(parents=True)
        for state in STATES:
            _render(partial, state, rows)
        partial.rename(target)
    return target


@dataclass(frozen=True, slots=True)
class Records:
    """Some records of a state: their numbers, their versions, and which have changed values."""

    number: U64
    version: U64
    changed: np.ndarray

    @classmethod
    def of(cls, state: str, rows: int) -> "Records":
        """All records of a state, in the order of their versions (1, 2, …)."""
        number = np.arange(rows, dtype=np.uint64)
        changed = np.zeros(rows, dtype=bool)
        if state == "changed":
            changed = number % CHANGED_EVERY == CHANGED_EVERY // 2
        order = np.argsort(changed, kind="stable")
        changed = changed[order]
        new = np.cumsum(changed, dtype=np.uint64)
        version = np.where(changed, np.uint64(rows) + new, number[order] + np.uint64(1))
        return cls(number[order], version, changed)

    def chunks(self) -> Iterator["Records"]:
        """The records, some at a time."""
        for start in range(0, len(self.number), ROWS_AT_A_TIME):
            part = slice(start, start + ROWS_AT_A_TIME)
            yield Records(self.number[part], self.version[part], self.changed[part])

    def noise(self, column: int) -> U64:
        """64 random bits for each record (SplitMix64), always the same for that column."""
        bits = (self.number * np.uint64(64) + np.uint64(column)) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))

    def below(self, column: int, limit: int) -> np.ndarray:
        """A random whole number from 0 up to, and without, `limit`, for each record."""
        return ((self.noise(column) >> np.uint64(1)) % np.uint64(limit)).astype(np.int64)


def _render(folder: Path, state: str, rows: int) -> None:
    records = Records.of(state, rows)
    sums = {"amount": 0, "balance": 0}
    lengths: dict[str, list[np.ndarray]] = {form: [] for form in FORMS}
    with (
        (folder / f"{state}-numbers.json").open("wb") as numbers,
        (folder / f"{state}-strings.json").open("wb") as strings,
    ):
        for chunk in records.chunks():
            values = _values(chunk)
            _add_sums(sums, values)
            for form, file in (("numbers", numbers), ("strings", strings)):
                texts = _json(values, form)
                file.write(_content(texts))
                lengths[form].append(pc.binary_length(texts).to_numpy())
    for form in FORMS:
        ends = np.cumsum(np.concatenate(lengths[form]), dtype=np.int64)
        np.save(folder / f"{state}-{form}.npy", np.concatenate([[0], ends]))
    np.save(folder / f"{state}-versions.npy", records.version.astype(np.int64))
    np.save(folder / f"{state}-keys.npy", records.number.astype(np.int64))
    expected = {"rows": rows, "max_version": int(records.version.max()), **sums}
    (folder / f"{state}.json").write_text(json.dumps(expected))


def _add_sums(sums: dict[str, int], values: dict[str, pa.Array]) -> None:
    """What the targets must add up to: hundredths of amount, millionths of balance."""
    for name, scale in (("amount", 2), ("balance", 6)):
        total = pc.sum(values[name].cast(pa.decimal128(38, scale))).as_py()
        sums[name] += int(total.scaleb(scale))


def _json(values: dict[str, pa.Array], form: str) -> pa.Array:
    """One JSON object a record, each with a comma before it."""
    parts: list[pa.Array | str] = []
    opening = ",{"
    for column in COLUMNS:
        value = values[column.name]
        is_text = pa.types.is_string(value.type) or pa.types.is_date(value.type)
        quoted = is_text or (form == "strings" and column.sent_as_string)
        text = pc.cast(value, pa.string())
        if quoted:
            text = pc.binary_join_element_wise('"', text, '"', "")
        parts += [f'{opening}"{column.name}":', pc.fill_null(text, "null")]
        opening = ","
    return pc.binary_join_element_wise(*parts, "}", "")


def _content(texts: pa.Array) -> memoryview:
    return memoryview(texts.buffers()[2])[: int(pc.sum(pc.binary_length(texts)).as_py())]


def _values(r: Records) -> dict[str, pa.Array]:
    """The columns of some records; strings are already escaped for JSON."""
    first, last = _pick(r, 1, words.FIRST), _pick(r, 2, words.LAST)
    serial = pa.array(r.number.astype(np.int64)).cast(pa.string())
    padded = pc.utf8_lpad(serial, 9, "0")
    created = r.below(3, 700)
    moved = r.changed.astype(np.int64)
    return {
        "ID": _guids(r),
        "rowVersion": pa.array(r.version.astype(np.int64)),
        "orderNo": _joined("SO-", padded),
        "customerName": _joined(first, " ", last, " ", _pick(r, 4, words.SUFFIX)),
        "email": _joined("customer.", serial, "@", _pick(r, 5, words.DOMAIN)),
        "city": _sparse(r, 6, _pick(r, 7, words.CITY)),
        "country": _pick(r, 8, words.COUNTRY),
        "status": _pick(r, 9, words.STATUS, moved),
        "notes": _sparse(r, 10, _joined(_pick(r, 11, words.NOTE), " ", _pick(r, 12, words.NOTE))),
        "externalRef": pa.array(r.below(13, 2**62) + 2**62),
        "quantity": pa.array(r.below(14, 500).astype(np.int32)),
        "amount": _decimals(r.below(15, 10**10) - 10**9 + 100 * moved, 18, 2),
        "tax": _sparse(r, 16, _decimals(r.below(17, 10**8), 18, 2)),
        "balance": _sparse(r, 18, _wide_decimals(r.below(19, 10**14), r.below(20, 10**6))),
        "weight": _sparse(r, 21, pa.array(r.below(22, 10**6) / 1000 + 0.125)),
        "isActive": pa.array(r.below(23, 10) > 0),
        "isPaid": _sparse(r, 24, pa.array(r.below(25, 3) > 0)),
        "orderDate": _dates(created),
        "dueDate": _sparse(r, 26, _dates(created + 14 + r.below(27, 60))),
        "modifiedAt": _instants(modified_ms(r.version.astype(np.int64))),
    }


def _joined(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _pick(r: Records, column: int, pool: tuple[str, ...], shift: np.ndarray | int = 0) -> pa.Array:
    escaped = pa.array([json.dumps(word, ensure_ascii=False)[1:-1] for word in pool])
    return escaped.take(pa.array((r.below(column, len(pool)) + shift) % len(pool)))


def _sparse(r: Records, column: int, values: pa.Array) -> pa.Array:
    """One value in sixteen is null."""
    return pc.if_else(pa.array(r.below(column, 16) > 0), values, pa.scalar(None, values.type))


def _guids(r: Records) -> pa.Array:
    """UUIDs of version 7: in the order in which the records were made, as servers make them."""
    made = np.uint64(EPOCH_MS) + r.number
    high = (made << np.uint64(16)) | np.uint64(0x7000) | (r.noise(30) >> np.uint64(52))
    low = (r.noise(31) >> np.uint64(2)) | np.uint64(1 << 63)
    digits = np.stack([high, low], axis=1).astype(">u8").tobytes().hex().encode()
    table = np.frombuffer(digits, dtype=np.uint8).reshape(len(r.number), 32)
    text = np.full((len(r.number), 36), ord("-"), dtype=np.uint8)
    for source, target in ((0, 0), (8, 9), (12, 14), (16, 19), (20, 24)):
        width = 12 if source == 20 else 8 if source == 0 else 4
        text[:, target : target + width] = table[:, source : source + width]
    offsets = np.arange(len(r.number) + 1, dtype=np.int32) * 36
    return pa.StringArray.from_buffers(len(r.number), pa.py_buffer(offsets), pa.py_buffer(text))


def _decimals(unscaled: np.ndarray, precision: int, scale: int) -> pa.Array:
    words_of_64 = np.stack([unscaled, unscaled >> 63], axis=1).astype("<i8")
    kind = pa.decimal128(precision, scale)
    return pa.Array.from_buffers(kind, len(unscaled), [None, pa.py_buffer(words_of_64)])


def _wide_decimals(whole: np.ndarray, millionths: np.ndarray) -> pa.Array:
    """Decimals of up to twenty digits: more than a double holds."""
    fraction = pc.utf8_lpad(pa.array(millionths).cast(pa.string()), 6, "0")
    return _joined(pa.array(whole).cast(pa.string()), ".", fraction).cast(pa.decimal128(28, 6))


def _dates(days_after: np.ndarray) -> pa.Array:
    start = 19_723  # 2024-01-01
    return pa.array((days_after + start).astype(np.int32)).cast(pa.date32())


def _instants(milliseconds: np.ndarray) -> pa.Array:
    instants = pa.array(milliseconds).cast(pa.timestamp("ms"))
    return pc.strftime(instants, "%Y-%m-%dT%H:%M:%SZ")
