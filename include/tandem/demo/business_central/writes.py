"""POST, PATCH and DELETE.

Microsoft Learn, "Update customers" and "Delete customers" (API v2.0): If-Match is required, a PATCH
answers 200 with the record, a DELETE 204; "Troubleshooting OData/API calls" for the errors.
"""

import re
import sqlite3
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from tandem.demo.business_central import documents
from tandem.demo.business_central.errors import changed, no_record, refused, without_token
from tandem.demo.business_central.numbers import exists, give_numbers
from tandem.demo.business_central.pages import Page, blank
from tandem.demo.business_central.payloads import Values, parse_payload, payload, required
from tandem.demo.business_central.places import Place
from tandem.demo.business_central.records import CONTENT, Request, record_text, shown
from tandem.demo.business_central.relations import (
    check_fixed,
    check_relations,
    check_unused,
    complete,
    follow,
)
from tandem.demo.call import Reply
from tandem.demo.conditions import column
from tandem.demo.errors import ServiceError, bad_request
from tandem.demo.headers import names_etag
from tandem.demo.preconditions import Precondition
from tandem.demo.read import etag_sql, key_condition
from tandem.demo.resources import key_predicate
from tandem.demo.store import table
from tandem.demo.values import Stored
from tandem.demo.write import Key, Writer

_TOKEN: Final = re.compile(r'\s*(?:\*|(?:W/)?"[^"]*")\s*')
_ALWAYS: Final = Precondition()


def create_record(request: Request) -> Reply:
    """201 with the record; records below it may be made with it (deep insert)."""
    page = request.place.page
    sent = parse_payload(request.call, page, request.control)
    with request.place.store.writing() as connection:
        work = _Work(request, connection)
        key = work.create(page, sent.values | dict(request.place.given))
        for name, items in sent.lines.items():
            work.create_below(page, key, name, items)
        url = f"{request.call.root}{request.place.path}{key_predicate(page.entity_set, key)}"
        place = Place(request.place.store, page, request.place.path, key=key)
        text = _text(replace(request, place=place), connection)
    return Reply(201, text.encode(), CONTENT | {"location": url})


def update_record(request: Request) -> Reply:
    """200 with the record."""
    page, place = request.place.page, request.place
    sent = parse_payload(request.call, page, request.control)
    if sent.lines:
        raise bad_request("Nested records cannot be changed with the record.")
    with place.store.writing() as connection:
        work = _Work(request, connection)
        work.check_token()
        work.update(page, place.key or (), sent.values)
        text = _text(request, connection)
    return Reply(200, text.encode(), CONTENT)


def delete_record(request: Request) -> Reply:
    """204; the lines of a document go with it."""
    place = request.place
    with place.store.writing() as connection:
        work = _Work(request, connection)
        work.check_token()
        work.delete(place.page, place.key or ())
    return Reply(204)


def _text(request: Request, connection: sqlite3.Connection) -> str:
    paths = shown(None, request.place.page.entity_set)
    return record_text(request, connection, paths, request.context(one=True))


