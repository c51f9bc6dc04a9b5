"""What somebody does in a mapping editor, and the edits of the file that it means."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tandem.errors import ConfigurationError
from tandem.model.edits import Edit, Insertion, Removal, Replacement
from tandem.model.problems import Place


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    """Of an entity mapping `("entities", 3)`, a line `("entities", 3, "fields", 7)`, a list of
    them, or `()`: the integration itself."""


class Set(_Change):
    """The setting `key` of what is at the place gets a value; None: it goes."""

    change: Literal["set"] = "set"
    key: str
    value: Any = None
    """A plain value, as `YamlSource` gives them."""


class Add(_Change):
    """Items are added at the end of the list at the place."""

    change: Literal["add"] = "add"
    items: list[dict[str, Any]]


class Remove(_Change):
    """What is at the place goes."""

    change: Literal["remove"] = "remove"


Change = Annotated[Set | Add | Remove, Field(discriminator="change")]


def edits_of(value: dict[str, Any], change: Change) -> list[Edit]:
    """The edits by which a file that says `value` is changed so; none if it says so already.

    ConfigurationError if what is to be changed is not there.
    """
    try:
        found = _found(value, change.place)
        return list(_edits(found, change))
    except (LookupError, TypeError):
        raise ConfigurationError(
            "What was to be changed is not in the file any more.", remedy="Open the page again."
        ) from None


def _found(value: Any, place: Place) -> Any:
    for part in place:
        value = value[part]
    return value


def _edits(found: Any, change: Change) -> Iterator[Edit]:
    if isinstance(change, Remove):
        yield Removal(change.place)
    elif isinstance(change, Add):
        for at, item in enumerate(change.items, len(found)):
            yield Insertion(change.place, at, item)
    elif change.value is None:
        if change.key in found:
            yield Removal((*change.place, change.key))
    elif change.key not in found:
        yield Insertion(change.place, change.key, change.value)
    elif repr(found[change.key]) != repr(change.value):  # 1 is neither true nor 1.0
        yield Replacement((*change.place, change.key), change.value)
