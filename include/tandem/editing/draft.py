"""A draft: which text of an integration file it began with, and the edits made since.

It travels between the server, which keeps nothing, and whoever edits, who need not understand it.
"""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from tandem.errors import ConfigurationError
from tandem.model.edits import Edit, Insertion, Removal, Replacement, edited_value
from tandem.yaml_edit.writing import flow
from tandem.yaml_source import YamlSource

_BOM: Final = "\ufeff"


class LostUpdate(ConfigurationError):
    """Somebody has saved the file since the draft was begun."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Edits that are not saved yet."""

    fingerprint: str
    """Of the file's text that the edits begin with."""
    steps: tuple[tuple[Edit, ...], ...] = field(default=())
    """The edits of one change after the other; each place is one of what those before made."""

    @classmethod
    def of(cls, text: str) -> "Draft":
        """The draft of a file with that text in which nothing has been changed yet."""
        return cls(fingerprint(text))

    @classmethod
    def parse(cls, text: str) -> "Draft":
        """The draft that `as_text` gave; ConfigurationError if it is none."""
        try:
            found = json.loads(text)
            steps = [tuple(_edit(**one) for one in step) for step in found["steps"]]
            return cls(str(found["of"]), tuple(steps))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ConfigurationError(
                "This is no draft of an integration file.", remedy="Open the page again."
            ) from None

    @property
    def as_text(self) -> str:
        """The draft as one line of text. Values are YAML in it: they stay what they are."""
        steps = [[_plain(edit) for edit in step] for step in self.steps]
        return json.dumps({"of": self.fingerprint, "steps": steps})

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits, one after the other."""
        return tuple(edit for step in self.steps for edit in step)

    def with_edits(self, *edits: Edit) -> "Draft":
        """The draft after one more change, which means these edits; itself if it means none."""
        return Draft(self.fingerprint, (*self.steps, edits)) if edits else self

    def without_last(self) -> "Draft":
        """The draft before its last change."""
        return Draft(self.fingerprint, self.steps[:-1])

    def value(self, text: str) -> Any:
        """What a file of that text says after the edits, as plain values.

        LostUpdate if the draft began with another text. What is given is shared: do not change it.
        """
        if fingerprint(text) != self.fingerprint:
            raise LostUpdate(
                "Somebody saved the file after you opened it.",
                remedy="Your changes are not lost: download your file, or drop them and begin "
                "with what it says now.",
            )
        try:
            return edited_value(_value(text), self.edits)
        except (LookupError, TypeError):
            raise ConfigurationError(
                "The draft does not fit its file.", remedy="Open the page again."
            ) from None


def fingerprint(text: str) -> str:
    """What tells one text of a file from another."""
    return sha256(text.encode()).hexdigest()[:32]


@lru_cache(maxsize=8)
def _value(text: str) -> Any:
    return YamlSource(text.removeprefix(_BOM)).value


def _plain(edit: Edit) -> dict[str, Any]:
    if isinstance(edit, Removal):
        return {"place": edit.place}
    plain = {"place": edit.place, "yaml": flow(edit.value)}
    return {**plain, "at": edit.at} if isinstance(edit, Insertion) else plain


def _edit(place: list[str | int], yaml: str | None = None, at: int | str | None = None) -> Edit:
    if yaml is None:
        return Removal(tuple(place))
    source = YamlSource(yaml, most_values=len(yaml) + 1)  # more are aliases: `flow` writes none
    if source.value is None and source.problems:
        raise ValueError(source.problems[0].text)
    value = source.value
    if at is None:
        return Replacement(tuple(place), value)
    return Insertion(tuple(place), at, value)
