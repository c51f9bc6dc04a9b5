"""How one service takes many writes at once: learnt by asking it, and remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tandem.connectors.http import Http, Reply
from tandem.connectors.odata.batch_json import JsonBatch
from tandem.connectors.odata.batch_multipart import Multipart
from tandem.connectors.odata.dialects.families import STANDARD, dialect_of
from tandem.connectors.odata.query import collection_url, with_options
from tandem.connectors.odata.requests import Request
from tandem.errors import Throttled, Unreachable
from tandem.model.schema import Entity

Form = JsonBatch | Multipart

FIRST_SIZE: Final = 100
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of a batch, at first. SAP CAP takes 100 KB, Business Central 350 MB."""
MOST_ALONE: Final = STANDARD.requests_at_once
"""Requests under way at the same time; no dialect has more."""
FEW: Final = 3
"""So many records are not worth finding out about $batch."""
_REFUSALS: Final = 4
_CLOSE: Final = 0.9
"""Part of the bytes that were refused which is not worth more tries."""

_NOT_NOW: Final = (408, 429, 502, 503, 504)


@dataclass(slots=True)
class Pace:
    """How many requests a batch, and how many batches at a time: more as long as it goes well."""

    largest: int = STANDARD.batch_size
    most: int = STANDARD.batches_at_once
    size: int = FIRST_SIZE
    at_once: int = 1
    bytes: int = MOST_BYTES
    good_bytes: int = 0
    """The limit with which batches were taken last."""
    bad_bytes: int = MOST_BYTES
    """The fewest bytes that were refused."""

    def faster(self) -> None:
        """All was answered."""
        self.size = min(self.size * 2, self.largest)
        self.at_once = min(self.at_once + 1, self.most)
        self.good_bytes = self.bytes
        if self.bytes < self.bad_bytes * _CLOSE:
            self.bytes = (self.bytes + self.bad_bytes) // 2

    def slower(self) -> None:
        """The service was busy, or took too long."""
        self.size = max(self.size // 2, 1)
        self.at_once = 1

    def smaller(self, largest: int) -> None:
        """No batch may hold more requests than this."""
        self.largest = min(self.largest, largest)
        self.size = min(self.size, self.largest)

    def no_more_than(self, most: int) -> None:
        """No more may be under way at the same time."""
        self.most = min(self.most, most)
        self.at_once = min(self.at_once, most)

    def lighter(self, refused: int) -> None:
        """A batch of so many bytes was too large: half of them, or as many as were taken once."""
        self.bad_bytes = min(self.bad_bytes, refused)
        half = max(refused // 2, 1)
        self.bytes = self.good_bytes if half < self.good_bytes < refused else half


@dataclass(slots=True)
class Channel:
    """The form that the service takes, and its pace. Belongs to one connector."""

    http: Http
    form: Form | None = None
    """None: requests go one by one."""
    pace: Pace = field(default_factory=Pace)
    alone: Pace = field(default_factory=lambda: Pace(largest=16, most=MOST_ALONE, size=16))
    _forms: list[Form] = field(default_factory=lambda: [JsonBatch(), Multipart()])
    _known: bool = False
    _accepted: bool = False
    _refusals: int = 0

    def open(self, entity: Entity, count: int) -> None:
        """Find out which form is taken, by batches that read one record, and so harm nothing.

        Raises AuthenticationError, or RetryLater if the service cannot be asked.
        """
        spoken = dialect_of(entity)
        self.pace.no_more_than(spoken.batches_at_once)
        self.alone.no_more_than(spoken.requests_at_once)
        largest = entity.capabilities.batch_size
        if largest > 1:
            self.pace.smaller(largest)
        if self._known or largest <= 1 or count <= FEW:
            return
        if not spoken.json_batches:
            self._forms = [form for form in self._forms if not isinstance(form, JsonBatch)]
        while self._forms and not self._takes(self._forms[0], entity):
            self._forms.pop(0)
        self.form = self._forms[0] if self._forms else None
        self._known = True

    def form_for(self, entity: Entity) -> Form | None:
        """The form for this entity's writes."""
        return self.form if entity.capabilities.batch_size > 1 else None

    def accepted(self) -> None:
        """A batch of writes was answered."""
        self._accepted = True

    def refused(self, size: int) -> None:
        """A batch of writes was refused as a whole: it may hold too many requests, or one that
        cannot be read. If all are refused, the form is not taken.
        """
        if size > FIRST_SIZE:
            self.pace.smaller(max(FIRST_SIZE, size // 2))
        self._refusals += 1
        if self._refusals >= _REFUSALS and self._forms and not self._accepted:
            self._forms.pop(0)
            self.form, self._refusals = (self._forms[0] if self._forms else None), 0

    def _takes(self, form: Form, entity: Entity) -> bool:
        reply = self.http.patiently(lambda: self._ask(form, entity))
        if reply.status == 401:
            raise self.http.error(batch_url(self.http), reply)
        try:
            return form.read(reply, 1).whole
        except ValueError:
            return False

    def _ask(self, form: Form, entity: Entity) -> Reply:
        options = {"$select": ",".join(entity.key), "$top": "1"}
        path = with_options(collection_url("", entity), options)
        reply = post(self.http, form, [Request(0, "GET", path, {"Accept": "application/json"})])[0]
        if reply.status in _NOT_NOW:
            error = self.http.error(batch_url(self.http), reply)
            raise error if isinstance(error, Throttled | Unreachable) else Unreachable(str(error))
        return reply


def post(http: Http, form: Form, requests: Sequence[Request]) -> tuple[Reply, int]:
    """The answer to a batch, whatever it is, and the bytes that were sent."""
    kind, body = form.write(requests)
    headers = {
        "Content-Type": kind,
        "Accept": form.accept,
        # 4.0 knows the first name, 4.01 both.
        "Prefer": "odata.continue-on-error, continue-on-error",
    }
    return http.send("POST", batch_url(http), headers, body), len(body)


def batch_url(http: Http) -> str:
    """Where batches go."""
    return http.root + "$batch"
