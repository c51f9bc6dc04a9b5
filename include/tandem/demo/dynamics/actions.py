"""CreateMultiple, UpdateMultiple and UpsertMultiple: all rows or none.

Microsoft Learn, "Use bulk operation messages": standard tables roll back as a whole.
"""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from tandem.demo.call import Reply
from tandem.demo.dynamics.errors import REQUEST, bad_payload
from tandem.demo.dynamics.listing import document
from tandem.demo.dynamics.organization import ROOT, Ask
from tandem.demo.dynamics.payloads import parse_payload
from tandem.demo.dynamics.rows import Place, parse_place
from tandem.demo.dynamics.schema import NAMESPACE
from tandem.demo.dynamics.tables import Table
from tandem.demo.dynamics.writing import Rows
from tandem.demo.errors import ServiceError

Row = dict[str, Any]


def call_action(ask: Ask, table: Table, name: str) -> Reply:
    """A bound action; ServiceError if the table does not have it."""
    action = _ACTIONS.get(name)
    if action is None or not table.in_bulk:
        message = (
            f"The request resource '{NAMESPACE}.{name}' is not supported for entity "
            f"'{table.logical_name}'."
        )
        raise ServiceError(404, REQUEST, message)
    targets = _targets(ask, table)
    with ask.organization.store.writing() as connection:
        return action(ask, table, Rows(ask.organization, connection), targets)


def _targets(ask: Ask, table: Table) -> list[Row]:
    body = ask.document()
    targets = body.get("Targets") if isinstance(body, dict) else None
    if not isinstance(targets, list) or not targets:
        raise bad_payload(table, "The parameter 'Targets' is a collection of rows.")
    for target in targets:
        if not isinstance(target, dict):
            raise bad_payload(table, "A target is an object.")
        if target.get("@odata.type") not in _type_names(table):
            message = (
                "A type named '{}' could not be resolved by the model. When a model is available, "
                "each type name must resolve to a valid type."
            )
            raise bad_payload(table, message.format(target.get("@odata.type", "")))
    return targets


def _type_names(table: Table) -> tuple[str, str]:
    name = f"{NAMESPACE}.{table.logical_name}"
    return name, f"#{name}"


def _create(ask: Ask, table: Table, rows: Rows, targets: list[Row]) -> Reply:
    ids = [rows.create(parse_payload(target, table, ieee754=ask.ieee754)) for target in targets]
    context = f"{ask.call.root}$metadata#{NAMESPACE}.CreateMultipleResponse"
    return document({"@odata.context": context, "Ids": ids})


def _update(ask: Ask, table: Table, rows: Rows, targets: list[Row]) -> Reply:
    for target in targets:
        place = _place(table, target)
        payload = parse_payload(target, table, ieee754=ask.ieee754)
        rows.write(place, payload, "*", None)
    return Reply(204)


def _upsert(ask: Ask, table: Table, rows: Rows, targets: list[Row]) -> Reply:
    for target in targets:
        payload = parse_payload(target, table, ieee754=ask.ieee754)
        rows.write(_place(table, target), payload, None, None)
    return Reply(204)


def _place(table: Table, target: Row) -> Place:
    """The row that a target means: by its `@odata.id`, or by the primary key among its values."""
    url = target.get("@odata.id")
    if isinstance(url, str):
        place = parse_place(unquote(re.sub(rf"^(?:https?://[^/]+)?(?:{ROOT}|/)", "", url)))
        if place.table is table:
            return place
    elif isinstance(target.get(table.primary_id), str):
        return parse_place(f"{table.set_name}({target[table.primary_id]})")
    message = f"Entity Id must be specified for {table.logical_name}."
    raise ServiceError(400, "0x80040203", message)


_ACTIONS: Final[dict[str, Callable[[Ask, Table, Rows, list[Row]], Reply]]] = {
    "CreateMultiple": _create,
    "UpdateMultiple": _update,
    "UpsertMultiple": _upsert,
}
