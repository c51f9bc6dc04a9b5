"""What both systems are known to have, and what is wrong with a draft by that."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

from tandem.connectors.registry import can_provision
from tandem.model.integration import EntityMapping, Integration
from tandem.model.problems import Problem
from tandem.model.schema import Schema
from tandem.state.protocols import StateReader
from tandem.sync.people.drafted import OpenDraft
from tandem.sync.provisioning import expected_local
from tandem.sync.validation import validated
from tandem.transforms import path_beside, transforms_for

_KEPT: Final = 16
"""Results of a kind that are kept in memory."""

Kept = TypeVar("Kept")


class _Recent(Generic[Kept]):
    """What was worked out lately, by what it was worked out from."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept] = {}
        self._lock = Lock()

    def get(self, key: Hashable, work_out: Callable[[], Kept]) -> Kept:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        found = work_out()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return found


_schemas: Final = _Recent[Schema | None]()
_problems: Final = _Recent[tuple[Problem, ...]]()


@dataclass(frozen=True, slots=True)
class Known:
    """What the newest snapshots say; None for a side that nobody has looked at."""

    external: Schema | None
    local: Schema | None
    version: str
    """Another one whenever that changed."""


def known_schemas(state: StateReader) -> Known:
    """What the newest snapshots say; they are unpacked once in a process."""
    (external, one), (local, other) = _newest(state, "external"), _newest(state, "local")
    return Known(external, local, f"{one} {other}")


def _newest(state: StateReader, side: str) -> tuple[Schema | None, str]:
    about = next(iter(state.schema_snapshots(side, limit=1)), None)
    if about is None:
        return None, ""

    def unpacked() -> Schema | None:
        snapshot = state.schema_snapshot(side, about.version)
        return snapshot.schema if snapshot else None

    return _schemas.get(about.fingerprint, unpacked), about.fingerprint


def problems_of(
    opened: OpenDraft,
    known: Known,
    state: StateReader,
    config: Path,
    about: Collection[str] | None = None,
) -> tuple[Problem, ...]:
    """What is wrong with the enabled mappings (of these external entities; None: all) by what the
    systems are known to have. Of what is `opened.wrong`, and of a side that nobody has looked at,
    nothing more can be said.

    `config` is the folder of integration files, beside which the user's transforms are.
    """
    integration = opened.partly
    if integration is None or known.external is None or known.local is None:
        return ()
    transforms = path_beside(config)
    changed = transforms.stat().st_mtime_ns if transforms.exists() else 0
    draft = (opened.draft.fingerprint, opened.draft.as_text)
    asked = None if about is None else frozenset(about)
    key = (opened.file, *draft, known.version, changed, asked)
    return _problems.get(key, lambda: _found(integration, known, state, config, asked))


def _found(
    integration: Integration,
    known: Known,
    state: StateReader,
    config: Path,
    about: Collection[str] | None,
) -> tuple[Problem, ...]:
    external, local = known.external or Schema(), known.local or Schema()
    return validated(
        integration,
        external,
        _expected(integration, state, external, local),
        state,
        can_provision=can_provision(integration.local.connector),
        functions=transforms_for(integration, config),
        about=about,
    )


def _expected(
    integration: Integration, state: StateReader, external: Schema, local: Schema
) -> Schema:
    """The local schema with what the next run creates: looked at only where something lacks."""
    lacking = {m.local for m in integration.active_entities if _lacks(local, m)}
    return expected_local(integration, state, external, local, lacking) if lacking else local


def _lacks(local: Schema, mapping: EntityMapping) -> bool:
    entity = local.by_name.get(mapping.local)
    names = (line.local for line in mapping.active_fields if line.local)
    return entity is None or any(name not in entity.by_name for name in names)
