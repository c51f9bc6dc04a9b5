"""The answers of the benchmark's OData service; `server.py` sends them."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import numpy as np

from benchmarks.fields import COLUMNS, ENTITY, KEY
from benchmarks.pages import FORMS, STATES
from benchmarks.query import Refused, Window, window_of

ROOT = "/odata/"
JSON = "application/json;odata.metadata=minimal"


@dataclass(frozen=True)
class State:
    """One state of the entity set, in the order of versions: see `pages.py`."""

    versions: np.ndarray
    numbers: np.ndarray
    offsets: dict[str, np.ndarray]
    paths: dict[str, Path]

    @classmethod
    def load(cls, folder: Path, name: str) -> "State":
        """The rendered state of that name."""
        return cls(
            np.load(folder / f"{name}-versions.npy"),
            np.load(folder / f"{name}-keys.npy"),
            {form: np.load(folder / f"{name}-{form}.npy") for form in FORMS},
            {form: folder / f"{name}-{form}.json" for form in FORMS},
        )

    @cached_property
    def key_order(self) -> np.ndarray:
        """Positions in the order of keys."""
        return np.argsort(self.numbers, kind="stable")

    @cached_property
    def lies_in_key_order(self) -> bool:
        """Whether the order of versions is that of keys."""
        return bool((np.diff(self.numbers) > 0).all())

    def rows(self, form: str, positions: np.ndarray) -> bytes:
        """The records at these positions, one by one, each with a comma before it."""
        content = np.memmap(self.paths[form], mode="r")
        offsets = self.offsets[form]
        return b"".join([content[offsets[p] : offsets[p + 1]].tobytes() for p in positions])


@dataclass(slots=True)
class Stats:
    """What was asked since the last reset; times are seconds since 1970."""

    requests: int = 0
    bytes: int = 0
    first: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What matters of an HTTP request; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def options(self) -> dict[str, str]:
        """The query options, decoded."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def wants_strings(self) -> bool:
        """Whether Int64 and Decimal are asked for as strings."""
        accept = self.headers.get("accept", "").lower().replace(" ", "")
        return "ieee754compatible=true" in accept


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, bytes, and between head and tail a stretch of a file."""

    head: bytes
    tail: bytes = b""
    file: Path | None = None
    start: int = 0
    size: int = 0
    content_type: str = JSON
    status: HTTPStatus = HTTPStatus.OK

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self.head) + self.size + len(self.tail)


@dataclass(slots=True)
class Service:
    """The answers. `base` is the address that links start with."""

    states: dict[str, State]
    page_size: int
    base: str
    honours_ieee754: bool
    state: str = "base"
    stats: Stats = field(default_factory=Stats)

    def answer(self, request: Request) -> Answer:
        """The answer to any request."""
        if request.method == "POST":
            return self._control(request.path)
        if request.path == "/_stats":
            return _json({name: getattr(self.stats, name) for name in Stats.__slots__})
        self.stats.first = self.stats.first or time.time()
        answer = self._read(request)
        self.stats.last = time.time()
        self.stats.requests += 1
        self.stats.bytes += answer.length
        return answer

    def _control(self, path: str) -> Answer:
        if path == "/_stats":
            self.stats = Stats()
        elif path.removeprefix("/_state/") in STATES:
            self.state = path.removeprefix("/_state/")
        else:
            return _not_found(path)
        return _json({"state": self.state})

    def _read(self, request: Request) -> Answer:
        routes: dict[str, Callable[[Request], Answer]] = {
            ROOT: self._service_document,
            ROOT + "$metadata": _metadata,
            ROOT + ENTITY: self._page,
            ROOT + ENTITY + "/$count": self._count,
        }
        if request.path not in routes:
            return _not_found(request.path)
        try:
            return routes[request.path](request)
        except Refused as refused:
            error = {"error": {"code": "NotImplemented", "message": str(refused)}}
            return _json(error, HTTPStatus.NOT_IMPLEMENTED)

    def _service_document(self, _: Request) -> Answer:
        sets = [{"name": ENTITY, "kind": "EntitySet", "url": ENTITY}]
        return _json({"@odata.context": self.base + "$metadata", "value": sets})

    def _count(self, request: Request) -> Answer:
        window = window_of(request.options, self.states[self.state].versions)
        return Answer(str(window.count).encode(), content_type="text/plain")

    def _page(self, request: Request) -> Answer:
        state = self.states[self.state]
        window = window_of(request.options, state.versions)
        until = min(window.wanted, window.skipped + self._size(request))
        head, tail = self._opening(request, window), self._closing(request, window, until)
        strings = self.honours_ieee754 and request.wants_strings
        form = "strings" if strings else "numbers"
        content_type = JSON + (";IEEE754Compatible=true" if strings else "")
        if window.by_key and not state.lies_in_key_order:
            order = state.key_order
            chosen = order[(order >= window.start) & (order < window.stop)]
            rows = state.rows(form, chosen[window.skipped : until])
            return Answer(head + rows[1:], tail, content_type=content_type)
        ends = (window.start + window.skipped, window.start + max(until, window.skipped))
        start, stop = (int(state.offsets[form][row]) for row in ends)
        size = max(stop - start - 1, 0)  # without the first comma
        return Answer(head, tail, state.paths[form], start + 1, size, content_type)

    def _size(self, request: Request) -> int:
        for preference in request.headers.get("prefer", "").split(","):
            name, _, value = preference.strip().partition("=")
            if name in ("odata.maxpagesize", "maxpagesize"):
                return min(int(value), self.page_size)
        return self.page_size

    def _opening(self, request: Request, window: Window) -> bytes:
        counted = request.options.get("$count") == "true" and not window.skipped
        count = f'"@odata.count":{window.count},' if counted else ""
        return f'{{"@odata.context":"{self.base}$metadata#{ENTITY}",{count}"value":['.encode()

    def _closing(self, request: Request, window: Window, until: int) -> bytes:
        if until >= window.wanted:
            return b"]}"
        query = urlsplit(request.target).query.split("&")
        kept = [o for o in query if o and not o.startswith(("$skiptoken=", "%24skiptoken="))]
        link = f"{self.base}{ENTITY}?{'&'.join([*kept, f'$skiptoken={until}'])}"
        return f'],"@odata.nextLink":{json.dumps(link)}}}'.encode()


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(json.dumps(value).encode(), status=status)


def _not_found(path: str) -> Answer:
    error = {"error": {"code": "NotFound", "message": f"There is nothing at {path}."}}
    return _json(error, HTTPStatus.NOT_FOUND)


def _metadata(_: Request) -> Answer:
    properties = "".join(f'<Property Name="{c.name}" {c.edm}/>' for c in COLUMNS)
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        "<edmx:DataServices>"
        '<Schema Namespace="Bench" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'<EntityType Name="Order"><Key><PropertyRef Name="{KEY}"/></Key>{properties}</EntityType>'
        f'<EntityContainer Name="Container"><EntitySet Name="{ENTITY}" EntityType="Bench.Order"/>'
        "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )
    return Answer(text.encode(), content_type="application/xml")
