"""A $filter tree as an SQL condition.

Nulls as OData has them (URL Conventions 4.01, 5.1.1.1): `eq` and `ne` compare null like a value,
the other comparisons with null are false, functions of null are null, and null selects nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from tandem.demo.errors import ServiceError, bad_request, not_implemented
from tandem.demo.expressions import (
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
from tandem.demo.model import Edm, EntitySet, EnumType, Reference, ServiceModel
from tandem.demo.values import Stored

SIGNS: Final = {"eq": "IS", "ne": "IS NOT", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
PROMOTION: Final = (Edm.INT32, Edm.INT64, Edm.DECIMAL, Edm.DOUBLE)
"""Numbers of two types are compared as the later one (URL Conventions 4.01, 5.1.1.10)."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL, its parameters in order, and the type of its value (None: null)."""

    text: str
    parameters: tuple[Stored | Decimal, ...] = ()
    type: Edm | EnumType | None = Edm.BOOLEAN


def column(path: str) -> str:
    """The column of a property path, quoted."""
    return f'"{path}"'


def unknown_property(entity_set: EntitySet, path: str) -> ServiceError:
    """What to answer when a path names no primitive property."""
    first = path.partition("/")[0]
    if any(reference.name == first for reference in entity_set.references):
        return not_implemented(f"Navigation property {first!r} cannot be used here.", path)
    return bad_request(f"{entity_set.type_name!r} has no property {path!r}.", path)


Functions = Mapping[str, Callable[[Sql, Sql], Sql]]
"""Function of two strings → its SQL."""


def condition(
    expression: Expression,
    entity_set: EntitySet,
    model: ServiceModel,
    functions: Functions | None = None,
) -> Sql:
    """The condition that holds for the entities that satisfy the expression.

    `functions` stand in for those that compare by code points.
    """
    sql = _Translation(entity_set, model, functions or FUNCTIONS).translate(expression)
    if sql.type not in (Edm.BOOLEAN, None):
        raise bad_request("The expression of $filter is not a condition.", "$filter")
    return sql


class _Translation:
    def __init__(self, entity_set: EntitySet, model: ServiceModel, functions: Functions) -> None:
        self._set = entity_set
        self._model = model
        self._functions = functions
        # Below a `not`, comparisons must be false where SQL would make them null.
        self._negated = False

    def translate(self, node: Expression) -> Sql:
        """SQL for any node."""
        translation = _TRANSLATIONS[type(node)]
        return translation(self, node)

    def literal(self, node: Literal) -> Sql:
        return Sql("?", (node.value,), node.type)

    def enum_literal(self, node: EnumLiteral) -> Sql:
        for enum_type in self._model.enum_types:
            if node.type == f"{self._model.namespace}.{enum_type.name}":
                if node.member not in enum_type.members:
                    raise bad_request(f"{node.type!r} has no member {node.member!r}.", "$filter")
                return Sql("?", (enum_type.members.index(node.member),), enum_type)
        raise bad_request(f"Literals of {node.type!r} are not known here.", "$filter")

    def path(self, node: Path) -> Sql:
        property_ = self._set.paths.get(node.name)
        if property_ is not None:
            return Sql(column(node.name), (), property_.type)
        navigation, _, path = node.name.partition("/")
        for reference in self._set.references:
            if path and reference.name == navigation:
                return _of_target(reference, self._model.by_name[reference.target], path)
        raise unknown_property(self._set, node.name)

    def compare(self, node: Compare) -> Sql:
        left, right = _comparable(self.translate(node.left), self.translate(node.right))
        text = f"{left.text} {SIGNS[node.operator]} {right.text}"
        if self._negated and node.operator not in ("eq", "ne"):
            text = f"ifnull({text}, 0)"
        return Sql(text, left.parameters + right.parameters)

    def in_(self, node: In) -> Sql:
        left = self.translate(node.left)
        items = [self.translate(value) for value in node.values]
        values = [_comparable(left, item)[1] for item in items if item.type is not None]
        parameters = [value for item in values for value in item.parameters]
        text = f"ifnull({left.text} IN ({', '.join(item.text for item in values)}), 0)"
        if len(values) < len(items):
            return Sql(
                f"({text} OR {left.text} IS NULL)",
                (*left.parameters, *parameters, *left.parameters),
            )
        return Sql(text, (*left.parameters, *parameters))

    def call(self, node: Call) -> Sql:
        function = self._functions.get(node.function)
        if function is None:
            raise not_implemented(f"Function {node.function!r} is not supported.", "$filter")
        arguments = [self.translate(argument) for argument in node.arguments]
        if [argument.type for argument in arguments] != [Edm.STRING, Edm.STRING]:
            raise bad_request(f"Function {node.function!r} takes two strings.", "$filter")
        return function(*arguments)

    def not_(self, node: Not) -> Sql:
        outer, self._negated = self._negated, True
        operand = _boolean(self.translate(node.operand))
        self._negated = outer
        return replace(operand, text=f"NOT ({operand.text})")

    def join(self, node: Join) -> Sql:
        operands = [_boolean(self.translate(operand)) for operand in node.operands]
        text = _balanced(node.operator.upper(), [operand.text for operand in operands])
        return Sql(text, tuple(value for operand in operands for value in operand.parameters))


