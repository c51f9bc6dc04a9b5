"""Reasons for which records are rejected, without the values that they name: what they share."""

import re
from functools import lru_cache
from typing import Final

_ELLIPSIS: Final = "…"
_KEPT: Final = r"field '[^']*'|field \"[^\"]*\"|\b0x[0-9A-Fa-f]+"
"""Names of fields and a system's own codes say what is wrong."""
_QUOTED: Final = r"(?<!\w)'.{0,500}?'(?!\w)|(?<!\w)\".{0,500}?\"(?!\w)"
_NUMBERED: Final = r"(?<![\w.,:+-])(?:[A-Za-z_.,:+-]*+\d){4}(?:[\w.,:+-]*\w)?"
"""A number, an instant or a key has four digits; a status or the name of a kind has fewer."""
_VALUES: Final = re.compile(f"({_KEPT})|{_QUOTED}|{_NUMBERED}", re.DOTALL)
_PARTNER: Final = re.compile(r"(waits for \S+ |have its (?:primary|local) key:? ).*", re.DOTALL)
"""Keys, of which nothing says where they end."""


@lru_cache(maxsize=100_000)
def shared_reason(reason: str) -> str:
    """The reason with … for the values that it names."""
    without = _PARTNER.sub(rf"\1{_ELLIPSIS}", reason)
    return _VALUES.sub(lambda found: found[1] or _ELLIPSIS, without)
