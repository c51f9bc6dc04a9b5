"""Services that evaluate `$filter` in a way of their own, over records in memory."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import httpx

from tandem.demo.canonical import date_text, instant_text, time_text
from tandem.demo.expressions import Call, Compare, Expression, In, Join, Literal, Not, Path
from tandem.demo.model import Edm
from tandem.demo.parser import parse_filter

Record = dict[str, Any]
Truth = bool | None
"""None: unknown, as in SQL."""


class Refused(Exception):
    """The service does not take the filter."""


@dataclass
class Vendor:
    """A service of two entities; `account` leads from one to the other."""

    orders: list[Record] = field(default_factory=list)
    accounts: list[Record] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Every filter that it was asked."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        parts = (part.partition("=") for part in request.url.query.decode().split("&"))
        options = {unquote(name): unquote(value) for name, _, value in parts}
        name, _, count = request.url.path.lstrip("/").partition("/")
        if text := options.get("$filter"):
            self.asked.append(text)
        try:
            found = self._found(getattr(self, name), options.get("$filter"))
        except Refused as error:
            return httpx.Response(400, json={"error": {"code": "", "message": str(error)}})
        if count:
            return httpx.Response(200, text=str(len(found)), headers={"content-type": "text/plain"})
        by = options.get("$orderby", "").split()
        if by and by[-1] == "desc":
            there = [r for r in found if r[by[0]] is not None]
            found = sorted(there, key=lambda r: r[by[0]], reverse=True)
        found = found[: int(options.get("$top", len(found)))]
        value = [{n: as_json(v) for n, v in record.items()} for record in found]
        return httpx.Response(200, json={"value": value})

    def _found(self, records: list[Record], text: str | None) -> list[Record]:
        if text is None:
            return records
        tree = parse_filter(text)
        self.check(tree)
        return [record for record in records if self.truth(tree, record)]

    def check(self, tree: Expression) -> None:
        """Refuse what the service does not take."""

    def truth(self, node: Expression, record: Record) -> Truth:
        match node:
            case Join():
                return _joined(node.operator, [self.truth(o, record) for o in node.operands])
            case Not():
                inner = self.truth(node.operand, record)
                return None if inner is None else not inner
            case Call():
                text, part = (self.value(argument, record) for argument in node.arguments)
                return None if text is None else self.function(node.function, text, part)
            case Compare():
                left, right = self.value(node.left, record), self.value(node.right, record)
                return self.compare(node.operator, left, right)
        raise Refused(f"{node} is unknown here")

    def value(self, node: Expression, record: Record) -> Any:
        if isinstance(node, Literal):
            numeric = node.type in (Edm.DECIMAL, Edm.DOUBLE, Edm.INT64)
            return Decimal(str(node.value)) if numeric else node.value
        assert isinstance(node, Path)
        first, _, rest = node.name.partition("/")
        if rest:
            there = [a for a in self.accounts if a["id"] == record["account_id"]]
            return as_stored(there[0][rest]) if there else None
        return as_stored(record[first])

    def compare(self, operator: str, left: Any, right: Any) -> Truth:
        if left is None or right is None:
            return {"eq": left is right, "ne": left is not right}.get(operator)
        return _COMPARE[operator](self.sort_key(left), self.sort_key(right))

    def sort_key(self, value: Any) -> Any:
        return value

    def function(self, name: str, text: str, part: str) -> bool:
        return {"contains": part in text, "startswith": text.startswith(part)}.get(
            name, text.endswith(part)
        )


class CaseBlind(Vendor):
    """As Dataverse: case and accents do not matter, functions are LIKE, `/` is an inner join."""

    def sort_key(self, value: Any) -> Any:
        return plain(value).rstrip(" ") if isinstance(value, str) else value

    def function(self, name: str, text: str, part: str) -> bool:
        before, after = ("", "") if name != "contains" else (".*", ".*")
        before = ".*" if name == "endswith" else before
        after = ".*" if name == "startswith" else after
        pattern = before + _like(plain(part)) + after
        return re.fullmatch(pattern, plain(text), re.DOTALL) is not None

    def truth(self, node: Expression, record: Record) -> Truth:
        if isinstance(node, Compare | Call) and self._leads_nowhere(node, record):
            return None
        return super().truth(node, record)

    def _leads_nowhere(self, node: Expression, record: Record) -> bool:
        return "account/" in str(node) and record["account_id"] not in [
            account["id"] for account in self.accounts
        ]


class Particular(Vendor):
    """As Business Central: no null, no `not`, no `/`, and no `or` across different fields."""

    def check(self, tree: Expression) -> None:
        text = str(tree)
        for word in ("Literal(type=None", "Not(", "account/"):
            if word in text:
                raise Refused(f"{word} is not supported")
        for node in _all_nodes(tree):
            if isinstance(node, Join) and node.operator == "or" and len(_paths(node)) > 1:
                raise Refused("OR across different fields is not supported")

    def sort_key(self, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    def function(self, name: str, text: str, part: str) -> bool:
        assert not set("*?@&|<>") & set(part), "its own filter language"
        return super().function(name, text.upper(), part.upper())


def plain(text: str) -> str:
    """Without case and accents."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold()


def as_json(value: Any) -> Any:
    if isinstance(value, Decimal | date | time):
        return (
            str(value) if isinstance(value, Decimal) else value.isoformat().replace("+00:00", "Z")
        )
    return value


def as_stored(value: Any) -> Any:
    """A value as the parser of the demo service has literals."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float | Decimal):
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    texts: list[tuple[type, Callable[[str], str]]] = [
        (datetime, instant_text), (date, date_text), (time, time_text),
    ]  # fmt: skip
    for kind, text in texts:
        if isinstance(value, kind):
            return text(as_json(value))
    return value


def _joined(operator: str, parts: list[Truth]) -> Truth:
    decisive = operator == "or"
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def _like(pattern: str) -> str:
    """LIKE as a regular expression."""
    assert "[" not in pattern, "a set of characters"
    return "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)


def _all_nodes(node: Expression) -> list[Expression]:
    below = (
        node.operands if isinstance(node, Join) else
        [node.operand] if isinstance(node, Not) else
        [node.left, node.right] if isinstance(node, Compare) else
        node.arguments if isinstance(node, Call) else
        [node.left] if isinstance(node, In) else []
    )  # fmt: skip
    return [node, *(found for part in below for found in _all_nodes(part))]


def _paths(node: Expression) -> set[str]:
    return {found.name for found in _all_nodes(node) if isinstance(found, Path)}


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}
