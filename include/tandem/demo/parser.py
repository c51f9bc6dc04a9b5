"""From the text of a $filter or a key predicate to its tree (the OData ABNF)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tandem.demo.canonical import date_text, guid_text, instant_text, time_text
from tandem.demo.errors import bad_request, not_implemented
from tandem.demo.expressions import (
    COMPARISONS,
    Call,
    Compare,
    EnumLiteral,
    Expression,
    In,
    Join,
    Literal,
    Not,
    Path,
)
from tandem.demo.model import Edm

MAX_DEPTH: Final = 50
_ELSEWHERE: Final = ("add", "sub", "mul", "div", "divby", "mod", "has")
_TOKEN: Final = re.compile(
    r"""(?P<string>'(?:[^']|'')*')
      | (?P<guid>[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b)
      | (?P<instant>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))
      | (?P<date>\d{4}-\d\d-\d\d\b)
      | (?P<time>\d\d:\d\d[\d:.]*)
      | (?P<double>-?\d+(?:\.\d+)?[eE][+-]?\d+\b)
      | (?P<decimal>-?\d+\.\d+\b)
      | (?P<integer>-?\d+\b)
      | (?P<enum>[^\W\d][\w.]*'(?:[^']|'')*')
      | (?P<name>[^\W\d]\w*(?:[./][^\W\d]\w*)*)
      | (?P<mark>[(),=])
      | (?P<space>[ \t]+)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the expression: its kind (a group of the pattern above) and its text."""

    kind: str
    text: str


_END: Final = Token("end", "")
_NAMED: Final = {
    "null": Literal(None, None),
    "true": Literal(Edm.BOOLEAN, 1),
    "false": Literal(Edm.BOOLEAN, 0),
}


def parse_filter(text: str) -> Expression:
    """The tree of a $filter; ServiceError (400, or 501 for what is not supported)."""
    parser = _Parser(text)
    expression = parser.expression()
    parser.expect_end()
    return expression


def parse_key(text: str) -> dict[str, Literal]:
    """The values of a key predicate, by name; by "" where there is one without a name."""
    parser = _Parser(text)
    values = dict([parser.key_value()])
    while parser.take(","):
        values.update([parser.key_value()])
    parser.expect_end()
    return values


def _tokens(text: str) -> list[Token]:
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise bad_request(f"Syntax error at position {position + 1} of {text!r}.")
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup or "", match[0]))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        rest = self._tokens[self._position : self._position + 1]
        return rest[0] if rest else _END

    def _advance(self) -> Token:
        token = self._next
        self._position += 1
        return token

    def take(self, *texts: str) -> str | None:
        """The next word, if it is one of these."""
        token = self._next
        if token.kind in ("name", "mark") and token.text in texts:
            return self._advance().text
        return None

    def _expect(self, mark: str) -> None:
        if not self.take(mark):
            raise self._unexpected()

    def expect_end(self) -> None:
        """Raise if anything is left."""
        if self._next is not _END:
            raise self._unexpected()

    def _unexpected(self) -> Exception:
        text = self._next.text
        if text in _ELSEWHERE:
            return not_implemented(f"Operator {text!r} is not supported.", "$filter")
        found = repr(text) if text else "the end"
        return bad_request(f"Syntax error: {found} was not expected in {self._text!r}.")

    def expression(self) -> Expression:
        """An `or` of `and`s; the entry point, also within parentheses."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise bad_request(f"The expression is nested more than {MAX_DEPTH} deep.")
        expression = self._join("or", lambda: self._join("and", self._negation))
        self._depth -= 1
        return expression

    def _join(self, operator: str, operand: Callable[[], Expression]) -> Expression:
        operands = [operand()]
        while self.take(operator):
            operands.append(operand())
        return Join(operator, tuple(operands)) if len(operands) > 1 else operands[0]

    def _negation(self) -> Expression:
        negations = 0
        while self.take("not"):
            negations += 1
        expression = self._comparison()
        return Not(expression) if negations % 2 else expression

    def _comparison(self) -> Expression:
        left = self._operand()
        if operator := self.take(*COMPARISONS):
            return Compare(operator, left, self._operand())
        if self.take("in"):
            self._expect("(")
            return In(left, self._rest_of_list())
        return left

    def _rest_of_list(self) -> tuple[Expression, ...]:
        items = [self.expression()]
        while self.take(","):
            items.append(self.expression())
        self._expect(")")
        return tuple(items)

    def _operand(self) -> Expression:
        if self.take("("):
            expression = self.expression()
            self._expect(")")
            return expression
        if self._next.kind == "name" and self._next.text not in _NAMED:
            return self._path_or_call()
        return self.literal()

    def _path_or_call(self) -> Expression:
        name = self._advance().text
        if not self.take("("):
            return Path(name)
        arguments = () if self.take(")") else self._rest_of_list()
        return Call(name, arguments)

    def literal(self) -> Literal | EnumLiteral:
        """A constant."""
        token = self._next
        if token.text in _NAMED:
            return _NAMED[self._advance().text]
        if token.kind == "enum":
            return _enum_literal(self._advance().text)
        if token.kind not in _LITERALS:
            raise self._unexpected()
        self._advance()
        try:
            return _LITERALS[token.kind](token.text)
        except (ValueError, OverflowError) as error:
            raise bad_request(f"{token.text!r} is not a valid {token.kind}.") from error

    def key_value(self) -> tuple[str, Literal]:
        """A literal under its name, or under "" if none is given."""
        name = ""
        if self._next.kind == "name" and self._next.text not in _NAMED:
            name = self._advance().text
            self._expect("=")
        value = self.literal()
        if not isinstance(value, Literal):
            raise self._unexpected()
        return name, value


def _string(text: str) -> Literal:
    return Literal(Edm.STRING, text[1:-1].replace("''", "'"))


def _integer(text: str) -> Literal:
    number = int(text)
    fits = -(2**63) <= number < 2**63
    return Literal(Edm.INT64, number) if fits else Literal(Edm.DECIMAL, Decimal(text))


def _enum_literal(text: str) -> EnumLiteral:
    type_name, _, member = text.partition("'")
    return EnumLiteral(type_name, member[:-1])


_LITERALS: Final[dict[str, Callable[[str], Literal]]] = {
    "string": _string,
    "guid": lambda text: Literal(Edm.GUID, guid_text(text)),
    "instant": lambda text: Literal(Edm.DATE_TIME_OFFSET, instant_text(text)),
    "date": lambda text: Literal(Edm.DATE, date_text(text)),
    "time": lambda text: Literal(Edm.TIME_OF_DAY, time_text(text)),
    "double": lambda text: Literal(Edm.DOUBLE, float(text)),
    "decimal": lambda text: Literal(Edm.DECIMAL, Decimal(text)),
    "integer": _integer,
}
