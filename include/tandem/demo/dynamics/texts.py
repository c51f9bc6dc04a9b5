"""Texts as Dataverse compares them: without regard to case, and with the wildcards of LIKE.

Microsoft Learn, "Filter rows using OData": string comparisons are not case-sensitive, and the
characters `%`, `_`, `[` and `]` are wildcards in the string functions.
"""

import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from tandem.demo.conditions import Functions, Sql
from tandem.demo.dynamics.tables import TEXTS


def prepare(connection: sqlite3.Connection) -> None:
    """Give the connection the collation and the function that the conditions below use."""
    connection.create_collation(TEXTS, _order)
    connection.create_function("is_like", 2, _is_like, deterministic=True)


def _order(left: str, right: str) -> int:
    a, b = left.casefold(), right.casefold()
    return (a > b) - (a < b)


def _is_like(text: str | None, pattern: str | None) -> int | None:
    if text is None or pattern is None:
        return None
    return int(_expression(pattern).fullmatch(text) is not None)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    """The wildcards of Transact-SQL's LIKE; a set that does not end matches nothing."""
    parts = []
    for found in re.finditer(r"%|_|\[(\^?)([^\]]*)\]|(.)", pattern, re.DOTALL):
        if found[3]:
            parts.append(re.escape(found[3]) if found[3] != "[" else "(?!)")
        elif found[0] in "%_":
            parts.append(".*" if found[0] == "%" else ".")
        else:
            inner = re.escape(found[2]).replace(r"\-", "-")
            parts.append(f"[{found[1]}{inner}]" if inner else "(?!)")
    return re.compile("".join(parts), re.DOTALL | re.IGNORECASE)


def _like(before: str, after: str) -> Callable[[Sql, Sql], Sql]:
    def condition(text: Sql, part: Sql) -> Sql:
        pattern = f"'{before}' || {part.text} || '{after}'"
        return Sql(f"is_like({text.text}, {pattern})", text.parameters + part.parameters)

    return condition


FUNCTIONS: Final[Functions] = {
    "contains": _like("%", "%"),
    "startswith": _like("", "%"),
    "endswith": _like("%", ""),
}
