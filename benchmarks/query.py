"""Which records a query means: a stretch of all of them, which lie in the order of versions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from benchmarks.fields import KEY, MODIFIED, VERSION
from benchmarks.pages import modified_ms

KNOWN = {"$filter", "$orderby", "$top", "$count", "$select", "$skiptoken", "$format"}
NOTHING = {"", f"{VERSION} ne null", f"{MODIFIED} ne null"}
"""Conditions that every record satisfies."""
SIDES: dict[str, Literal["left", "right"]] = {
    "gt": "right",
    "ge": "left",
    "lt": "left",
    "le": "right",
}


class Refused(Exception):
    """The server does not understand the query."""


@dataclass(frozen=True, slots=True)
class Window:
    """The records from `start` up to, and without, `stop`; of these, in the order asked for,
    `wanted` at most, and `skipped` have been sent. `count` have passed the filter.
    """

    start: int
    stop: int
    wanted: int
    skipped: int
    count: int
    by_key: bool


def window_of(options: Mapping[str, str], versions: np.ndarray) -> Window:
    """What the query options ask for; Refused if that is not one stretch of the records."""
    if unknown := options.keys() - KNOWN:
        raise Refused(f"query option {sorted(unknown)[0]}")
    start, stop = _filtered(options.get("$filter", ""), versions)
    count = stop - start
    wanted = min(count, int(options.get("$top", count)))
    name, descending = _order(options.get("$orderby", VERSION))
    if descending:
        if wanted > 1 or name == KEY:
            raise Refused("descending order other than the newest record")
        start = stop - wanted
    skipped = int(options.get("$skiptoken", "0"))
    return Window(start, stop, wanted, skipped, count, name == KEY)


def _order(text: str) -> tuple[str, bool]:
    """The field that decides, and whether the greatest comes first. There are no ties."""
    name, _, direction = text.split(",")[0].strip().partition(" ")
    if name not in (KEY, VERSION, MODIFIED) or direction not in ("", "asc", "desc"):
        raise Refused(f"$orderby={text}")
    return name, direction == "desc"


def _filtered(text: str, versions: np.ndarray) -> tuple[int, int]:
    start, stop = 0, len(versions)
    for comparison in re.split(r"\s+and\s+", re.sub(r"[()]", " ", text)):
        if comparison.strip() in NOTHING:
            continue
        operator, position = _position(comparison.strip(), versions)
        if operator in ("gt", "ge"):
            start = max(start, position)
        else:
            stop = min(stop, position)
    return start, max(start, stop)


def _position(comparison: str, versions: np.ndarray) -> tuple[str, int]:
    match = re.fullmatch(rf"({VERSION}|{MODIFIED}) (gt|ge|lt|le) (\S+)", comparison)
    if match is None:
        raise Refused(f"$filter={comparison}")
    name, operator, literal = match.groups()
    if name == VERSION:
        place = np.searchsorted(versions, int(literal), side=SIDES[operator])
    else:
        instant = datetime.fromisoformat(literal).timestamp() * 1000
        place = np.searchsorted(modified_ms(versions), instant, side=SIDES[operator])
    return operator, int(place)
