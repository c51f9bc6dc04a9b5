"""Reasons for which records are rejected, without the values that they name: what they share."""

import re
from functools import lru_cache
from typing import Final

_ELLIPSIS: Final = "…"
_KEPT: Final = r"field '[^']*'|field \"[^\"]*\"|\b0x[0-9A-Fa-f]+"
"""Names of fields and a system's own codes say what is wrong."""
_QUOTED: Final = r"(?<!\w)'.{0,500}?'(?!\w)|(?<!\w)\".{0,500}?\"(?!\w)"
_WORD: Final = r"\w(?:[\w.,:+-]*\w)?"
_VALUES: Final = re.compile(f"(?P<kept>{_KEPT})|{_QUOTED}|(?P<word>{_WORD})", re.DOTALL)
_PARTNER: Final = re.compile(r"(waits for \S+ |have its (?:primary|local) key:? ).*", re.DOTALL)
"""Keys, of which nothing says where they end."""
_MANY_DIGITS: Final = 4
"""A number, an instant or a key has so many; a status or the name of a kind has fewer."""


@lru_cache(maxsize=20_000)
def shared_reason(reason: str) -> str:
    """The reason with … for the values that it names."""
    return _VALUES.sub(_without_value, _PARTNER.sub(rf"\1{_ELLIPSIS}", reason))


def _without_value(found: re.Match[str]) -> str:
    word = found["word"] or ""
    if sum(char.isdigit() for char in word) >= _MANY_DIGITS:
        return _ELLIPSIS
    return found["kept"] or word or _ELLIPSIS
