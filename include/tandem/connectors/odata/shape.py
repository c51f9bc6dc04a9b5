"""A page of JSON read by Arrow: the whole page is one JSON object whose schema is given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from tandem.errors import ConfigurationError

Path = tuple[str, ...]

_NEXT_LINKS: Final = ("@odata.nextLink", "@nextLink")
_DELTA_LINKS: Final = ("@odata.deltaLink", "@deltaLink")
_ETAGS: Final = (("@odata.etag",), ("@etag",))
"""Names of control information in 4.0 and 4.01 (OData JSON 4.01, 4.6)."""

_MORE: Final = 1_000

_EXPONENT: Final = rb"-0*[1-9][0-9]{2,}[\"\s,}\]]"
_SOME_TINY: Final = (re.compile(b"e" + _EXPONENT), re.compile(b"E" + _EXPONENT))
_TINY: Final = re.compile(rb"[:\"\s,\[]-?[0-9.]+[eE]" + _EXPONENT)
"""Numbers such as 1e-999999999, of which Arrow's reader of decimals dies. The first two are
thirty times as quick, because they begin with a letter, but some GUIDs end like that too."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where a page leads, as it stands there."""

    next: str | None = None
    delta: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What Arrow read: a column for each path asked for, etags and links as they stand."""

    columns: dict[Path, pa.Array]
    etags: pa.Array
    links: Links
    rows: int


class Shape:
    """Which properties of a record are read, and as which types."""

    def __init__(self, types: Mapping[Path, pa.DataType]) -> None:
        self._paths = tuple(types)
        tree: dict[str, Any] = {}
        for path, kind in {**types, **dict.fromkeys(_ETAGS, pa.string())}.items():
            _graft(tree, path, kind)
        self._record = _struct(tree)
        self._has_decimals = any(map(pa.types.is_decimal, types.values()))
        self._schema = pa.schema(
            [
                ("value", pa.list_(self._record)),
                *((name, pa.string()) for name in (*_NEXT_LINKS, *_DELTA_LINKS)),
            ]
        )

    def read(self, body: bytes) -> Read:
        """The page's columns. ArrowInvalid if the page is no such JSON, or any value is amiss."""
        if self._has_decimals and _has_tiny_number(body):
            raise pa.ArrowInvalid("a number beyond all decimals")
        table = arrow_json.read_json(
            pa.BufferReader(body),
            # One block: a page is one line of JSON to Arrow, and it reads whole lines only.
            read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(body) + _MORE),
            parse_options=arrow_json.ParseOptions(
                explicit_schema=self._schema,
                unexpected_field_behavior="ignore",
                newlines_in_values=True,
            ),
        )
        records = _records(table)
        return Read(
            {path: self._at(records, path) for path in self._paths},
            pc.coalesce(*(self._at(records, path) for path in _ETAGS)),
            Links(_first_of(table, _NEXT_LINKS), _first_of(table, _DELTA_LINKS)),
            len(records),
        )

    def _at(self, records: pa.StructArray, path: Path) -> pa.Array:
        """By position: a name such as `@odata.etag` would be taken for a path."""
        kind, indices = self._record, []
        for name in path:
            indices.append(kind.get_field_index(name))
            kind = kind.field(indices[-1]).type
        return pc.struct_field(records, indices)


def _has_tiny_number(body: bytes) -> bool:
    return any(some.search(body) for some in _SOME_TINY) and _TINY.search(body) is not None


def links_of(document: Mapping[str, Any]) -> Links:
    """The links of a loaded document. ConfigurationError if one is no text."""
    return Links(_link(document, _NEXT_LINKS), _link(document, _DELTA_LINKS))


def etag_of(record: Any) -> str | None:
    """The etag of a loaded record."""
    if not isinstance(record, Mapping):
        return None
    return next((record[name] for (name,) in _ETAGS if isinstance(record.get(name), str)), None)


def _link(document: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    links = [link for name in names if (link := document.get(name)) is not None]
    if links and type(links[0]) is not str:  # a Number is a str too
        raise ConfigurationError(
            f"The service's {names[-1][1:]} is no text: its listings cannot be read."
        )
    return links[0] if links else None


def _first_of(table: pa.Table, names: tuple[str, ...]) -> str | None:
    link: str | None = pc.coalesce(*(table[name] for name in names))[0].as_py()
    return link


def _records(table: pa.Table) -> pa.StructArray:
    if table.num_rows != 1 or not table["value"][0].is_valid:
        raise pa.ArrowInvalid("not one object with a value")
    records = table["value"].chunk(0).values
    if records.null_count:
        raise pa.ArrowInvalid("a record is null")
    records.validate(full=True)  # Arrow's reader lets invalid UTF-8 pass
    return records


def _graft(tree: dict[str, Any], path: Path, kind: pa.DataType) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = kind


def _struct(tree: dict[str, Any]) -> pa.StructType:
    return pa.struct(
        [(name, _struct(kind) if isinstance(kind, dict) else kind) for name, kind in tree.items()]
    )