_TRANSLATIONS: Final[dict[type, Callable[[_Translation, Any], Sql]]] = {
    Literal: _Translation.literal,
    EnumLiteral: _Translation.enum_literal,
    Path: _Translation.path,
    Compare: _Translation.compare,
    In: _Translation.in_,
    Call: _Translation.call,
    Not: _Translation.not_,
    Join: _Translation.join,
}


def _of_target(reference: Reference, target: EntitySet, path: str) -> Sql:
    """A property of the entity that a navigation property leads to; null if there is none."""
    property_ = target.paths.get(path)
    if property_ is None:
        raise unknown_property(target, path)
    # Names of its own, so that the reference's column is that of the row outside.
    key, value, own = column(target.key[0]), column(path), column(reference.property)
    targets = f'SELECT {key} AS "its/key", {value} AS "its/value" FROM "{target.name}"'  # noqa: S608 names of the model
    text = f'(SELECT "its/value" FROM ({targets}) WHERE "its/key" = {own})'  # noqa: S608
    order = " COLLATE decimal" if property_.type is Edm.DECIMAL else ""
    return Sql(text + order, (), property_.type)


def _contains(text: Sql, part: Sql) -> Sql:
    return Sql(f"instr({text.text}, {part.text}) > 0", text.parameters + part.parameters)


def _startswith(text: Sql, part: Sql) -> Sql:
    return Sql(
        f"substr({text.text}, 1, length({part.text})) = {part.text}",
        text.parameters + part.parameters * 2,
    )


def _endswith(text: Sql, part: Sql) -> Sql:
    return Sql(
        f"substr({text.text}, length({text.text}) - length({part.text}) + 1) = {part.text}",
        text.parameters * 2 + part.parameters * 2,
    )


FUNCTIONS: Final[dict[str, Callable[[Sql, Sql], Sql]]] = {
    "contains": _contains,
    "startswith": _startswith,
    "endswith": _endswith,
}


def _boolean(sql: Sql) -> Sql:
    if sql.type not in (Edm.BOOLEAN, None):
        raise bad_request("and, or and not take conditions.", "$filter")
    return sql


def _balanced(operator: str, texts: list[str]) -> str:
    """The texts joined as a balanced tree: SQLite refuses expressions deeper than 1,000."""
    if len(texts) == 1:
        return texts[0]
    half = len(texts) // 2
    left, right = _balanced(operator, texts[:half]), _balanced(operator, texts[half:])
    return f"({left} {operator} {right})"


def _comparable(left: Sql, right: Sql) -> tuple[Sql, Sql]:
    if left.type in PROMOTION and right.type in PROMOTION:
        common = max(left.type, right.type, key=PROMOTION.index)
        return _as_number(left, common), _as_number(right, common)
    if left.type != right.type and None not in (left.type, right.type):
        raise bad_request(
            f"{_type_name(left)} cannot be compared with {_type_name(right)}.", "$filter"
        )
    return left, right


def _type_name(sql: Sql) -> str:
    return sql.type.name if isinstance(sql.type, EnumType) else str(sql.type)


def _as_number(sql: Sql, type_: Edm) -> Sql:
    if sql.parameters:
        return replace(sql, parameters=tuple(_number(v, type_) for v in sql.parameters))
    if type_ is Edm.DOUBLE and sql.type is not Edm.DOUBLE:
        return replace(sql, text=f"CAST({sql.text} AS REAL)")
    if type_ is Edm.DECIMAL and sql.type is not Edm.DECIMAL:
        return replace(sql, text=f"CAST({sql.text} AS TEXT) COLLATE decimal")
    return sql


def _number(value: Stored | Decimal, type_: Edm) -> Stored:
    if type_ is Edm.DECIMAL:
        return format(Decimal(str(value)), "f")
    return float(str(value)) if type_ is Edm.DOUBLE else int(str(value))
