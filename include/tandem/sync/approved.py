"""Deletions that a person has approved, one by one."""

from typing import NamedTuple


class Deletion(NamedTuple):
    """A deletion, and the record that it is about."""

    entity: str
    side: str
    """The side that the record is deleted on."""
    external_id: str | None
    local_id: str | None
    record: str | None
    """What is deleted, as JSON: one that is another by now is not what was approved."""
