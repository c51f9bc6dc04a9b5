"""What both systems are known to have, and what is wrong with a draft by that."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

from tandem.connectors.registry import can_provision
from tandem.model.problems import Problem
from tandem.model.schema import Schema
from tandem.state.protocols import StateReader
from tandem.sync.people.drafted import OpenDraft
from tandem.sync.validation import validated
from tandem.transforms import transforms_for

_KEPT: Final = 16
"""Schemas that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the newest snapshots say; None for a side that nobody has looked at."""

    external: Schema | None
    local: Schema | None
    version: str
    """Another one whenever that changed."""


class KnownSchemas:
    """The newest snapshots, unpacked once."""

    def __init__(self) -> None:
        self._kept: dict[str, Schema] = {}
        self._lock = Lock()

    def of(self, state: StateReader) -> Known:
        """What both systems are known to have."""
        external, local = self._newest(state, "external"), self._newest(state, "local")
        version = f"{external and external[0]} {local and local[0]}"
        return Known(external and external[1], local and local[1], version)

    def _newest(self, state: StateReader, side: str) -> tuple[str, Schema] | None:
        about = next(iter(state.schema_snapshots(side, limit=1)), None)
        if about is None:
            return None
        with self._lock:
            found = self._kept.get(about.fingerprint)
        if found is None:
            snapshot = state.schema_snapshot(side, about.version)
            if snapshot is None:
                return None
            found = snapshot.schema
            with self._lock:
                self._kept[about.fingerprint] = found
                while len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        return about.fingerprint, found


_known: Final = KnownSchemas()


def known_schemas(state: StateReader) -> Known:
    """What the newest snapshots say: shared by all that ask in this process."""
    return _known.of(state)


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
    return validated(
        integration,
        known.external,
        known.local,
        state,
        can_provision=can_provision(integration.local.connector),
        functions=transforms_for(integration, config),
        about=about,
    )
