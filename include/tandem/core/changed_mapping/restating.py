"""What links say, said anew for another mapping, without a look at either side.

Bases and hashes tell what both sides agreed on, in the fields of the mapping of that time. Under
another mapping every link would look edited, and a field that comes back would bring along what
it was long ago: an empty field would then pass for one that somebody cleared.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.changed_mapping.asked import (
    field_lines,
    lines_of,
    made_anew,
    place_of,
    way_of,
)
from tandem.core.fields import BoundField
from tandem.core.images import (
    Texts,
    bases,
    image_hashes,
    images_of,
    inside_of,
    made_now,
    once_agreed,
)
from tandem.model.asked import Asked
from tandem.model.integration import EntityMapping, FieldMapping

RESTATED = pa.schema(
    [("base", pa.string()), ("base_hash", pa.binary()), ("local_hash", pa.binary())]
)
NO_HASH = b""
"""What no record's hash is: it has to be looked at."""

_IDENTITY = ("external", "local", "constant", "lookup")


@dataclass(frozen=True, slots=True)
class Restating:
    """What another mapping does to what links say."""

    needed: bool
    """Whether they say anything about it at all."""
    all_forgotten: bool = False
    """They were made for another direction: nothing that they say counts."""
    forgotten: frozenset[str] = frozenset()
    """Fields of which nothing was agreed on, as they are now."""
    changed: frozenset[str] = frozenset()
    """Fields that are read or written otherwise than before."""
    plain: frozenset[str] = frozenset()
    """Those of them that have travelled both ways as they are, and still travel both ways."""
    elsewhere: bool = False
    """The local records are kept in another place now."""
    otherwise: bool = False
    """Records look otherwise than before, whatever is in them."""


def restating(
    before: Asked,
    now: Asked,
    *,
    gone: frozenset[str] = frozenset(),
    local_entity_gone: bool = False,
) -> Restating:
    """What has to be said anew; `gone` are fields that were not there for a while."""
    old, new = lines_of(before), lines_of(now)
    anew = made_anew(before, now) | gone
    elsewhere = before.mapping.local != now.mapping.local or local_entity_gone
    turned = before.mapping.direction != now.mapping.direction
    otherwise = old != new or bool(anew) or elsewhere or turned
    if not otherwise and before.facets == now.facets:
        return Restating(needed=False)
    identities = _identities(before), _identities(now)
    forgotten = {
        name
        for name in new
        if identities[0].get(name) != identities[1][name]
        or before.kinds.get(name) != now.kinds.get(name)
    }
    changed = {name for name in new if old.get(name) != new[name]}
    forgotten |= changed & _only_sent(now)  # local values are as they were, what is sent is not
    return Restating(
        needed=True,
        all_forgotten=turned,
        forgotten=frozenset(forgotten | anew),
        changed=frozenset(changed),
        plain=frozenset(changed & _plain(before.mapping) - forgotten - anew),
        elsewhere=elsewhere,
        otherwise=otherwise,
    )


def restated(fields: Sequence[BoundField], texts: pa.Array, what: Restating) -> pa.Table:
    """RESTATED for these bases; what has none is to be looked at again."""
    nothing = pa.nulls(len(texts), pa.string())
    if what.all_forgotten or not len(texts) or texts.null_count == len(texts):
        hashes = pa.repeat(pa.scalar(NO_HASH, pa.binary()), len(texts))
        return pa.table([nothing, hashes, hashes], schema=RESTATED)
    images = images_of(fields, texts)
    turned = [field for field in fields if field.name in what.changed - what.forgotten]
    external, local = (
        _without(image, what.forgotten, nothing) for image in once_agreed(turned, images)
    )
    plain = [field for field in turned if field.name in what.plain and field.turns]
    external, made = made_now(plain, external)
    there = texts.is_valid()
    no_hash = pa.scalar(NO_HASH, pa.binary())
    said = bases(fields, external, local, inside_of(texts))
    columns = [
        pc.if_else(there, said, nothing),
        pc.if_else(pc.and_not(there, made), image_hashes(fields, external), no_hash),
        pc.if_else(there, image_hashes(fields, local), no_hash),
    ]
    return pa.table(columns, schema=RESTATED)


def without_fields(base: str, names: Sequence[str]) -> str:
    """A base that says nothing of these fields."""
    said = json.loads(base)
    for image in ("external", "local"):
        for name in names:
            said.get(image, {}).pop(name, None)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _without(image: Texts, names: frozenset[str], nothing: pa.Array) -> Texts:
    return {name: nothing if name in names else texts for name, texts in image.items()}


def _plain(mapping: EntityMapping) -> set[str]:
    """The fields that travel both ways as they are."""
    lines: dict[str, list[FieldMapping]] = {}
    for line in mapping.active_fields:
        lines.setdefault(place_of(line), []).append(line)
    return {
        place for place, (line, *more) in lines.items() if not more and _is_plain(mapping, line)
    }


def _is_plain(mapping: EntityMapping, line: FieldMapping) -> bool:
    turned = line.transform or line.values or line.lookup or line.default is not None
    return way_of(mapping, line) == "bidirectional" and not turned


def _only_sent(asked: Asked) -> set[str]:
    """Fields that travel to the external side only."""
    fields = asked.mapping.active_fields
    return {place_of(f) for f in fields if way_of(asked.mapping, f) == "upload_only"}


def _identities(asked: Asked) -> Mapping[str, list[str]]:
    """What each field is, however its values are turned on the way."""
    return {
        place: [json.dumps([json.loads(line)[key] for key in _IDENTITY]) for line in lines]
        for place, lines in field_lines(asked.mapping).items()
    }