class _Work:
    """The writes of one request, within one transaction."""

    def __init__(self, request: Request, connection: sqlite3.Connection) -> None:
        self._request = request
        self._connection = connection
        self._pages = {page.name: page for page in request.pages}

    def check_token(self) -> None:
        """Raise unless If-Match lets the write go on."""
        place, headers = self._request.place, self._request.call.headers
        given = headers.get("if-match", "")
        version = place.page.entity_set.row_version or ""
        found = self._connection.execute(
            f"SELECT {etag_sql(version)} FROM {table(place.page.entity_set)} "  # noqa: S608 names of the model
            f"WHERE {key_condition(place.page.entity_set)}",
            place.key or (),
        ).fetchone()
        if not _TOKEN.fullmatch(given):
            raise without_token()
        if found is None:
            raise no_record()
        if not names_etag(given, found[0]):
            raise changed(self._request.control.changed_status)

    def create(self, page: Page, values: Values) -> Key:
        """A new record; what is not sent is blank."""
        _check_read_only(page, values, ())
        row: Values = {
            name: blank(item)
            for name, item in page.entity_set.paths.items()
            if name not in page.entity_set.key and name != page.entity_set.row_version
        }
        row |= dict(page.initial) | values
        complete(self._connection, page, row, self._pages)
        for name in page.required:
            if not row[name]:
                raise required(name)
        give_numbers(self._connection, page, row)
        check_relations(self._connection, page, row, self._pages)
        try:
            key = self._writer(page).create(row)
        except ServiceError as error:
            raise exists(page, row) if error.status == 409 else error from error
        self._settle(page, row | dict(zip(page.entity_set.key, key, strict=True)))
        return key

    def create_below(self, page: Page, key: Key, name: str, items: list[Any]) -> None:
        """Records of a navigation property of a record that was just made."""
        navigation = page.navigation(name)
        if navigation is None:
            return
        target = self._pages[navigation.target]
        for item in items:
            sent = payload(item, target, self._request.control)
            self.create(target, {**sent.values, navigation.theirs: key[0]})

    def update(self, page: Page, key: Key, values: Values) -> None:
        """Set what was sent."""
        _check_read_only(page, values, key)
        before = self._row(page, key)
        check_fixed(page, before, values)
        values = follow(self._connection, page, before, values, self._pages)
        row = before | values
        for name in page.required:
            if not row[name]:
                raise required(name)
        check_relations(self._connection, page, values, self._pages)
        self._writer(page).update(key, values, _ALWAYS)
        self._settle(page, row, before)

    def delete(self, page: Page, key: Key) -> None:
        """Remove the record, and its lines."""
        row = self._row(page, key)
        check_unused(self._connection, page, row, self._pages)
        for lines in self._pages.values():
            if lines.lines_of and lines.lines_of.headers == page.name:
                self._delete_lines(lines, lines.lines_of.property, key[0])
        self._writer(page).delete(key, _ALWAYS)
        self._touch_header(page, row)

    def _delete_lines(self, lines: Page, property_: str, header: Stored) -> None:
        self._connection.execute(
            f"DELETE FROM {table(lines.entity_set)} WHERE {column(property_)} = ?",  # noqa: S608 names of the model
            (header,),
        )

    def _row(self, page: Page, key: Key) -> Values:
        names = tuple(page.entity_set.paths)
        found = self._connection.execute(
            f"SELECT {', '.join(map(column, names))} FROM {table(page.entity_set)} "  # noqa: S608 names of the model
            f"WHERE {key_condition(page.entity_set)}",
            key,
        ).fetchone()
        if found is None:
            raise no_record()
        return dict(zip(names, found, strict=True))

    def _settle(self, page: Page, row: Values, before: Values | None = None) -> None:
        """Compute what depends on a line that was written. A change of no amount is none of the
        header (Base Application, codeunit "Graph Mgt - Sales Order Buffer": lines that do not say
        "Recalculate Invoice Disc." leave it as it is); a new line is one, whatever is in it.
        """
        if page.lines_of is None:
            return
        amounts = documents.line_amounts(row)
        changes = ", ".join(f"{column(name)} = ?" for name in amounts)
        self._connection.execute(
            f"UPDATE {table(page.entity_set)} SET {changes} WHERE id = ?",  # noqa: S608 names of the model
            (*amounts.values(), row["id"]),
        )
        if before is None or documents.line_amounts(before) != amounts:
            self._touch_header(page, row)

    def _touch_header(self, page: Page, line: Values) -> None:
        """The header has the sums of its lines, and the time of this change."""
        if page.lines_of is None:
            return
        header = line[page.lines_of.property]
        sums = documents.totals(self._connection, page.entity_set, page.lines_of, header)
        self._writer(self._pages[page.lines_of.headers]).update((header,), sums, _ALWAYS)

    def _writer(self, page: Page) -> Writer:
        service = self._request.call.service
        return Writer(self._connection, page.entity_set, self._now, service.new_id)

    def _now(self) -> datetime:
        """The time to the millisecond, as it is told."""
        now = self._request.call.service.clock()
        return now.replace(microsecond=now.microsecond // 1_000 * 1_000)


def _check_read_only(page: Page, values: Values, key: Key) -> None:
    own = dict(zip(page.entity_set.key, key, strict=False))
    for name, value in values.items():
        if key and name in own:
            if value != own[name]:
                raise refused("BadRequest_InvalidOperation", f"Control '{name}' is read-only")
        elif page.entity_set.paths[name].computed:
            raise refused("BadRequest_InvalidOperation", f"Control '{name}' is read-only")
