"""Pairs of records: how each side stands to what both agreed on, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Final

import numpy as np

from tandem.core.decided import Choices
from tandem.core.merge import FieldPair, Flags, Winners
from tandem.model.integration import OnConflict


class Seen(IntEnum):
    """How the record of one side stands to what both sides agreed on."""

    NEVER = 0
    """There is none, and there was none."""
    SAME = 1
    EDITED = 2
    """Changed, or there without having met the other side."""
    GONE = 3


class Do(StrEnum):
    """What follows for a pair."""

    NOTHING = "nothing"
    MERGE = "merge"
    CREATE_LOCAL = "create the local record"
    CREATE_EXTERNAL = "create the external record"
    DELETE_LOCAL = "delete the local record"
    DELETE_EXTERNAL = "delete the external record"
    UNLINK = "forget the link"
    RESTORE_LOCAL = "the external edit meets a local deletion"
    RESTORE_EXTERNAL = "the local edit meets an external deletion"


_S: Final = Seen
DECISIONS: Final[Mapping[tuple[Seen, Seen], Do]] = {  # (external, local)
    (_S.NEVER, _S.NEVER): Do.NOTHING,
    (_S.NEVER, _S.SAME): Do.NOTHING,
    (_S.NEVER, _S.EDITED): Do.CREATE_EXTERNAL,
    (_S.NEVER, _S.GONE): Do.NOTHING,
    (_S.SAME, _S.NEVER): Do.NOTHING,
    (_S.SAME, _S.SAME): Do.NOTHING,
    (_S.SAME, _S.EDITED): Do.MERGE,
    (_S.SAME, _S.GONE): Do.DELETE_EXTERNAL,
    (_S.EDITED, _S.NEVER): Do.CREATE_LOCAL,
    (_S.EDITED, _S.SAME): Do.MERGE,
    (_S.EDITED, _S.EDITED): Do.MERGE,
    (_S.EDITED, _S.GONE): Do.RESTORE_LOCAL,
    (_S.GONE, _S.NEVER): Do.NOTHING,
    (_S.GONE, _S.SAME): Do.DELETE_LOCAL,
    (_S.GONE, _S.EDITED): Do.RESTORE_EXTERNAL,
    (_S.GONE, _S.GONE): Do.UNLINK,
}
"""A deletion never beats an edit of the other side: the edit wins, or a person is asked."""


Stand = np.ndarray[Any, np.dtype[np.int8]]
"""For each record of one side how it stands: values of `Seen`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record is rejected before anything else is looked at."""

    reason: str
    waits: bool
    """Whether it may be applied once another record has changed."""
    of_local: bool = False
    """Whether it is the local record that is rejected, not the external one."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Some pairs of records, and everything that is known of them."""

    external: Stand
    """How each external record stands."""
    local: Stand
    linked: Flags
    fields: Mapping[str, FieldPair]
    """By field: both values; nulls where a record is not there."""
    external_problems: Mapping[int, str]
    """Row number → why the external record does not fit the local side."""
    local_problems: Mapping[str, Mapping[int, str]]
    """By field: row number → why the local value does not fit the external side."""
    refused: Mapping[int, Refusal]
    newer: Winners
    """Which record was changed last, for `newest_wins`."""
    in_scope: Flags
    """Whether the local record may be uploaded."""
    decided: Winners
    """Whom a person has let win; NOBODY where nobody has decided."""
    choices: Mapping[int, Choices] = field(default_factory=dict)
    """Row number → what a person has decided field by field; nothing else decides there."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the mapping and the run allow."""

    on_conflict: OnConflict
    """For whole records; fields may have rules of their own."""
    propagates_deletes: bool
    downloads: bool
    uploads: bool
    replaces: bool = False
    """First sync that replaces the local records: the external side wins, the rest is removed."""
