"""What the pages of a listing and those of its changes have in common."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tandem.demo.call import Call

MAX_PAGE: Final = 5_000
"""The most entities in one page, whatever a client prefers."""
TRACK_CHANGES: Final = "odata.track-changes"


def page_size(call: Call) -> tuple[int, tuple[str, ...]]:
    """How many entities to answer with at most, and the preference that says so, if one does."""
    text = call.preferences.get("maxpagesize", "")
    if not (text.isascii() and text.isdigit() and int(text[:9])):
        return call.service.page_size, ()
    size = min(int(text[:9]), MAX_PAGE)
    return size, (f"odata.maxpagesize={size}",)


def preference_applied(preferences: Sequence[str]) -> dict[str, str]:
    """The header that names them; none if there are none."""
    return {"preference-applied": ", ".join(preferences)} if preferences else {}


def as_json(head: Mapping[str, Any], texts: Sequence[str], tail: Mapping[str, Any]) -> bytes:
    """A collection whose items are JSON already; only what stands around them is made here."""
    before = "".join(f"{json.dumps(name)}:{json.dumps(value)}," for name, value in head.items())
    after = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in tail.items())
    return f'{{{before}"value":[{",".join(texts)}]{after}}}'.encode()
