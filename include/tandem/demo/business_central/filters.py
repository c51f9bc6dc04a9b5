"""`$filter` as Business Central takes it.

Microsoft Learn, "Using filter expressions in OData URIs" and "Known limitations with Business
Central OData": `or` is for one field, `in` is for `$schemaversion=2.1`, lambda expressions are
ignored without a word. Members of enumerations are compared by their names as they travel.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tandem.demo.business_central.errors import refused
from tandem.demo.business_central.pages import Page
from tandem.demo.conditions import Sql, condition
from tandem.demo.errors import bad_request
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
from tandem.demo.model import Edm, EnumType, ServiceModel
from tandem.demo.parser import parse_filter

_LAMBDA: Final = re.compile(r"[\w/]+/(?:any|all)\(")
_NO_OR: Final = "The 'OR' operator is not supported on distinct fields on an OData filter."
LINES: Final = "You must specify an Id or a Document Id to get the lines."


def filtered(text: str | None, page: Page, model: ServiceModel, schema_version: str) -> Sql:
    """The condition of a $filter; ServiceError for what Business Central refuses."""
    tree = None if text is None else parse_filter(_without_lambdas(text))
    if tree is None:
        return Sql("1")
    _check(tree, page, in_allowed=schema_version >= "2.1")
    return condition(_with_members(tree, page, model), page.entity_set, model)


def check_lines(text: str | None, page: Page) -> None:
    """ServiceError if it asks for lines of all documents."""
    tree = None if text is None else parse_filter(_without_lambdas(text))
    if page.lines_of and not _names_lines(tree, page.lines_of.property):
        raise refused("Application_DialogException", LINES)


def _without_lambdas(text: str) -> str:
    """The text with each `lines/any(…)` replaced by what always holds."""
    while match := _LAMBDA.search(text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        text = f"{text[: match.start()]}true{text[end:]}"
    return text


def _names_lines(tree: Expression | None, document: str) -> bool:
    return any(
        isinstance(node, Compare) and node.operator == "eq" and node.left in _IDS | {Path(document)}
        for node in _nodes(tree)
    )


_IDS: Final = frozenset((Path("id"),))


def _nodes(node: Expression | None) -> Iterator[Expression]:
    if node is None:
        return
    yield node
    for child in _children(node):
        yield from _nodes(child)


def _children(node: Expression) -> tuple[Expression, ...]:
    match node:
        case Compare():
            return (node.left, node.right)
        case In():
            return (node.left, *node.values)
        case Not():
            return (node.operand,)
        case Join():
            return node.operands
        case Call():
            return node.arguments
    return ()


def _check(tree: Expression, page: Page, *, in_allowed: bool) -> None:
    for node in _nodes(tree):
        if isinstance(node, In) and not in_allowed:
            raise bad_request("The 'in' operator needs $schemaversion=2.1.", "$filter")
        if isinstance(node, Path) and node.name not in page.entity_set.paths:
            name = page.entity_set.type_name
            raise bad_request(f"Could not find a property named '{node.name}' on type '{name}'.")
        if isinstance(node, Join) and node.operator == "or":
            fields = {item.name for item in _nodes(node) if isinstance(item, Path)}
            if len(fields) > 1:
                raise bad_request(_NO_OR, "$filter")


def _with_members(node: Expression, page: Page, model: ServiceModel) -> Expression:
    """The tree with texts that are compared with an enumeration as its members."""
    match node:
        case Compare(left=Path(name=name), right=Literal(type=Edm.STRING, value=value)):
            type_ = page.entity_set.paths[name].type
            if isinstance(type_, EnumType):
                member = EnumLiteral(f"{model.namespace}.{type_.name}", str(value))
                return replace(node, right=member)
        case Not():
            return replace(node, operand=_with_members(node.operand, page, model))
        case Join():
            operands = tuple(_with_members(item, page, model) for item in node.operands)
            return replace(node, operands=operands)
    return node
