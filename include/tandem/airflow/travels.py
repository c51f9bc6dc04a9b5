"""Which entities a DAG of some kind is about."""

from typing import Final, Literal

from tandem.core.order import looked_up
from tandem.model.integration import EntityMapping, Integration

Kind = Literal["sync", "import", "export"]

_OTHER_WAY: Final = {"sync": "", "import": "upload_only", "export": "download_only"}


def travelling(integration: Integration, kind: Kind) -> tuple[EntityMapping, ...]:
    """The enabled mappings whose records travel in a run of that kind."""
    return tuple(m for m in integration.active_entities if m.direction != _OTHER_WAY[kind])


def may_wait(mapping: EntityMapping) -> bool:
    """Whether records of it may have to wait for others until those are loaded."""
    return mapping.direction != "download_only" or bool(looked_up(mapping))


def may_ask(mapping: EntityMapping) -> bool:
    """Whether a sync of it may need a person's approval: for deletions, or to replace records."""
    replaces = mapping.first_sync == "replace_local" and mapping.direction != "upload_only"
    return replaces or mapping.deletes == "propagate" or mapping.filter_exit == "delete"
