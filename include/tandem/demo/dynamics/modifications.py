"""POST, PATCH and DELETE of rows (Microsoft Learn, "Create a table row using the Web API")."""

import sqlite3

from tandem.demo import read
from tandem.demo.call import Reply
from tandem.demo.dynamics.listing import CONTENT_TYPE, applied_annotations, context
from tandem.demo.dynamics.organization import Ask
from tandem.demo.dynamics.payloads import parse_payload
from tandem.demo.dynamics.rows import Place
from tandem.demo.dynamics.shown import Shown, chosen
from tandem.demo.dynamics.tables import Table
from tandem.demo.dynamics.writing import Rows


def create_row(ask: Ask, table: Table) -> Reply:
    """204 with the URL of the row, or 201 with the row where that is preferred."""
    payload = parse_payload(ask.document(), table, ieee754=ask.ieee754)
    with ask.organization.store.writing() as connection:
        id_ = Rows(ask.organization, connection).create(payload)
        return _written(ask, connection, table, id_, created=True)


def change_row(ask: Ask, place: Place) -> Reply:
    """204 whether the row is new or not; with the row, 201 or 200."""
    payload = parse_payload(ask.document(), place.table, ieee754=ask.ieee754)
    conditions = ask.header("if-match"), ask.header("if-none-match")
    with ask.organization.store.writing() as connection:
        id_, created = Rows(ask.organization, connection).write(place, payload, *conditions)
        return _written(ask, connection, place.table, id_, created=created)


def delete_row(ask: Ask, place: Place) -> Reply:
    """204."""
    with ask.organization.store.writing() as connection:
        Rows(ask.organization, connection).delete(place, ask.header("if-match"))
    return Reply(204)


def _written(
    ask: Ask, connection: sqlite3.Connection, table: Table, id_: str, *, created: bool
) -> Reply:
    url = f"{ask.call.root}{table.set_name}({id_})"
    headers = {"location": url, "odata-entityid": url}
    if ask.call.preferences.get("return") != "representation":
        return Reply(204, headers=headers)
    paths = chosen(ask.options.get("$select"), table)
    entity = f"{context(ask, table)}/$entity"
    selection = Shown(table.entity_set, paths, False, entity, annotations=ask.annotations)
    text, etag = read.entity(connection, selection, (id_,)) or ("", None)
    followed = ["return=representation", *applied_annotations(ask).values()]
    headers |= CONTENT_TYPE | {"preference-applied": ", ".join(followed)}
    if etag:
        headers["etag"] = etag
    return Reply(201 if created else 200, text.encode(), headers)
