"""What the editor shows, and what programs get of it."""

from typing import Literal

from tandem.web.answers import Shown

State = Literal["mapped", "disabled", "not mapped"]
JustSaved = Literal["clean-up", "undo"]
"""What edited the file just before its editor opens."""


class Fault(Shown):
    """Something that is wrong."""

    severity: str
    """error: the entity is not synced until it is mended; warning; note."""
    place: tuple[str | int, ...]
    """Of the part of the file that it is about."""
    key: str = ""
    """The setting of the mapping that it is about; empty: the mapping as a whole."""
    text: str
    advice: str = ""
    choices: tuple[str, ...] = ()
    """Names that could stand there instead, the likeliest first."""
    can_remove: bool = False
    """What is gone can be taken out of the mapping."""


class ListedEntity(Shown):
    """An external entity in the list."""

    id: str
    """What the page calls its item."""
    name: str
    local: str
    """The local entity that it meets; empty: it is not mapped."""
    state: State
    is_gone: bool
    """The external system does not have it any more, by its newest snapshot."""
    errors: int
    warnings: int


class FieldChoice(Shown):
    """A field that can be chosen."""

    name: str
    type: str


class ShownLine(Shown):
    """An external field, and the local one that it meets; or a constant."""

    id: str
    """The same as long as the line is about the same field."""
    at: int | None
    """Position among the lines of the mapping; None: the field is not mapped."""
    external: str
    external_type: str
    """Empty: it is not known."""
    lacks_external: bool
    """The external entity is known, and has no such field."""
    local: str
    local_type: str
    lacks_local: bool
    constant: str | None
    enabled: bool
    is_key: bool
    direction: str
    """Empty: that of the entity."""
    lookup: str
    """`Accounts.ID`; empty: none."""
    composite: str
    refers_to: str
    """Where the external system says that the field leads."""
    values: int
    """Options that have a partner."""
    transform: str
    default: str | None
    on_conflict: str
    faults: tuple[Fault, ...]


class Settings(Shown):
    """The settings of an entity mapping, as they stand in the file; empty: the default."""

    local: str
    enabled: bool
    direction: str
    primary_key: tuple[str, ...]
    version_number: str
    local_version_number: str
    composite_lookups: tuple[str, ...]
    deletes: str
    filter_exit: str
    on_conflict: str
    first_sync: str
    overlap: str
    sweep_every: str
    download_filter: str
    """As a sentence; empty: all records."""
    upload_filter: str
    faults: tuple[Fault, ...]


class OpenEntity(Shown):
    """The mapping of one external entity."""

    name: str
    label: str
    is_gone: bool
    at: int | None
    """Position of its mapping in the file; None: it is not mapped."""
    suggested_local: str
    """What its local entity may be called, if it is not mapped."""
    settings: Settings | None
    lines: tuple[ShownLine, ...]
    external_fields: tuple[FieldChoice, ...]
    local_fields: tuple[FieldChoice, ...]


class Edited(Shown):
    """The mapping with the changes of a draft, which nobody has saved yet."""

    draft: str | None
    """To be sent with the next request; null: nothing is changed."""
    changes: int
    last_change: str
    """What `undo` would take back."""
    problems: tuple[Fault, ...]
    """Why it cannot be saved."""
    entities: tuple[ListedEntity, ...]
    """All, or those that the change was about."""
    opened: OpenEntity | None


class Editor(Edited):
    """The whole page."""

    name: str
    has_schemas: bool
    """Whether both systems have been looked at."""
    local_entities: tuple[str, ...]
