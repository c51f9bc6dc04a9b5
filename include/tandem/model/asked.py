"""What a mapping asked for, kept beside what was done under it."""

from typing import Literal

from pydantic import Field, ValidationError

from tandem.model.integration import EntityMapping
from tandem.model.schema import Model

SideName = Literal["external", "local"]


class Asked(Model):
    """A mapping, and what both systems were like in the fields that it names."""

    mapping: EntityMapping
    kinds: dict[str, str] = Field(default_factory=dict)
    """What a field fills → the kinds on both sides."""
    facets: dict[str, str] = Field(default_factory=dict)
    """The same → whatever else decides whether a value fits."""
    keys: dict[SideName, tuple[str, ...]] = Field(default_factory=dict)
    """What ids are made of."""
    version_field: str | None = None
    """The external field that orders changes, chosen by whom it may be."""
    versions: dict[SideName, int] = Field(default_factory=dict)
    """The newest snapshot of each side."""
    order: tuple[str, ...] = ()
    """The mapped local fields, in the order in which the local system has them."""


def text_of(asked: Asked) -> str:
    """As it is kept."""
    return asked.model_dump_json(by_alias=True)


def parsed(text: str | None) -> Asked | None:
    """What was kept; None where that is not known or cannot be read any more."""
    try:
        return Asked.model_validate_json(text) if text else None
    except ValidationError:
        return None
