"""What a run that died had sent, found again where it was sent to: that is nobody's edit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.fields import BoundField
from tandem.core.fit import fit
from tandem.core.images import Image, Texts, external_image, local_image
from tandem.core.mapping import BoundMapping
from tandem.core.merge import Flags, chosen, differs, flags
from tandem.model.schema import Entity
from tandem.sync.job import Job


@dataclass(frozen=True, slots=True)
class _Sent:
    """The writes to one side whose answer is not known, each with the record it came from."""

    origins: pa.Array
    """Ids of the other side."""
    texts: Texts
    given: dict[str, Flags]
    """Field → whether it was sent."""

    def own(self, name: str, origins: pa.Array, now: pa.Array) -> Flags:
        """Where a side holds what was sent to it for the records of the other side."""
        at = pc.index_in(origins, value_set=self.origins)
        given = flags(pc.fill_null(pa.array(self.given[name]).take(at), fill_value=False))
        same: Flags = given & ~differs(self.texts[name].take(at), now)
        return same


@dataclass(frozen=True)
class Echoes:
    """Tells our own unaccounted writes from other people's edits."""

    job: Job
    bound: BoundMapping

    def agreed(
        self, ids: dict[str, pa.Array], images: dict[str, Image], bases: tuple[Texts, Texts]
    ) -> tuple[Texts, Texts]:
        """These bases (external, local), in which values that were sent to a side and are there
        now count as agreed on: so an edit that came after them does not clash with them.

        `ids` and `images` are by side.
        """
        sides = (("external", "local", bases[0]), ("local", "external", bases[1]))
        external, local = (
            self._agreed(side, ids[origin], images[side].texts, base)
            for side, origin, base in sides
        )
        return external, local

    def _agreed(self, side: str, origins: pa.Array, now: Texts, base: Texts) -> Texts:
        sent = self._sent.get(side)
        if sent is None:
            return base
        return {
            name: chosen((sent.own(name, origins, now[name]), now[name]), otherwise=texts)
            for name, texts in base.items()
        }

    @cached_property
    def _sent(self) -> dict[str, _Sent]:
        rows = self.job.state.unanswered(self.bound.mapping.external, self.job.run_id).to_pylist()
        found = {}
        for side, origin in (("external", "local_id"), ("local", "external_id")):
            mine = [row for row in rows if row["side"] == side and row["request"] and row[origin]]
            latest = {row[origin]: json.loads(row["request"]) for row in mine}
            if latest:
                found[side] = self._parsed(side, list(latest), list(latest.values()))
        return found

    def _parsed(self, side: str, origins: list[str], requests: Sequence[dict[str, Any]]) -> _Sent:
        external = side == "external"
        entity = self.bound.external if external else self.bound.local
        names = self.bound.external_fields if external else self.bound.local_fields
        columns, readable = _columns(entity, names, requests)
        records = pa.RecordBatch.from_pydict(columns)
        image = (external_image if external else local_image)(self.bound.fields, records)
        given = {
            one.name: np.logical_and.reduce(
                [readable[name] for name in _fields(one, external=external)]
                or [np.zeros(len(requests), np.bool_)]
            )
            for one in self.bound.fields
        }
        return _Sent(pa.array(origins, pa.string()), image.texts, given)


def _fields(one: BoundField, *, external: bool) -> list[str]:
    if external:
        return [field.name for field in (*one.externals, *one.also_reads)]
    return [one.local.name] if one.local else []


def _columns(
    entity: Entity, names: Sequence[str], requests: Sequence[dict[str, Any]]
) -> tuple[dict[str, pa.Array], dict[str, Flags]]:
    """The values that were sent, and where there is one that can be read."""
    columns, readable = {}, {}
    for name in names:
        texts = pa.array([_text(request.get(name)) for request in requests], pa.string())
        fitted = fit(texts, entity.field(name), required=False)
        columns[name] = fitted.values
        readable[name] = np.array(
            [name in request and n not in fitted.problems for n, request in enumerate(requests)]
        )
    return columns, readable


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
